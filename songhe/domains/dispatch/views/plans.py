"""Pages of who plans a week: the week, one visit of it, an order by hand, somebody away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.dispatch import (
    plan_changes,
    plan_reads,
    plan_words,
    planned_visit_reads,
    planning,
    services,
    terms,
)
from songhe.domains.dispatch.plan_changes import Fit
from songhe.domains.dispatch.plan_forms import PlaceForm
from songhe.domains.dispatch.plan_reads import Row, WeekView
from songhe.domains.dispatch.planned_visit_reads import VisitView
from songhe.domains.dispatch.planning import Week
from songhe.domains.dispatch.services import BreaksRules
from songhe.domains.dispatch.services.moves import MovedMeanwhile, NoSuchVisit
from songhe.domains.dispatch.services.plans import NoSuchPlan
from songhe.domains.organizations import selectors as organizations
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit import formats
from songhe.kit.asks import wants_fragment
from songhe.kit.errors import sentence
from songhe.kit.forms import refuse


def actor_of(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def day_in(text: str | None, otherwise: date) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return otherwise


def uuid_in(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def address_of(week: Week) -> str:
    query = urlencode({"provider": week.organization_id, "day": week.monday.isoformat()})
    return f"{reverse('dispatch:plans')}?{query}"


def chosen(request: HttpRequest, given: Any) -> tuple[Week | None, list[Any]]:
    """Return the week that is asked for, next week of the first provider where none is."""
    providers = plan_reads.providers(actor_of(request))
    wanted = uuid_in(given.get("provider"))
    found = next((one for one in providers if one.pk == wanted), None)
    found = found or (providers[0] if providers and wanted is None else None)
    next_week = timezone.localdate() + timedelta(days=7)
    if found is None:
        return None, providers
    return planning.week_of(found.pk, day_in(given.get("day"), next_week)), providers


def workers_of(week: Week, at: datetime) -> list[tuple[str, str]]:
    return [
        (str(one.user_id), one.name) for one in organizations.workers_of(week.organization_id, at)
    ]


class Plans(View):
    """A week: who goes when, what nobody makes, what is still a draft."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, now = actor_of(request), timezone.now()
        week, providers = chosen(request, request.GET)
        if week is None:
            return render(request, "dispatch/plan/nobody.html", status=404 if providers else 200)
        plans = plan_reads.plans_of(week)
        newest, standing = plan_reads.newest(plans), plan_reads.standing(plans)
        running = newest is not None and newest.state in terms.UNFINISHED_PLANS
        shown = None if running else plan_reads.view(actor, week, standing, at=now)
        today = timezone.localdate()
        day = today if today in week.days else week.monday
        asked = day_in(request.GET.get("on"), date.min)
        one_day = asked if asked in week.days else None
        context = {
            "week": week,
            "last_day": week.days[-1],
            "providers": [(one.pk, organizations.name_of(one)) for one in providers],
            "newest": newest,
            "standing": standing,
            "running": running,
            "percent": newest.permille // 10 if newest else 0,
            "shown": shown,
            "day": day,
            "one_day": one_day,
            "days": [one_day] if one_day else week.days,
            "rows": _rows(shown, one_day),
            "phone_day": one_day or day,
            "before": address_of(Week(week.organization_id, week.monday - timedelta(days=7))),
            "after": address_of(Week(week.organization_id, week.monday + timedelta(days=7))),
            "here": address_of(week),
            "is_over": week.until <= now,
            "repairs": plan_reads.open_repairs(plans)[:5],
            "figures": _figures(standing),
            "aims": terms.PlanAim.choices,
            "aim": newest.aim if newest else terms.PlanAim.WAYS.value,
            "facts": standing.facts.partition(" ")[0] if standing else "",
            "may_shift": actor.may(terms.KEEP_SHIFTS),
        }  # fmt: skip
        return render(request, "dispatch/plan/week.html", context)


def _rows(shown: WeekView | None, day: date | None) -> list[Row]:
    """Return the workers; of one day alone who works then first."""
    if shown is None or day is None:
        return shown.rows if shown else []
    number = (day - shown.week.monday).days

    def is_off(row: Row) -> bool:
        cell = row.cells[number]
        return not (cell.shift or cell.blocks)

    return sorted(shown.rows, key=is_off)


def _figures(plan: Any) -> list[tuple[str, str]]:
    """Return of a plan, as it was proposed, what changes by hand do not count anew, in words."""
    if plan is None:
        return []
    found = plan.figures
    return [
        (_("what counted more"), plan.get_aim_display()),
        (_("on the way"), _("%(n)s h") % {"n": round(found["travel_minutes"] / 60, 1)}),
        (_("too late in all"), _("%(n)d min") % {"n": found["late_minutes"]}),
        (_("by who usually comes"), f"{round(100 * found['continuity_share'])}%"),
        (_("wishes met"), f"{round(100 * found['wishes_share'])}%"),
    ]


def _aim(asked: str) -> terms.PlanAim:
    return terms.PlanAim(asked) if asked in terms.PlanAim.values else terms.PlanAim.WAYS


class Propose(View):
    """Plan the week anew: what was told stays, drafts are replaced."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        week, _providers = chosen(request, request.POST)
        if week is None:
            raise NoSuchPlan
        try:
            services.ask_plan(
                actor=actor_of(request),
                organization_id=week.organization_id,
                day=week.monday,
                aim=_aim(request.POST.get("aim", "")),
                at=timezone.now(),
            )
        except Conflict as error:
            messages.error(request, sentence(error))
        return HttpResponseRedirect(address_of(week))


class StopPlan(View):
    """Stop a plan that waits or is worked out."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        plan = services.stop_plan(actor=actor_of(request), plan_id=id, at=timezone.now())
        return HttpResponseRedirect(address_of(Week(plan.organization_id, plan.monday)))


class Publish(View):
    """Tell every worker of her drafts of the week."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        week, _providers = chosen(request, request.POST)
        if week is None:
            raise NoSuchPlan
        told = services.publish_week(
            actor=actor_of(request),
            organization_id=week.organization_id,
            day=week.monday,
            at=timezone.now(),
        )
        words = ngettext("%(n)d visit was told.", "%(n)d visits were told.", told) % {"n": told}
        messages.success(request, words)
        return HttpResponseRedirect(address_of(week))


def _fits(order: Any, form: PlaceForm, workers: list[tuple[str, str]]) -> list[Fit]:
    """Return where an order fits that cannot stand where the form puts it; for one worker alone."""
    if order.item is None or order.item.workers_needed != 1:
        return []
    wanted, now = UUID(form.workers[0]), timezone.now()
    return plan_changes.fits_of(order, workers, wanted, form.begins_at, at=now)


def _first_there(order: Any, given: QueryDict) -> str:
    """Return from when a dragged order fits where it was dropped, else its window's beginning."""
    worker, day = uuid_in(given.get("worker")), day_in(given.get("day"), date.min)
    found = planning.firsts(order, at=timezone.now(), worker_id=worker, day=day) if worker else []
    return formats.clock(found[0].begins_at if found else order.window.lower)


class PlannedVisit(View):
    """One visit: why this worker, and a form that lets another come or at another time."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        found, workers = self._found(request, id)
        begins = timezone.localtime(found.visit.period.lower)
        form = PlaceForm(
            initial={
                "worker": str(found.visit.worker_id), "day": begins.date(), "begins": begins.time(),
            },
            workers=workers,
        )  # fmt: skip
        return self._show(request, found, form, [])

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        found, workers = self._found(request, id)
        form = PlaceForm(request.POST, workers=workers)
        said: list[str] = []
        fits: list[Fit] = []
        if form.is_valid():
            try:
                services.move_visit(
                    actor=actor_of(request),
                    visit_id=id,
                    worker_id=UUID(form.workers[0]),
                    begins_at=form.begins_at,
                    at=timezone.now(),
                    was=request.POST.get("was", ""),
                )
            except BreaksRules as error:
                moved = {str(found.order.pk): form.begins_at}
                said = plan_changes.conflict_words(
                    actor_of(request), error.found, error.week, moved
                )
                fits = _fits(found.order, form, workers)
            except MovedMeanwhile as error:
                now = error.visit
                said = [plan_words.moved_words(now.worker.display_name, now.period.lower)]
            except (Conflict, Invalid) as error:
                refuse(form, error)
            else:
                if wants_fragment(request):
                    return HttpResponse(status=204)
                return HttpResponseRedirect(address_of(found.week))
        return self._show(request, found, form, said, fits, status=422)

    def _found(self, request: HttpRequest, visit_id: UUID) -> tuple[VisitView, list[Any]]:
        actor, now = actor_of(request), timezone.now()
        visit = planned_visit_reads.visit_of(actor, visit_id)
        if visit is None:
            raise NoSuchVisit
        order = plan_reads.order_of(actor, visit.order_id, at=now)
        found = planned_visit_reads.visit_view(actor, visit, order)
        return found, workers_of(found.week, now)

    def _show(
        self,
        request: HttpRequest,
        found: VisitView,
        form: PlaceForm,
        said: list[str],
        fits: Sequence[Fit] = (),
        *,
        status: int = 200,
    ) -> HttpResponse:
        page = "refused" if wants_fragment(request) else "visit"
        context = {
            "found": found, "form": form, "said": said, "fits": fits,
            "back": address_of(found.week), "is_movable": found.visit.state in ("planned", "told"),
        }  # fmt: skip
        return render(request, f"dispatch/plan/{page}.html", context, status=status)


class PlaceOrder(View):
    """Plan an order by hand that nobody makes yet."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        order, week, workers = self._found(request, id)
        workers, first = plan_changes.by_fit(order, workers, at=timezone.now())
        begins = timezone.localtime(first or order.window.lower)
        form = PlaceForm(
            initial={"day": begins.date(), "begins": begins.time()},
            workers=workers,
            crew=order.item.workers_needed,
        )
        return self._show(request, order, week, form, [])

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        order, week, workers = self._found(request, id)
        given = request.POST.copy()
        if wants_fragment(request) and not given.get("begins"):
            given["begins"] = _first_there(order, given)
        form = PlaceForm(given, workers=workers, crew=order.item.workers_needed)
        said: list[str] = []
        fits: list[Fit] = []
        if form.is_valid():
            try:
                services.place_order(
                    actor=actor_of(request),
                    order_id=id,
                    worker_ids=[UUID(one) for one in form.workers],
                    begins_at=form.begins_at,
                    at=timezone.now(),
                )
            except BreaksRules as error:
                moved = {str(order.pk): form.begins_at}
                said = plan_changes.conflict_words(
                    actor_of(request), error.found, error.week, moved
                )
                fits = _fits(order, form, workers)
            except (Conflict, Invalid) as error:
                refuse(form, error)
            else:
                if wants_fragment(request):
                    return HttpResponse(status=204)
                return HttpResponseRedirect(address_of(week))
        return self._show(request, order, week, form, said, fits, status=422)

    def _found(self, request: HttpRequest, order_id: UUID) -> tuple[Any, Week, list[Any]]:
        now = timezone.now()
        order: Any = plan_reads.order_of(actor_of(request), order_id, at=now)
        week = planning.week_of(order.organization_id, timezone.localdate(order.window.lower))
        return order, week, workers_of(week, now)

    def _show(
        self,
        request: HttpRequest,
        order: Any,
        week: Week,
        form: PlaceForm,
        said: list[str],
        fits: Sequence[Fit] = (),
        *,
        status: int = 200,
    ) -> HttpResponse:
        page = "refused" if wants_fragment(request) else "order"
        line = plan_reads.waiting_line(actor_of(request), order, week)
        context = {
            "line": line, "form": form, "said": said, "fits": fits, "back": address_of(week),
        }  # fmt: skip
        return render(request, f"dispatch/plan/{page}.html", context, status=status)


class DropVisit(View):
    """Take an order out of the plan."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        order = services.drop_visits(actor=actor_of(request), order_id=id, at=timezone.now())
        window: Any = order.window
        provider: Any = order.organization_id
        week = planning.week_of(provider, timezone.localdate(window.lower))
        return HttpResponseRedirect(address_of(week))
