"""Arranging who comes to see a home, or to fit it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.domains.homecare import selectors, services, visit_reads, whom_reads
from songhe.domains.homecare.bed_forms import VisitForm
from songhe.domains.homecare.terms import Purpose
from songhe.engines.booking.refusals import Taken
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.asks import actor_of
from songhe.kit.errors import sentence
from songhe.kit.forms import refuse

_SHOWN = 5  # so many are shown with their free times, who is chosen first


class Arrange(View):
    """Who comes when: shown with who is free, arranged, or shown again with what is in the way."""

    purpose: Purpose

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        bed = selectors.get_bed(actor_of(request), id, at=timezone.now())
        return self._show(request, bed, None)

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        bed = selectors.get_bed(actor_of(request), id, at=timezone.now())
        form = self._form(request, bed, request.POST)
        if form.is_valid():
            try:
                services.arrange_visit(
                    actor=actor_of(request),
                    bed_id=bed.pk,
                    purpose=self.purpose,
                    visitor_id=UUID(form.cleaned_data["visitor"]),
                    begins_at=form.begins_at,
                    at=timezone.now(),
                )
            except Taken as error:
                form.add_error("begins", _taken(error))
            except (Conflict, Invalid) as error:
                refuse(form, error)
            else:
                messages.success(request, _("The visit is arranged."))
                return HttpResponseRedirect(reverse("homecare:bed", args=[bed.pk]))
        return self._show(request, bed, form, status=422)

    def _form(self, request: HttpRequest, bed: Any, data: Any = None) -> VisitForm:
        now = timezone.now()
        choices = visit_reads.visitors(actor_of(request), bed, self.purpose, at=now)
        standing = visit_reads.visits_of(bed, at=now).get(self.purpose.value)
        initial: dict[str, Any] = {
            "visitor": str(actor_of(request).user_id),
            "day": timezone.localdate(now) + timedelta(days=1),
        }
        if standing is not None:
            begins = timezone.localtime(standing.span.begins)
            initial = {
                "visitor": str(standing.visitor_id),
                "day": begins.date(),
                "begins": begins.time(),
            }
        return VisitForm(data, initial=initial, visitors=choices)

    def _show(
        self, request: HttpRequest, bed: Any, form: VisitForm | None, *, status: int = 200
    ) -> HttpResponse:
        now = timezone.now()
        form = form or self._form(request, bed)
        chosen = form["visitor"].value()
        first = sorted(form.visitors, key=lambda one: str(one[0]) != chosen)[:_SHOWN]
        context = {
            "bed": bed,
            "whom": whom_reads.whom(actor_of(request), bed, today=timezone.localdate(now)),
            "form": form,
            "purpose": self.purpose,
            "minutes": int(visit_reads.length_of(self.purpose).total_seconds() / 60),
            "standing": visit_reads.visits_of(bed, at=now).get(self.purpose.value),
            "free": visit_reads.free_lines(first, self.purpose, at=now),
        }
        return render(request, "homecare/visit.html", context, status=status)


def _taken(error: Taken) -> str:
    known = visit_reads.in_the_way(error.bookings)
    if not known:
        return sentence(error)
    return _("There is another visit then: %(times)s.") % {"times": "; ".join(known)}


class CallOff(View):
    """Call off what is arranged."""

    purpose: Purpose
    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        try:
            services.call_off_visit(
                actor=actor_of(request), bed_id=id, purpose=self.purpose, at=timezone.now()
            )
        except (Conflict, Invalid) as error:
            messages.error(request, sentence(error))
        else:
            messages.success(request, _("The visit is called off."))
        return HttpResponseRedirect(reverse("homecare:bed", args=[id]))


class ArrangeAssessment(Arrange):
    purpose = Purpose.ASSESS


class ArrangeFitting(Arrange):
    purpose = Purpose.FIT


class CallOffAssessment(CallOff):
    purpose = Purpose.ASSESS


class CallOffFitting(CallOff):
    purpose = Purpose.FIT
