"""A week changed by hand: every change is checked first, and told to who was told before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.audit import services as audit
from songhe.base.events import bus
from songhe.base.notify import services as notify
from songhe.base.regions.days import day_of
from songhe.domains.dispatch import events, notices, planning, telling, terms
from songhe.domains.dispatch.models import Order, Visit
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.planning import Week
from songhe.domains.dispatch.services import orders, telling_people
from songhe.domains.dispatch.services.plans import follow_all, may_plan
from songhe.domains.dispatch.services.telling_people import source_of
from songhe.domains.dispatch.services.visits import (
    OPENED,
    OrderEnded,
    WorkerBusy,
    check_worker,
    keep_time,
    new_visit,
    open_person,
    tell_visit,
)
from songhe.domains.dispatch.terms import VisitState
from songhe.domains.dispatch.workflow import VISIT_LIFE
from songhe.engines import routing
from songhe.engines.routing import Placement
from songhe.kernel.errors import Conflict, Invalid, NotFound

MOVABLE = (VisitState.PLANNED, VisitState.TOLD)
_NOTE = "planned otherwise"


class NoSuchVisit(NotFound):
    code = "dispatch.no_such_planned_visit"
    message = "This visit does not exist, or is not open to you."


class VisitBegun(Conflict):
    code = "dispatch.visit_begun"
    message = "Somebody is on the way already, or the visit is over: it cannot be moved."


class MovedMeanwhile(Conflict):
    """Somebody else moved it; visit says where it stands now."""

    code = "dispatch.moved_meanwhile"
    message = "It was changed meanwhile. Look before you move it."

    def __init__(self, visit: Visit, **params: Any) -> None:
        super().__init__(**params)
        self.visit = visit


class WrongCrew(Invalid):
    code = "dispatch.wrong_crew"
    message = "This service needs %(n)s different workers."


class TooLate(Invalid):
    code = "dispatch.too_late"
    message = "Please choose a time that lies ahead."


class BreaksRules(Conflict):
    """What was wanted cannot be; found says which rules it breaks, each with its visits."""

    code = "dispatch.breaks_rules"
    message = "This cannot be saved: the plan would have conflicts."

    def __init__(self, found: tuple[routing.Conflict, ...], week: Week, **params: Any) -> None:
        super().__init__(**params)
        self.found, self.week = found, week


@transaction.atomic
def move_visit(
    *,
    actor: Actor,
    visit_id: UUID,
    worker_id: UUID,
    begins_at: datetime,
    at: datetime,
    was: str = "",
) -> Visit:
    """Let another worker come, or at another time; return the visit that is planned now.

    was: of `planning.mark_of`, from where somebody saw it moved. Who comes along with her moves to
    the same time. Raises NoSuchVisit, Denied, VisitBegun, MovedMeanwhile, TooLate, NotAWorker,
    BreaksRules; then nothing has changed.
    """
    order_id = Visit.objects.filter(pk=visit_id).values_list("order", flat=True).first()
    if order_id is None:
        raise NoSuchVisit
    order = orders.locked(actor, terms.PLAN, order_id)
    crew = _crew(order)
    visit = next((one for one in crew if one.pk == visit_id), None)
    seen = visit or next(iter(crew), None)
    if was and seen is not None and was != _mark(seen):
        raise MovedMeanwhile(seen)
    if visit is None or any(one.state not in MOVABLE for one in crew):
        raise VisitBegun
    check_worker(order, worker_id, at=at)
    wanted = {one.pk: one.worker_id for one in crew} | {visit.pk: worker_id}
    _check(order, list(wanted.values()), {one.worker_id for one in crew}, begins_at, at=at)
    length = visit.period.upper - visit.period.lower
    changed = [
        (one, wanted[one.pk], begins_at, begins_at + length)
        for one in crew
        if (one.worker_id, one.period.lower) != (wanted[one.pk], begins_at)
    ]
    moved = put(changed, at=at)
    _noted(actor, order, begins_at, wanted.values(), at=at)
    return moved.get(visit.pk, visit)


@transaction.atomic
def place_order(
    *, actor: Actor, order_id: UUID, worker_ids: Sequence[UUID], begins_at: datetime, at: datetime
) -> list[Visit]:
    """Plan an order by hand that nobody makes yet. Raises as `move_visit`, and WrongCrew."""
    order = orders.locked(actor, terms.PLAN, order_id)
    if order.state not in terms.OPEN_ORDERS or order.item is None:
        raise OrderEnded
    if _crew(order):
        raise VisitBegun
    if len(set(worker_ids)) != order.item.workers_needed or len(set(worker_ids)) < len(worker_ids):
        raise WrongCrew(field="worker", n=order.item.workers_needed)
    for worker_id in worker_ids:
        check_worker(order, worker_id, at=at)
    _check(order, worker_ids, set(), begins_at, at=at)
    ends_at = begins_at + timedelta(minutes=order.item.duration_minutes)
    rows = [
        new_visit(order, one, begins_at=begins_at, ends_at=ends_at, at=at) for one in worker_ids
    ]
    follow_all([order], at=at)
    _noted(actor, order, begins_at, worker_ids, at=at)
    return rows


@transaction.atomic
def drop_visits(*, actor: Actor, order_id: UUID, at: datetime) -> Order:
    """Take an order out of the plan; who was told hears it. Raises NoSuchOrder, VisitBegun."""
    order = orders.locked(actor, terms.PLAN, order_id)
    crew = _crew(order)
    if any(one.state not in MOVABLE for one in crew):
        raise VisitBegun
    for visit in crew:
        take_off(visit, at=at)
    if any(one.state == VisitState.CANCELLED for one in crew):
        telling_people.tell_changed(order, None, at=at)
    follow_all([order], at=at)
    _noted(actor, order, None, (), at=at)
    return order


def _mark(visit: Visit) -> str:
    return planning.mark_of(visit.worker_id, visit.period.lower)


def _crew(order: Order) -> list[Visit]:
    rows = Visit.objects.select_for_update(of=("self",)).filter(
        order=order, state__in=terms.OPEN_VISITS
    )
    found = list(rows.order_by("pk"))
    for one in found:
        one.order = order
    return found


def _check(
    order: Order,
    worker_ids: Sequence[UUID],
    before: set[UUID],
    begins_at: datetime,
    *,
    at: datetime,
) -> None:
    """Make sure that an order may stand there. Raises TooLate, BreaksRules."""
    window: Any = order.window
    if order.organization_id is None or window is None:
        raise OrderEnded
    if begins_at <= at:
        raise TooLate(field="begins")
    week = planning.week_of(order.organization_id, day_of(window.lower))
    task = planning.standing_week(
        week, at=at, only={*worker_ids, *before}, placing=order.pk, crew=len(worker_ids)
    )
    start = week.minute(begins_at)
    wanted = [Placement(str(order.pk), str(one), start) for one in worker_ids]
    found = routing.check(task.instance, [*task.placements, *wanted])
    if found:
        raise BreaksRules(found, week)


def _noted(
    actor: Actor,
    order: Order,
    begins_at: datetime | None,
    worker_ids: Iterable[UUID],
    *,
    at: datetime,
) -> None:
    workers = [str(one) for one in worker_ids]
    audit.record_change(
        actor=actor,
        action=terms.PLAN,
        ref=f"dispatch.Order/{order.pk}",
        at=at,
        detail={"begins": begins_at.isoformat() if begins_at else "", "workers": workers},
    )
    telling.announce(order, at=at, users=worker_ids)


# Who comes where, from when until when.
Put = tuple[Visit, UUID, datetime, datetime]


def put(wanted: Sequence[Put], *, at: datetime) -> dict[UUID, Visit]:
    """Put locked visits elsewhere, all or none; return what stands now by what stood before.

    Who was told hears of it: who comes no more, who comes now or at another time, and the person's
    own people once. Raises WorkerBusy, WorkerBooked.
    """
    keep_time([one[1:] for one in wanted], at=at)
    leaving = [
        one for one in wanted if one[0].state == VisitState.TOLD and one[0].worker_id != one[1]
    ]
    staying = [one for one in wanted if one not in leaving]
    told: dict[UUID, Visit] = {}
    stand: dict[UUID, Visit] = {}
    for visit, *_rest in leaving:
        take_off(visit, at=at)
    # For a moment nowhere, so that two may change places.
    Visit.objects.filter(pk__in=[one[0].pk for one in staying]).update(
        period=DateTimeTZRange(empty=True)
    )
    for visit, worker_id, begins_at, ends_at in staying:
        stand[visit.pk] = _moved(visit, worker_id, begins_at, ends_at, at=at)
        if visit.state == VisitState.TOLD:
            told[visit.order_id] = stand[visit.pk]
    for visit, worker_id, begins_at, ends_at in leaving:
        made = new_visit(visit.order, worker_id, begins_at=begins_at, ends_at=ends_at, at=at)
        told[visit.order_id] = stand[visit.pk] = tell_visit(visit_id=made.pk, at=at)
    for one in told.values():
        telling_people.tell_changed(one.order, one, at=at)
    return stand


def _moved(
    visit: Visit, worker_id: UUID, begins_at: datetime, ends_at: datetime, *, at: datetime
) -> Visit:
    """Put a visit elsewhere that stays the same row: a draft, or the same worker."""
    order = visit.order
    try:
        with transaction.atomic():
            Visit.objects.filter(pk=visit.pk).update(
                worker=worker_id, period=DateTimeTZRange(begins_at, ends_at)
            )
    except IntegrityError as error:
        if "worker_is_in_one_place" in str(error):
            raise WorkerBusy(field="worker") from None
        raise
    visit = Visit.objects.get(pk=visit.pk)
    visit.order = order
    if visit.state == VisitState.TOLD:
        access.end_grants(actor=SYSTEM, source=source_of(visit), at=at)
        open_person(visit, at=at)
        telling_people.tell_worker_moved(visit, at=at)
    return visit


def take_off(visit: Visit, *, at: datetime) -> None:
    """Let a locked visit fall away: a draft as if it had never been, another one cancelled."""
    if visit.state == VisitState.PLANNED:
        visit.delete()
        return
    VISIT_LIFE.advance(visit, "cancel", actor=SYSTEM, at=at, note=_NOTE)
    access.end_grants(actor=SYSTEM, source=source_of(visit), at=at)
    telling_people.tell_worker_off(visit, at=at)
    telling.announce(visit.order, at=at, users=[visit.worker_id])


@transaction.atomic
def publish_week(*, actor: Actor, organization_id: UUID, day: date, at: datetime) -> int:
    """Tell every worker of her drafts of the week of a day; return how many visits were told.

    Each once: what was told already is left alone. Everyone hears once, of her whole week. What
    has begun already is not told any more. Raises Denied.
    """
    may_plan(actor, organization_id)
    week = planning.week_of(organization_id, day)
    ids = [one.pk for one in planning.orders_of(week)]
    held = {
        one.pk: one
        for one in Order.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
        if one.state in terms.OPEN_ORDERS
    }
    drafts = Visit.objects.select_for_update(of=("self",)).filter(
        order__in=list(held), state=VisitState.PLANNED, period__startswith__gt=at
    )
    visits = list(drafts.order_by("period", "pk"))
    VISIT_LIFE.advance_all(visits, "tell", at=at, changes={"told_at": at})
    after = timedelta(hours=params()["grant"]["after_h"])
    access.grant_all(
        actor=SYSTEM,
        openings=[
            access.Opening(
                user_id=one.worker_id,
                subject_type="people.Person",
                subject_id=held[one.order_id].person_id,
                source=source_of(one),
                until=one.period.upper + after,
            )
            for one in visits
        ],
        purpose="visit",
        field_classes=OPENED,
        at=at,
    )
    counts = Counter(one.worker_id for one in visits)
    bus.publish_all(
        events.VisitMoved(
            visit_id=one.pk,
            order_id=one.order_id,
            person_id=held[one.order_id].person_id,
            state=one.state,
        )
        for one in visits
    )
    for worker_id, count in counts.items():
        notify.notify(
            user_ids=[worker_id],
            kind=notices.WEEK_TOLD,
            params={"day": week.monday.strftime("%m-%d"), "n": count},
            ref=f"organizations.Organization/{organization_id}",
            at=at,
            url=telling_people.PAGE,
        )
    audit.record_change(
        actor=actor,
        action=terms.PLAN,
        ref=f"organizations.Organization/{organization_id}",
        at=at,
        detail={"published": week.monday.isoformat(), "visits": len(visits)},
    )
    return len(visits)
