"""When a worker works: her hours of the week, her leave, and that she is back earlier."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.domains.dispatch import hours_reads, plan_reads, planning, services
from songhe.domains.dispatch.hours_reads import WorkerHours
from songhe.domains.dispatch.plan_forms import BackForm, HoursForm
from songhe.domains.dispatch.views.plans import actor_of, address_of
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.errors import sentence
from songhe.kit.forms import refuse


class Hours(View):
    """A worker's hours of the week, changed from a day on."""

    def get(self, request: HttpRequest, worker_id: UUID) -> HttpResponse:
        now = timezone.now()
        found = hours_reads.hours_of(actor_of(request), worker_id, at=now)
        initial: dict[str, object] = {"since": timezone.localdate(now)}
        for weekday, (begins, ends) in found.hours.items():
            initial |= {f"begins{weekday}": begins, f"ends{weekday}": ends}
        return self._show(request, found, HoursForm(initial=initial))

    def post(self, request: HttpRequest, worker_id: UUID) -> HttpResponse:
        now = timezone.now()
        found = hours_reads.hours_of(actor_of(request), worker_id, at=now)
        form = HoursForm(request.POST)
        if form.is_valid():
            try:
                services.set_hours(
                    actor=actor_of(request),
                    worker_id=worker_id,
                    hours=form.hours,
                    since=form.cleaned_data["since"],
                    at=now,
                )
            except (Conflict, Invalid) as error:
                refuse(form, error)
            else:
                messages.success(request, _("Saved. Visits that are planned already stay."))
                return HttpResponseRedirect(reverse("dispatch:hours", args=[worker_id]))
        return self._show(request, found, form, status=422)

    def _show(
        self, request: HttpRequest, found: WorkerHours, form: HoursForm, *, status: int = 200
    ) -> HttpResponse:
        today, now = timezone.localdate(), timezone.now()
        visits = hours_reads.outside(actor_of(request), found.worker_id, at=now)
        context = {
            "outside": [(one, plan_reads.what_of(one.order)) for one in visits],
            "found": found,
            "form": form,
            "back": address_of(planning.week_of(found.organization_id, today)),
            "today": today,
            "leaves": [
                (
                    one,
                    BackForm(initial={"back_on": max(today, one.first_on)}, prefix=str(one.id)),
                )
                for one in found.leaves
            ],
        }
        return render(request, "dispatch/plan/hours.html", context, status=status)


class EndLeave(View):
    """A worker is back earlier than was said."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        worker_id = hours_reads.worker_of_leave(actor_of(request), id, at=timezone.now())
        form = BackForm(request.POST, prefix=str(id))
        if not form.is_valid():
            messages.error(request, _("Please choose the day on which she is back."))
            return HttpResponseRedirect(reverse("dispatch:hours", args=[worker_id]))
        try:
            services.end_leave(
                actor=actor_of(request),
                leave_id=id,
                back_on=form.cleaned_data["back_on"],
                at=timezone.now(),
            )
        except (Conflict, Invalid) as error:
            messages.error(request, sentence(error))
        else:
            messages.success(request, _("Noted. What was planned otherwise meanwhile stays so."))
        return HttpResponseRedirect(reverse("dispatch:hours", args=[worker_id]))
