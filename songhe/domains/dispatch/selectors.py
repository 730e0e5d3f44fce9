"""Reading orders and visits, actor first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.base.audit import services as audit
from songhe.domains.dispatch import terms
from songhe.domains.dispatch.models import (
    DoorCode,
    EmergencyReport,
    Happening,
    Leave,
)
from songhe.domains.dispatch.models import Offer as Offer
from songhe.domains.dispatch.models import Order as Order
from songhe.domains.dispatch.models import Visit as Visit
from songhe.domains.dispatch.params import params
from songhe.engines.booking.terms import Span
from songhe.kernel.errors import NotFound


class NoSuchOrder(NotFound):
    code = "dispatch.no_such_order"
    message = "This order does not exist, or is not open to you."


def get_order(actor: Actor, order_id: UUID, *, at: datetime) -> Order:
    """Return one order; the read is audited. Raises NoSuchOrder."""
    rows = Order.objects.select_related("person", "home", "organization")
    order = policies.scope(actor, rows, terms.VIEW).filter(pk=order_id).first()
    if order is None:
        raise NoSuchOrder
    audit.record_reads(
        actor=actor,
        action=terms.VIEW,
        refs=[f"dispatch.Order/{order.pk}", f"people.Person/{order.person_id}"],
        at=at,
    )
    return order


def open_orders(actor: Actor, *, kind: str = "") -> QuerySet[Order]:
    """Return the orders that are not over, newest first."""
    rows = Order.objects.filter(state__in=terms.OPEN_ORDERS)
    rows = policies.scope(actor, rows, terms.LIST)
    return (
        (rows.filter(kind=kind) if kind else rows)
        .select_related("organization")
        .order_by("-asked_at")
    )


def orders_of_person(actor: Actor, person_id: UUID, *, limit: int = 20) -> list[Order]:
    """Return the newest orders about a person."""
    rows = policies.scope(actor, Order.objects.filter(person=person_id), terms.VIEW)
    return list(rows.order_by("-asked_at")[:limit])


def services_of_person(
    actor: Actor, person_id: UUID, since: datetime, until: datetime
) -> list[Order]:
    """Return the services ordered for a person that may begin within a time, half-open; 1 query."""
    rows = policies.scope(actor, Order.objects.filter(person=person_id), terms.VIEW)
    rows = rows.filter(kind=terms.OrderKind.SERVICE, window__startswith__gte=since)
    return list(rows.filter(window__startswith__lt=until))


def orders_of_source(actor: Actor, ref: str) -> list[Order]:
    """Return what came of an alarm, a series or a plan, oldest first."""
    rows = policies.scope(actor, Order.objects.filter(source_ref=ref), terms.VIEW)
    return list(rows.order_by("asked_at"))


def visits_of(order: Order) -> list[Visit]:
    """Return an order's visits, oldest first, with their workers; 1 query."""
    return list(Visit.objects.filter(order=order).select_related("worker").order_by("period", "id"))


def offers_of(order: Order) -> list[Offer]:
    """Return who was asked, in order; 1 query."""
    return list(
        Offer.objects.filter(order=order).select_related("worker").order_by("sent_at", "id")
    )


def offers_in(order_ids: Iterable[UUID]) -> list[Offer]:
    """Return who was asked for some orders that were narrowed already; 1 query."""
    rows = Offer.objects.filter(order__in=list(order_ids)).select_related("worker")
    return list(rows.order_by("sent_at", "id"))


def visits_in(order_ids: Iterable[UUID]) -> list[Visit]:
    """Return the visits of some orders that were narrowed already; 1 query."""
    rows = Visit.objects.filter(order__in=list(order_ids)).select_related("worker")
    return list(rows.order_by("period", "id"))


def happenings_of(visit: Visit) -> list[Happening]:
    """Return what was told of a visit, in the order in which it happened; 1 query."""
    return list(Happening.objects.filter(visit=visit).order_by("at", "id"))


def my_visits(actor: Actor, since: datetime, until: datetime) -> list[Visit]:
    """Return the actor's own visits of a time that she was told of, in order; 1 query."""
    if actor.user_id is None or not actor.may(terms.WORK):
        return []
    rows = Visit.objects.filter(worker=actor.user_id, period__overlap=(since, until))
    rows = rows.exclude(state__in=("planned", "cancelled"))
    return list(rows.select_related("order__home", "order__item").order_by("period", "id"))


def my_offers(actor: Actor) -> list[Offer]:
    """Return what the actor is asked now; 1 query."""
    rows = Offer.objects.filter(worker=actor.user_id, answer=terms.OfferAnswer.OPEN)
    return list(rows.select_related("order__home").order_by("deadline_at"))


def is_far(visit: Visit) -> bool:
    """Tell whether an arrival was told from too far away to be at the door."""
    return visit.distance_m is not None and visit.distance_m > float(params()["door"]["near_m"])


def emergency_of(order: Order) -> EmergencyReport | None:
    """Return that the emergency centre was told of an order, None where it was not."""
    return EmergencyReport.objects.filter(order=order).order_by("told_at").first()


def emergencies_in(order_ids: Iterable[UUID]) -> dict[UUID, datetime]:
    """Return when the emergency centre was first told of orders; 1 query."""
    rows = EmergencyReport.objects.filter(order__in=list(order_ids)).order_by("-told_at")
    return dict(rows.values_list("order", "told_at"))


def taken(user_ids: Iterable[UUID], between: Span) -> dict[UUID, list[Span]]:
    """Return when workers go to somebody or are away, for who would book their time; 2 queries.

    Visits of services that are not over, drafts too, and leave; nothing of where or why. Take
    `engines.booking.times.keep` first where something is written on the strength of it.
    """
    users, found = list(user_ids), defaultdict(list)
    with lifted():
        visits = Visit.objects.filter(
            worker__in=users, is_rescue=False, state__in=terms.OPEN_VISITS
        )
        for rows in (visits, Leave.objects.filter(worker__in=users)):
            here = rows.filter(period__overlap=tuple(between))
            for user, period in here.values_list("worker", "period"):
                found[user].append(Span(period.lower, period.upper))
    return {user: sorted(spans) for user, spans in found.items()}


def door_codes(home_ids: Iterable[UUID]) -> dict[UUID, DoorCode]:
    """Return the codes that count at the doors of some homes; 1 query."""
    rows = DoorCode.objects.filter(home__in=list(home_ids), ended_at=None)
    return {row.home_id: row for row in rows}
