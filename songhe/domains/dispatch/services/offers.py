"""Sending somebody at once: an offer with a clock; nobody answers, and the next is asked.

While somebody goes the desk may ask one more (two must lift, or nothing is heard of the first);
then nobody is asked by the chain.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from songhe.base.access import policies
from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.access.wall import lifted
from songhe.base.audit import services as audit
from songhe.base.database import locks
from songhe.base.events import bus
from songhe.domains.dispatch import events, helpers, telling, terms
from songhe.domains.dispatch.duty import Duty
from songhe.domains.dispatch.models import Offer, Order, Visit
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.selectors import NoSuchOrder
from songhe.domains.dispatch.services import orders, telling_people, visits
from songhe.domains.dispatch.terms import OfferAnswer, OrderKind, OrderState, Source, VisitState
from songhe.domains.dispatch.workflow import ORDER_LIFE, VISIT_LIFE
from songhe.domains.monitoring import selectors as alarms
from songhe.domains.monitoring import services as monitoring
from songhe.domains.people import selectors as people
from songhe.engines.alarms.terms import RINGING_STATES
from songhe.engines.workflow.engine import WrongState
from songhe.kernel.errors import Conflict, Invalid

TAKE_ALARM = "monitoring.acknowledge_alarm"


class AlreadyTaken(Conflict):
    """Somebody else goes already."""

    code = "dispatch.already_taken"
    message = "Somebody else is going already. Thank you."


class GoesAlready(Conflict):
    """The worker who is to be asked has taken it."""

    code = "dispatch.goes_already"
    message = "This helper goes already."


class NotGoing(Conflict):
    """The helper is there, or not on her way."""

    code = "dispatch.not_going"
    message = "This helper is there already, or is not going."


class OfferOver(Conflict):
    code = "dispatch.offer_over"
    message = "The time for this answer is over; the next has been asked."


class NobodyToHelp(Invalid):
    code = "dispatch.nobody_to_help"
    message = "This alarm is about no single person; please choose whom somebody should go to."


@transaction.atomic
def send_to_alarm(*, actor: Actor, alarm_id: UUID, worker_id: UUID, at: datetime) -> Offer:
    """Send a worker to the person of an alarm: an order for help, and an offer to the worker.

    The alarm is taken with it where nobody had. Raises NoSuchAlarm, NobodyToHelp, NotAWorker,
    GoesAlready.
    """
    order = order_of_alarm(actor=actor, alarm_id=alarm_id, at=at)
    return send(actor=actor, order_id=order.pk, worker_id=worker_id, at=at)


@transaction.atomic
def order_of_alarm(*, actor: Actor, alarm_id: UUID, at: datetime) -> Order:
    """Return the open order for help of an alarm, made where none is; the alarm is taken with it.

    Two who press at once get the same. Raises NoSuchAlarm, NobodyToHelp, Denied.
    """
    ref = f"monitoring.Alarm/{alarm_id}"
    locks.hold(ref)
    alarm = alarms.get_alarm(actor, alarm_id)
    order = (
        Order.objects.select_for_update(of=("self",))
        .filter(source_ref=ref, state__in=terms.OPEN_ORDERS)
        .first()
    )
    if order is None:
        person_id = alarm.person_id or _resident(alarm.home_id, at)
        if person_id is None:
            raise NobodyToHelp
        order = orders.make_order(
            actor=actor,
            kind=OrderKind.RESCUE,
            source=Source.ALARM,
            source_ref=ref,
            person_id=person_id,
            organization_id=helpers.provider_of(alarm.organization_id, alarm.region_code, at=at),
            at=at,
        )
    if alarm.state in RINGING_STATES and policies.can(actor, TAKE_ALARM, alarm):
        with suppress(WrongState), transaction.atomic():  # somebody took it meanwhile
            monitoring.acknowledge_alarm(actor=actor, alarm_id=alarm.pk, at=at)
    return order


@transaction.atomic
def send(*, actor: Actor, order_id: UUID, worker_id: UUID, at: datetime) -> Offer:
    """Ask a worker to go now. Raises NoSuchOrder, NotAWorker, GoesAlready, OrderEnded."""
    order = orders.locked(actor, terms.SEND, order_id)
    if order.state not in terms.OPEN_ORDERS:
        raise visits.OrderEnded
    if _open_visits(order).filter(worker=worker_id).exists():
        raise GoesAlready
    visits.check_worker(order, worker_id, at=at)
    if order.state == OrderState.ASKED:
        ORDER_LIFE.advance(order, "accept", actor=actor, at=at)
    return _ask(order, worker_id, at=at, by=actor.user_id)


def _open_visits(order: Order) -> QuerySet[Visit]:
    return Visit.objects.filter(order=order, state__in=terms.OPEN_VISITS)


def _goes(order: Order) -> bool:
    return _open_visits(order).exists()


def _ask(order: Order, worker_id: UUID, *, at: datetime, by: UUID | None) -> Offer:
    """Write the offer, or return the one that is open already; others that are open are over."""
    standing = Offer.objects.filter(order=order, worker=worker_id, answer=OfferAnswer.OPEN).first()
    if standing is not None:
        return standing
    near = helpers.travel_to(helpers.where_of(order), [worker_id], at=at).get(worker_id)
    offer = Offer.objects.create(
        order=order,
        worker_id=worker_id,
        sent_at=at,
        deadline_at=at + timedelta(seconds=params()["offer"]["answer_s"]),
        travel_minutes=near.minutes if near else None,
        place_at=near.place_at if near else None,
        asked_by=by,
        is_second=_goes(order),
    )
    telling_people.ask_worker(offer, at=at)
    telling.announce(order, at=at, users=[worker_id])
    return offer


@transaction.atomic
def answer_offer(
    *, actor: Actor, offer_id: UUID, takes: bool, at: datetime, reason: str = ""
) -> Offer:
    """Take or refuse an offer that was made to oneself. Taken late is taken while nobody goes.

    Raises NoSuchOrder, AlreadyTaken, OfferOver.
    """
    known = Offer.objects.filter(pk=offer_id, worker=actor.user_id).first()
    if known is None or not actor.may(terms.WORK):
        raise NoSuchOrder
    # The order first, then its offers: two that take at once wait for each other here.
    order = Order.objects.select_for_update(of=("self",)).get(pk=known.order_id)
    offer = Offer.objects.select_for_update().get(pk=offer_id)
    if offer.answer == OfferAnswer.TAKEN:
        return offer
    goes = _goes(order)
    if goes and not offer.is_second:
        raise AlreadyTaken
    if order.state not in terms.OPEN_ORDERS or (not takes and offer.answer != OfferAnswer.OPEN):
        raise OfferOver
    offer.answer = OfferAnswer.TAKEN if takes else OfferAnswer.REFUSED
    offer.answered_at, offer.reason = at, reason.strip()[:200]
    offer.save(update_fields=["answer", "answered_at", "reason"])
    if takes:
        _begin(order, offer, at=at)
    elif not goes:
        with lifted():  # who is near, and to which home, is not open to who cannot go
            _next(order, at=at)
    telling.announce(order, at=at, users=[offer.worker_id])
    return offer


def _begin(order: Order, offer: Offer, *, at: datetime) -> None:
    """The worker goes: her visit stands, everybody else who was asked need not."""
    others = Offer.objects.filter(order=order, answer=OfferAnswer.OPEN).exclude(pk=offer.pk)
    gone = list(others.values_list("worker_id", flat=True))
    others.update(answer=OfferAnswer.WITHDRAWN, answered_at=at)
    ends_at = at + timedelta(minutes=params()["rescue"]["minutes"])
    visit = visits.new_visit(order, offer.worker_id, begins_at=at, ends_at=ends_at, at=at)
    VISIT_LIFE.advance(visit, "tell", actor=SYSTEM, at=at, changes={"told_at": at})
    visits.open_person(visit, at=at)
    orders.follow(order, at=at)
    bus.publish(
        events.VisitMoved(
            visit_id=visit.pk, order_id=order.pk, person_id=order.person_id, state=visit.state
        )
    )
    telling.announce(order, at=at, users=gone)


@transaction.atomic
def call_back(*, actor: Actor, order_id: UUID, worker_id: UUID, at: datetime) -> Visit:
    """Tell a helper who is not there yet that she need not go; return her visit, cancelled.

    The person is closed to her again. Raises NoSuchOrder, NotGoing.
    """
    order = orders.locked(actor, terms.SEND, order_id)
    found = _open_visits(order).select_for_update().filter(worker=worker_id)
    visit = found.filter(state__in=(VisitState.TOLD, VisitState.ON_WAY)).first()
    if visit is None or order.kind != OrderKind.RESCUE:
        raise NotGoing
    visit.order = order
    VISIT_LIFE.advance(visit, "cancel", actor=SYSTEM, at=at, note="called back")
    access.end_grants(actor=SYSTEM, source=telling_people.source_of(visit), at=at)
    telling_people.tell_worker_back(visit, at=at)
    audit.record_change(
        actor=actor,
        action=terms.SEND,
        ref=telling_people.ref_of(order),
        at=at,
        detail={"called_back": str(worker_id)},
    )
    orders.follow(order, at=at)
    bus.publish(
        events.VisitMoved(
            visit_id=visit.pk, order_id=order.pk, person_id=order.person_id, state=visit.state
        )
    )
    telling.announce(order, at=at, users=[worker_id])
    return visit


@transaction.atomic
def call_off_rescue(*, actor: Actor, order_id: UUID, reason: str, at: datetime) -> Order:
    """End a help that nobody needs any more: who is on her way is called back.

    Who is at the door ends it herself. Raises NoSuchOrder, Denied, NotGoing, OrderEnded,
    ReasonNeeded.
    """
    order = orders.locked(actor, terms.CANCEL, order_id)
    if order.kind != OrderKind.RESCUE or order.state not in terms.OPEN_ORDERS:
        raise visits.OrderEnded
    for worker_id in list(_open_visits(order).values_list("worker_id", flat=True)):
        call_back(actor=actor, order_id=order_id, worker_id=worker_id, at=at)
    return orders.cancel_order(actor=actor, order_id=order_id, reason=reason, at=at)


def _resident(home_id: UUID | None, at: datetime) -> UUID | None:
    """Return who lives in a home the longest, for an alarm of the home itself."""
    found = people.residents_by_home([home_id], at=at).get(home_id) if home_id else None
    return found[0] if found else None


def run_due_offers(*, at: datetime, limit: int = 100) -> int:
    """Let every offer whose time is over pass on, each in its own transaction; return how many."""
    passed = 0
    while passed < limit and _pass_one(at):
        passed += 1
    return passed


@transaction.atomic
def _pass_one(at: datetime) -> bool:
    due = Offer.objects.filter(answer=OfferAnswer.OPEN, deadline_at__lte=at)
    found = due.order_by("deadline_at").first()
    if found is None:
        return False
    order = Order.objects.select_for_update(of=("self",)).get(pk=found.order_id)
    offer = Offer.objects.select_for_update().filter(pk=found.pk, answer=OfferAnswer.OPEN).first()
    if offer is None:
        return True
    offer.answer, offer.answered_at = OfferAnswer.MISSED, at
    offer.save(update_fields=["answer", "answered_at"])
    if order.state in terms.OPEN_ORDERS and not _goes(order):
        _next(order, at=at)
    telling.announce(order, at=at, users=[offer.worker_id])
    return True


def _next(order: Order, *, at: datetime) -> None:
    """Ask the nearest of those who were not asked yet; where nobody is left the desk is told.

    Who is on leave is asked by nobody but the desk.
    """
    if Offer.objects.filter(order=order, answer=OfferAnswer.OPEN).exists():
        return
    asked = set(Offer.objects.filter(order=order).values_list("worker_id", flat=True))
    near = helpers.near(helpers.where_of(order), at=at)
    left = [one for one in near if one.user_id not in asked and one.duty != Duty.AWAY]
    is_last = not left or len(asked) >= params()["offer"]["most"]
    bus.publish(events.OfferMissed(order_id=order.pk, is_last=is_last))
    if not is_last:
        _ask(order, left[0].user_id, at=at, by=None)
