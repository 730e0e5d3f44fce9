"""A worker falls out: her leave at once, what to do about her visits as a proposal."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.regions.days import day_of
from songhe.domains.dispatch import planning, terms
from songhe.domains.dispatch.models import Order, Visit, WeekPlan
from songhe.domains.dispatch.planning import Week
from songhe.domains.dispatch.services import moves, telling_people
from songhe.domains.dispatch.services.plans import begin, follow_all, locked_plan, may_plan
from songhe.domains.dispatch.services.workers import take_leave
from songhe.domains.dispatch.terms import LeaveKind, PlanKind, PlanState, VisitState
from songhe.kernel.errors import Conflict


class PlanOutdated(Conflict):
    code = "dispatch.plan_outdated"
    message = "The week was changed since this was worked out. Ask for a new proposal."


class PlanReplaced(Conflict):
    code = "dispatch.plan_replaced"
    message = "A newer proposal has replaced this one. Look at that one."


class PlanNotOpen(Conflict):
    code = "dispatch.plan_not_open"
    message = "This proposal is not there to be taken over: it is not ready, or was taken already."


@transaction.atomic
def report_away(
    *,
    actor: Actor,
    organization_id: UUID,
    worker_id: UUID,
    kind: LeaveKind,
    begins_at: datetime,
    ends_at: datetime,
    at: datetime,
) -> list[WeekPlan]:
    """Note that a worker is away, and ask for each week with visits of hers then what to change.

    Return what was asked for, by week; none where she had no visits. Raises Denied, BadShift,
    LeaveTaken.
    """
    may_plan(actor, organization_id)
    take_leave(
        actor=actor, worker_id=worker_id, kind=kind, begins_at=begins_at, ends_at=ends_at, at=at
    )
    rows = Visit.objects.filter(
        worker=worker_id,
        order__organization=organization_id,
        order__kind=terms.OrderKind.SERVICE,
        state__in=moves.MOVABLE,
        period__overlap=(max(at, begins_at), ends_at),
    )
    windows: Any = rows.values_list("order__window", flat=True)
    mondays = {planning.week_of(organization_id, day_of(window.lower)).monday for window in windows}
    return [
        _ask(actor, Week(organization_id, monday), worker_id, (begins_at, ends_at), at=at)
        for monday in sorted(mondays)
    ]


@transaction.atomic
def ask_again(*, actor: Actor, plan_id: UUID, at: datetime) -> WeekPlan:
    """Ask anew what to change for the same leave; the new proposal replaces the old one.

    Raises NoSuchPlan, PlanNotOpen, PlanReplaced.
    """
    old = locked_plan(actor, plan_id)
    if old.kind != PlanKind.REPAIR or old.taken_at is not None or old.worker_away_id is None:
        raise PlanNotOpen
    if planning.newer_repair(old) is not None:
        raise PlanReplaced
    away: Any = old.away
    week = Week(old.organization_id, old.monday)
    return _ask(actor, week, old.worker_away_id, (away.lower, away.upper), at=at)


def _ask(
    actor: Actor, week: Week, worker_id: UUID, away: tuple[datetime, datetime], *, at: datetime
) -> WeekPlan:
    plan = WeekPlan.objects.create(
        organization_id=week.organization_id,
        monday=week.monday,
        kind=PlanKind.REPAIR,
        worker_away_id=worker_id,
        away=away,
        asked_by_id=actor.user_id,
        asked_at=at,
    )
    begin(plan, actor, at=at)
    return plan


@transaction.atomic
def take_repair(*, actor: Actor, plan_id: UUID, at: datetime) -> WeekPlan:
    """Change exactly what a proposal says, and tell who was told otherwise.

    Raises NoSuchPlan, PlanNotOpen, PlanReplaced, PlanOutdated; then nothing has changed.
    """
    plan = locked_plan(actor, plan_id)
    if plan.kind != PlanKind.REPAIR or plan.state != PlanState.DONE or plan.taken_at is not None:
        raise PlanNotOpen
    if planning.newer_repair(plan) is not None:
        raise PlanReplaced
    ids = [one["order"] for one in plan.changes]
    held = {
        str(one.pk): one
        for one in Order.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    }
    week = Week(plan.organization_id, plan.monday)
    if planning.stand_of(week, drafts=True) != plan.stand or len(held) < len(ids):
        raise PlanOutdated
    wanted: list[moves.Put] = []
    lost: list[Visit] = []
    for change in plan.changes:
        some = _standing(held[change["order"]])
        if any(one.state not in moves.MOVABLE for one in some):
            raise PlanOutdated
        wanted += _pairs(some, change)
        lost += some if not change["after"] else []
    if any(begins <= at for *_who, begins, _ends in wanted):
        raise PlanOutdated
    for visit in lost:
        was_told = visit.state == VisitState.TOLD
        moves.take_off(visit, at=at)
        if was_told:
            telling_people.tell_changed(visit.order, None, at=at)
    moves.put(wanted, at=at)
    follow_all(held.values(), at=at)
    plan.taken_at, plan.taken_by = at, actor.user_id
    plan.save(update_fields=["taken_at", "taken_by"])
    audit.record_change(
        actor=actor,
        action=terms.PLAN,
        ref=f"dispatch.WeekPlan/{plan.pk}",
        at=at,
        detail={"taken": len(plan.changes)},
    )
    return plan


def _standing(order: Order) -> list[Visit]:
    rows = Visit.objects.select_for_update(of=("self",)).filter(
        order=order, state__in=terms.OPEN_VISITS
    )
    found = list(rows.order_by("pk"))
    for one in found:
        one.order = order
    return found


def _pairs(some: list[Visit], change: dict[str, Any]) -> list[moves.Put]:
    """Return which standing visit goes where: who stays keeps her own, the others follow."""
    after = {one["worker"]: one for one in change["after"]}
    kept = [one for one in some if str(one.worker_id) in after]
    free = [one for one in some if one not in kept]
    new = [one for name, one in after.items() if name not in {str(v.worker_id) for v in kept}]
    pairs = [(one, after[str(one.worker_id)]) for one in kept]
    pairs += zip(free, new, strict=bool(after))
    return [
        (
            visit,
            UUID(side["worker"]),
            datetime.fromisoformat(side["begins"]),
            datetime.fromisoformat(side["ends"]),
        )
        for visit, side in pairs
        if (str(visit.worker_id), visit.period.lower)
        != (side["worker"], datetime.fromisoformat(side["begins"]))
    ]
