"""Planning a visit and telling its worker; what she may read of the person follows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from songhe.base.access import selectors as access_reads
from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.accounts.models import User
from songhe.base.events import bus
from songhe.domains.dispatch import events, places, telling, terms
from songhe.domains.dispatch.models import Order, Visit
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.services import orders, telling_people
from songhe.domains.dispatch.services.telling_people import source_of
from songhe.domains.dispatch.workflow import VISIT_LIFE
from songhe.engines.booking import times
from songhe.engines.booking.terms import Span
from songhe.kernel.errors import Conflict, Invalid

OPENED = ("identity", "contact", "health", "home", "notes")


class WorkerBusy(Conflict):
    code = "dispatch.worker_busy"
    message = "This worker is somewhere else at that time."


class WorkerBooked(WorkerBusy):
    code = "dispatch.worker_booked"
    message = "This worker has an appointment at that time. Choose another time or worker."


class NotAWorker(Invalid):
    code = "dispatch.not_a_worker"
    message = "This person does not work for the organisation that has the order."


class OrderEnded(Conflict):
    code = "dispatch.order_ended"
    message = "This order has ended already."


@transaction.atomic
def plan_visit(
    *,
    actor: Actor,
    order_id: UUID,
    worker_id: UUID,
    begins_at: datetime,
    ends_at: datetime,
    at: datetime,
) -> Visit:
    """Plan that a worker of the provider comes at a time.

    Raises WorkerBusy, WorkerBooked, NotAWorker.
    """
    order = orders.locked(actor, terms.PLAN, order_id)
    if order.state not in terms.OPEN_ORDERS:
        raise OrderEnded
    check_worker(order, worker_id, at=at)
    visit = new_visit(order, worker_id, begins_at=begins_at, ends_at=ends_at, at=at)
    orders.follow(order, at=at)
    telling.announce(order, at=at, users=[worker_id])
    return visit


def check_worker(order: Order, worker_id: UUID, *, at: datetime) -> None:
    """Make sure that somebody is a care worker of the order's provider now. Raises NotAWorker."""
    provider = order.organization_id
    if provider is None or worker_id not in access_reads.carrying(
        terms.WORK, organization_id=provider, at=at
    ):
        raise NotAWorker(field="worker")


def keep_time(wanted: Iterable[tuple[UUID, datetime, datetime]], *, at: datetime) -> None:
    """Keep the time of workers for visits, from when until when; 2 queries.

    Until the transaction ends nobody books it elsewhere (`engines.booking.times`). Raises
    WorkerBooked where somebody has.
    """
    spans = [(worker_id, Span(begins, ends)) for worker_id, begins, ends in wanted]
    if not spans:
        return
    times.keep(worker_id for worker_id, _span in spans)
    between = Span(min(one.begins for _, one in spans), max(one.ends for _, one in spans))
    booked = times.taken({worker_id for worker_id, _span in spans}, between, at=at)
    for worker_id, span in spans:
        for one in booked.get(worker_id, ()):
            if one.begins < span.ends and one.ends > span.begins:
                raise WorkerBooked(field="worker")


def new_visit(
    order: Order, worker_id: UUID, *, begins_at: datetime, ends_at: datetime, at: datetime
) -> Visit:
    """Write a visit of an order that the caller has locked. Raises WorkerBusy, WorkerBooked.

    Help at once asks nobody's calendar.
    """
    if order.kind == terms.OrderKind.SERVICE:
        keep_time([(worker_id, begins_at, ends_at)], at=at)
    visit = Visit(
        order=order,
        worker_id=worker_id,
        is_rescue=order.kind == terms.OrderKind.RESCUE,
        period=(begins_at, ends_at),
        code=places.new_family_code(),
    )
    try:
        with transaction.atomic():
            visit.save(force_insert=True)
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
        if name == "worker_is_in_one_place":
            raise WorkerBusy(field="worker") from None
        raise
    return Visit.objects.get(pk=visit.pk)


@transaction.atomic
def tell_visit(*, visit_id: UUID, at: datetime) -> Visit:
    """Tell a worker of a planned visit: from now on she may read whom she goes to."""
    visit = Visit.objects.select_for_update(of=("self",)).select_related("order").get(pk=visit_id)
    VISIT_LIFE.advance(visit, "tell", actor=SYSTEM, at=at, changes={"told_at": at})
    open_person(visit, at=at)
    telling_people.tell_worker(visit, at=at)
    order = visit.order
    bus.publish(
        events.VisitMoved(
            visit_id=visit.pk, order_id=order.pk, person_id=order.person_id, state=visit.state
        )
    )
    telling.announce(order, at=at, users=[visit.worker_id])
    return visit


def open_person(visit: Visit, *, at: datetime) -> None:
    """Open the person to the visit's worker until some time after its planned end."""
    until = max(visit.period.upper, at) + timedelta(hours=params()["grant"]["after_h"])
    access.grant(
        actor=SYSTEM,
        user=User.objects.get(pk=visit.worker_id),
        subject_type="people.Person",
        subject_id=visit.order.person_id,
        purpose="visit",
        field_classes=OPENED,
        source=source_of(visit),
        at=at,
        until=until,
    )
