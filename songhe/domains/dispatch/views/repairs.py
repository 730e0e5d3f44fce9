"""A worker is away: told, what would change, taken."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.domains.dispatch import (
    plan_changes,
    plan_reads,
    plan_words,
    planning,
    services,
    terms,
)
from songhe.domains.dispatch.plan_forms import AwayForm, moment
from songhe.domains.dispatch.planning import Week
from songhe.domains.dispatch.services.plans import NoSuchPlan
from songhe.domains.dispatch.terms import LeaveKind
from songhe.domains.dispatch.views.plans import actor_of, address_of, chosen, workers_of
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.errors import sentence
from songhe.kit.forms import refuse


class Away(View):
    """Somebody is ill: her leave at once, and what to do about her visits as a proposal."""

    def get(self, request: HttpRequest) -> HttpResponse:
        week, workers = self._found(request, request.GET)
        today = timezone.localdate()
        day = max(week.monday, today)
        form = AwayForm(
            initial={
                "worker": request.GET.get("worker", ""), "kind": LeaveKind.ILL,
                "since": day, "until": day,
            },
            workers=workers,
        )  # fmt: skip
        return self._show(request, week, form)

    def post(self, request: HttpRequest) -> HttpResponse:
        week, workers = self._found(request, request.POST)
        form = AwayForm(request.POST, workers=workers)
        if form.is_valid():
            try:
                asked = services.report_away(
                    actor=actor_of(request),
                    organization_id=week.organization_id,
                    worker_id=UUID(form.cleaned_data["worker"]),
                    kind=LeaveKind(form.cleaned_data["kind"]),
                    begins_at=moment(form.cleaned_data["since"], time()),
                    ends_at=moment(form.cleaned_data["until"] + timedelta(days=1), time()),
                    at=timezone.now(),
                )
            except (Conflict, Invalid) as error:
                refuse(form, error)
            else:
                if asked:
                    address = reverse("dispatch:repair", args=[asked[0].pk])
                    return HttpResponseRedirect(address)
                messages.success(request, _("Noted. No visit of hers lies in this time."))
                return HttpResponseRedirect(address_of(week))
        return self._show(request, week, form, status=422)

    def _found(self, request: HttpRequest, given: Any) -> tuple[Week, list[Any]]:
        week, _providers = chosen(request, given)
        if week is None:
            raise NoSuchPlan
        return week, workers_of(week, timezone.now())

    def _show(
        self, request: HttpRequest, week: Week, form: AwayForm, *, status: int = 200
    ) -> HttpResponse:
        context = {"week": week, "form": form, "back": address_of(week)}
        return render(request, "dispatch/plan/away.html", context, status=status)


class Repair(View):
    """What would change because a worker is away, and for whom."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        actor = actor_of(request)
        plan = plan_reads.plan_of(actor, id)
        if plan is None or plan.kind != terms.PlanKind.REPAIR:
            raise NoSuchPlan
        changes = plan_changes.changes_of(actor, plan) if plan.state == "done" else []
        context = {
            "plan": plan,
            "newer": planning.newer_repair(plan) if plan.taken_at is None else None,
            "lost": sum(one.is_lost for one in changes),
            "others": sum(not one.is_hers for one in changes),
            "handed": sum(one.is_hers and not one.is_lost for one in changes),
            "told": sum(one.is_told for one in changes),
            "back": address_of(Week(plan.organization_id, plan.monday)),
            "running": plan.state in terms.UNFINISHED_PLANS,
            "percent": plan.permille // 10,
            "changes": changes,
            "asides": [plan_words.aside_words(one) for one in plan.asides.values()],
            "booked": plan_changes.booked_in(plan, at=timezone.now()),
            "first_day": timezone.localdate(plan.away.lower) if plan.away else None,
            "last_day": timezone.localdate(plan.away.upper - timedelta(seconds=1))
            if plan.away
            else None,
        }
        return render(request, "dispatch/plan/repair.html", context)


class TakeRepair(View):
    """Change what the proposal says."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        address = reverse("dispatch:repair", args=[id])
        plan = plan_reads.plan_of(actor_of(request), id)
        told = plan_changes.told_of(plan) if plan is not None else set()
        try:
            services.take_repair(actor=actor_of(request), plan_id=id, at=timezone.now())
        except Conflict as error:
            messages.error(request, sentence(error))
        else:
            said = (
                _("Changed. Everybody who was told otherwise hears of it.")
                if told
                else _(
                    "Changed. Nobody had been told yet: they hear of it when the week is told."
                )
            )
            messages.success(request, said)
        return HttpResponseRedirect(address)


class AskAgain(View):
    """Work the proposal out anew."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        plan = services.ask_again(actor=actor_of(request), plan_id=id, at=timezone.now())
        return HttpResponseRedirect(reverse("dispatch:repair", args=[plan.pk]))
