"""The course of an alarm tells of the help that was sent; by jobs, which see every alarm."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from songhe.base.access.actor import SYSTEM
from songhe.domains.dispatch import telling, terms
from songhe.domains.dispatch.models import Offer, Order, Visit
from songhe.domains.dispatch.terms import OfferAnswer, VisitState
from songhe.domains.dispatch.workflow import ORDER_LIFE
from songhe.domains.monitoring import services as monitoring
from songhe.domains.monitoring.terms import HelpStep

# What the course says of a step, and the clock of the visit that it stands at.
_STEPS = {
    VisitState.TOLD: (HelpStep.GOES, "told_at"),
    VisitState.ON_WAY: (HelpStep.ON_WAY, "set_off_at"),
    VisitState.ARRIVED: (HelpStep.ARRIVED, "arrived_at"),
    VisitState.DONE: (HelpStep.DONE, "ended_at"),
    VisitState.NOT_DONE: (HelpStep.NOT_DONE, "ended_at"),
}


def alarm_of(order: Order) -> UUID | None:
    """Return the alarm an order came from, None where it came from something else."""
    kind, _slash, pk = order.source_ref.partition("/")
    return UUID(pk) if kind == "monitoring.Alarm" and pk else None


@transaction.atomic
def tell_alarm(*, visit_id: UUID, state: str, at: datetime) -> None:
    """Write into the alarm's course that help was sent, is on its way, there, done, called back.

    Each stands where it happened, also where a phone without a network told of it later.
    """
    visit = Visit.objects.select_related("order", "worker").get(pk=visit_id)
    alarm_id = alarm_of(visit.order)
    if alarm_id is not None and state == VisitState.CANCELLED:
        monitoring.take_back(alarm_id=alarm_id, user_id=visit.worker_id, at=at)
        return
    if alarm_id is None or VisitState(state) not in _STEPS:
        return
    step, clock = _STEPS[VisitState(state)]
    was_at = min(at, max(getattr(visit, clock) or at, visit.told_at or at))
    if state == VisitState.TOLD:
        try:
            with transaction.atomic():
                monitoring.assign_alarm(
                    actor=SYSTEM, alarm_id=alarm_id, user_id=visit.worker_id, at=was_at
                )
        except monitoring.AlarmClosed:
            return
        except monitoring.NotOnStaff:  # the next organisation has the alarm by now
            pass
        else:
            return
    monitoring.tell_help(alarm_id=alarm_id, step=step, who=visit.worker.display_name, at=was_at)


@transaction.atomic
def tell_alarm_nobody(*, order_id: UUID, at: datetime) -> None:
    """Write into the alarm's course that nobody of those who were asked goes."""
    alarm_id = alarm_of(Order.objects.get(pk=order_id))
    if alarm_id is not None:
        monitoring.tell_help(alarm_id=alarm_id, step=HelpStep.NOBODY, at=at)


@transaction.atomic
def withdraw_offers(*, alarm_id: UUID, at: datetime) -> None:
    """End what is asked for an alarm that was closed; who is on the way goes on."""
    orders = Order.objects.select_for_update(of=("self",)).filter(
        source_ref=f"monitoring.Alarm/{alarm_id}", state__in=terms.OPEN_ORDERS
    )
    for order in orders:
        offers = Offer.objects.filter(order=order, answer=OfferAnswer.OPEN)
        users = list(offers.values_list("worker_id", flat=True))
        offers.update(answer=OfferAnswer.WITHDRAWN, answered_at=at)
        if not Visit.objects.filter(order=order, state__in=terms.OPEN_VISITS).exists():
            ORDER_LIFE.advance(
                order, "cancel", actor=SYSTEM, at=at, note="alarm closed", changes={"ended_at": at}
            )
        telling.announce(order, at=at, users=users)
