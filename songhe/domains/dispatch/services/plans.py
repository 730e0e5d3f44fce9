"""A week worked out in the background: asked for, stopped, its drafts written as one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from procrastinate.contrib.django import app

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.dispatch import places, planning, terms
from songhe.domains.dispatch.models import Leave, Order, Visit, WeekPlan
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.planning import Task, Week
from songhe.domains.dispatch.services.visits import WorkerBooked, keep_time
from songhe.domains.dispatch.terms import (
    OrderState,
    PlanAim,
    PlanKind,
    PlanState,
    Trouble,
    VisitState,
)
from songhe.domains.dispatch.workflow import ORDER_LIFE
from songhe.domains.organizations import selectors as organizations
from songhe.engines import routing
from songhe.kernel.errors import Conflict, Denied, NotFound

JOB = "dispatch.run_plan"
QUEUE = "trials"
ONE_AT_A_TIME = "dispatch.plans"
TELLS_EVERY = timedelta(milliseconds=500)
_MOST_TRIES = 3
Clock = Callable[[], datetime]


class PlanGoesOn(Conflict):
    code = "dispatch.plan_goes_on"
    message = "This week is being planned already. Stop it first, or wait until it is done."


class NoSuchPlan(NotFound):
    code = "dispatch.no_such_plan"
    message = "This plan does not exist, or is not open to you."


class Interrupted(Exception):
    """The process that works out a plan is asked to end; it begins anew elsewhere."""


class Stopped(Exception):
    """Somebody stopped the plan."""


class WeekChanged(Exception):
    """What the plan rests on is not so any more."""


def may_plan(actor: Actor, organization_id: UUID) -> None:
    """Let who plans for an organisation or its region. Raises Denied."""
    if actor.is_system or organization_id in actor.organizations(terms.PLAN):
        return
    region = organizations.get_organization(organization_id).region_code
    if not actor.covers(terms.PLAN, region):
        raise Denied(action=terms.PLAN)


@transaction.atomic
def ask_plan(
    *, actor: Actor, organization_id: UUID, day: date, at: datetime, aim: str = PlanAim.WAYS
) -> WeekPlan:
    """Ask that the week of a day be planned anew, for an aim. Raises Denied, PlanGoesOn."""
    may_plan(actor, organization_id)
    monday = planning.week_of(organization_id, day).monday
    plan = WeekPlan(
        organization_id=organization_id, monday=monday, aim=PlanAim(aim),
        asked_by_id=actor.user_id, asked_at=at,
    )  # fmt: skip
    try:
        with transaction.atomic():
            plan.save(force_insert=True)
    except IntegrityError:
        raise PlanGoesOn from None
    begin(plan, actor, at=at)
    return plan


def begin(plan: WeekPlan, actor: Actor, *, at: datetime) -> None:
    """Give a plan that was just written to the background."""
    audit.record_change(
        actor=actor,
        action=terms.PLAN,
        ref=f"dispatch.WeekPlan/{plan.pk}",
        at=at,
        detail={"kind": plan.kind, "monday": plan.monday.isoformat()},
    )
    app.configure_task(name=JOB, queue=QUEUE, lock=ONE_AT_A_TIME).defer(plan_id=str(plan.pk))


def locked_plan(actor: Actor, plan_id: UUID) -> WeekPlan:
    """Return a plan, locked, where the actor plans for it. Raises NoSuchPlan."""
    plan = WeekPlan.objects.select_for_update(of=("self",)).filter(pk=plan_id).first()
    if plan is None:
        raise NoSuchPlan
    try:
        may_plan(actor, plan.organization_id)
    except Denied:
        raise NoSuchPlan from None
    return plan


@transaction.atomic
def stop_plan(*, actor: Actor, plan_id: UUID, at: datetime) -> WeekPlan:
    """Stop a plan that waits or is worked out; a running one ends soon. Raises NoSuchPlan."""
    plan = locked_plan(actor, plan_id)
    if plan.state == PlanState.WAITING:
        plan.state, plan.finished_at = PlanState.CANCELLED, at
    plan.is_cancel_asked = True
    plan.save(update_fields=["state", "finished_at", "is_cancel_asked"])
    return plan


def run_plan(
    *, plan_id: UUID, clock: Clock, should_end: Callable[[], bool], is_last: bool = False
) -> str:
    """Work a plan out and write what it found; return the state it ended in.

    should_end tells whether this process is asked to end: then Interrupted is raised and the plan
    begins anew, as when the database is away, unless this try is_last: then it has failed. Nothing
    is written of a plan that is stopped or fails.
    """
    with transaction.atomic():
        plan = WeekPlan.objects.select_for_update(of=("self",)).get(pk=plan_id)
        if plan.state not in terms.UNFINISHED_PLANS:
            return plan.state
        plan.state, plan.started_at, plan.permille = PlanState.RUNNING, clock(), 0
        plan.save(update_fields=["state", "started_at", "permille"])
    watch = _Watch(plan, clock, should_end)
    try:
        if plan.kind == PlanKind.WEEK:
            _plan_week(plan, watch, clock)
        else:
            _mend_week(plan, watch, clock)
    except Stopped:
        _finish(plan, PlanState.CANCELLED, clock())
    except WeekChanged:
        _finish(plan, PlanState.FAILED, clock(), Trouble.CHANGED)
    except (Interrupted, OperationalError, InterfaceError):
        if is_last:
            _finish(plan, PlanState.FAILED, clock(), Trouble.BROKEN)
        raise
    except Exception:
        _finish(plan, PlanState.FAILED, clock(), Trouble.BROKEN)
        raise
    return plan.state


def _finish(plan: WeekPlan, state: str, at: datetime, trouble: str = "") -> None:
    plan.state, plan.trouble, plan.finished_at, plan.permille = state, trouble, at, 1000
    WeekPlan.objects.filter(pk=plan.pk).update(
        state=state, trouble=trouble, finished_at=at, permille=1000
    )


class _Watch:
    """Tells how far a plan is, at most twice a second, and hears whether it is to end."""

    def __init__(self, plan: WeekPlan, clock: Clock, should_end: Callable[[], bool]) -> None:
        self._plan, self._clock, self._should_end = plan, clock, should_end
        self._looked_at: datetime | None = None
        self._why: type[Exception] | None = None

    def tell(self, progress: routing.Progress) -> None:
        """Note how far the search is."""
        rows = WeekPlan.objects.filter(pk=self._plan.pk)
        rows.update(permille=min(999, round(1000 * progress.share)))

    def is_over(self) -> bool:
        """Tell whether the search is to end now."""
        now = self._clock()
        if self._why is None and (self._looked_at is None or now - self._looked_at >= TELLS_EVERY):
            self._looked_at = now
            if self._should_end():
                self._why = Interrupted
            elif WeekPlan.objects.filter(pk=self._plan.pk, is_cancel_asked=True).exists():
                self._why = Stopped
        return self._why is not None

    def check(self) -> None:
        """Raise Stopped or Interrupted where the plan is to end."""
        self._looked_at = None
        if self.is_over() and self._why is not None:
            raise self._why


def _plan_week(plan: WeekPlan, watch: _Watch, clock: Clock) -> None:
    began, week = time.monotonic(), Week(plan.organization_id, plan.monday)
    watch.check()
    stand = planning.stand_of(week, drafts=False)
    task, found = _proposed(planning.new_week(week, at=clock()), watch, plan.aim)
    watch.check()
    with transaction.atomic():
        row = WeekPlan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
        if row.is_cancel_asked:
            raise Stopped
        _write(task, found, stand, at=clock())
        plan.figures = msgspec.to_builtins(found.figures) | {
            "seconds": round(time.monotonic() - began, 1)
        }
        plan.reasons = _reasons(found)
        plan.asides = {name: str(why) for name, why in task.asides.items()}
        plan.asides |= {str(one.order_id): "" for one in task.held}
        plan.unserved = {
            one.visit: {"reason": str(one.reason), "able": one.able} for one in found.unserved
        }
        plan.facts = f"{params()['version']} {params()['status']}"
        plan.save(update_fields=["figures", "reasons", "asides", "unserved", "facts"])
        _finish(plan, PlanState.DONE, clock())


def _proposed(task: Task, watch: _Watch, aim: str) -> tuple[Task, routing.Plan]:
    """Return a plan in which every visit that was told has its worker and its time."""
    figures = params()["planning"]
    seconds = figures["base_s"] + figures["visit_s"] * len(task.instance.visits)
    for _try in range(_MOST_TRIES):
        found = routing.propose(
            planning.priced(task.instance, aim),
            seconds=min(seconds, figures["most_s"]),
            progress=lambda one: None if watch.is_over() else watch.tell(one),
            cancelled=watch.is_over,
        )
        watch.check()
        given = {(one.visit, one.worker) for one in found.placements}
        lost = {
            name
            for name, some in task.standing.items()
            if any((name, str(one.worker_id)) not in given for one in some)
        }
        if not lost:
            return task, found
        task = planning.hold(task, lost, list(task.held))
    raise WeekChanged


def _reasons(found: routing.Plan) -> dict[str, list[dict[str, Any]]]:
    reasons: dict[str, list[dict[str, Any]]] = {}
    for one in found.assignments:
        why = one.explanation
        reasons.setdefault(one.visit, []).append(
            {
                "worker": one.worker,
                "start": one.start,
                "why": [str(code) for code in why.why] if why else [],
                "second": why.second if why else "",
                "more": why.second_costs_more if why else 0.0,
                "way": why.second_way_minutes_more if why else 0,
                "usual": why.usual if why else "",
                "late": one.late_minutes,
                "usual_way": why.usual_way_minutes_more if why else None,
            }
        )
    return reasons


def _write(task: Task, found: routing.Plan, stand: str, *, at: datetime) -> None:
    """Replace the week's drafts by the plan, in the caller's transaction."""
    week = task.week
    ids = [one.pk for one in planning.orders_of(week)]
    orders = {
        str(one.pk): one
        for one in Order.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
        if one.state in terms.OPEN_ORDERS
    }
    if planning.stand_of(week, drafts=False) != stand:
        raise WeekChanged
    drafts = Visit.objects.select_for_update(of=("self",)).filter(
        order__in=[one.pk for one in orders.values()], state=VisitState.PLANNED
    )
    drafts.filter(happenings__isnull=True).delete()
    told = {
        (str(one.order_id), str(one.worker_id)) for some in task.standing.values() for one in some
    }
    rows = [
        Visit(
            order=orders[one.visit],
            worker_id=UUID(one.worker),
            period=DateTimeTZRange(week.at(one.start), week.at(one.end)),
            code=places.new_family_code(),
        )
        for one in found.assignments
        if (one.visit, one.worker) not in told and one.visit in orders
    ]
    write_drafts(rows, at=at)
    follow_all(orders.values(), at=at)


def write_drafts(rows: list[Visit], *, at: datetime) -> None:
    """Write visits of orders that the caller has locked, all or none. Raises WeekChanged."""
    try:
        with transaction.atomic():
            keep_time([(one.worker_id, one.period.lower, one.period.upper) for one in rows], at=at)
            Visit.objects.bulk_create(rows)
    except WorkerBooked:
        raise WeekChanged from None
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
        if name == "worker_is_in_one_place":
            raise WeekChanged from None
        raise


def follow_all(orders: Iterable[Order], *, at: datetime) -> None:
    """Bring locked orders that nobody works at to planned or back; 7 queries at most."""
    some = list(orders)
    with_visits = set(
        Visit.objects.filter(order__in=some, state__in=terms.OPEN_VISITS).values_list(
            "order", flat=True
        )
    )
    new = [
        one
        for one in some
        if one.pk in with_visits and one.state in (OrderState.ASKED, OrderState.ACCEPTED)
    ]
    gone = [one for one in some if one.pk not in with_visits and one.state == OrderState.PLANNED]
    ORDER_LIFE.advance_all(new, "plan", at=at)
    ORDER_LIFE.advance_all(gone, "unplan", at=at)


def _mend_week(plan: WeekPlan, watch: _Watch, clock: Clock) -> None:
    """Find out what would change because a worker is away; nothing is changed by it."""
    began, week, at = time.monotonic(), Week(plan.organization_id, plan.monday), clock()
    away: Any = plan.away
    watch.check()
    plan.stand, leave = planning.stand_of(week, drafts=True), _leave_of(plan)
    task = planning.standing_week(week, at=at, without_leave=leave)
    settled = routing.settle(task.instance, task.placements)
    change = routing.WorkerAway(
        str(plan.worker_away_id), max(0, week.minute(away.lower)), week.minute(away.upper)
    )
    result = routing.replan(
        task.instance,
        settled,
        [change],
        now=week.minute(at),
        seconds=float(params()["planning"]["repair_s"]),
        tolerance_minutes=0,  # what is said is all that changes, to the minute
        cancelled=watch.is_over,
    )
    watch.check()
    ends = {one.id: one.minutes for one in result.instance.visits}

    def side(some: Iterable[routing.Placement]) -> list[dict[str, str]]:
        return [
            {
                "worker": one.worker,
                "begins": week.at(one.start).isoformat(),
                "ends": week.at(one.start + ends[one.visit]).isoformat(),
            }
            for one in some
        ]

    plan.changes = [
        {"order": one.visit, "before": side(one.before), "after": side(one.after)}
        for one in result.changed
    ]
    plan.unserved = {
        one.visit: {"reason": str(one.reason), "able": one.able} for one in result.plan.unserved
    }
    # What could not be in the task and lies in the time away must be looked at by hand.
    plan.asides = {
        str(one.order_id): ""
        for one in task.held
        if one.worker_id == plan.worker_away_id
        and one.period.lower < away.upper
        and one.period.upper > away.lower
    }
    plan.figures = msgspec.to_builtins(result.plan.figures) | {
        "seconds": round(time.monotonic() - began, 1)
    }
    plan.facts = f"{params()['version']} {params()['status']}"
    plan.save(update_fields=["stand", "changes", "unserved", "asides", "figures", "facts"])
    _finish(plan, PlanState.DONE, clock())


def _leave_of(plan: WeekPlan) -> UUID | None:
    """Return the leave that a repair was asked for."""
    return (
        Leave.objects.filter(worker=plan.worker_away_id, period=plan.away)
        .values_list("pk", flat=True)
        .first()
    )
