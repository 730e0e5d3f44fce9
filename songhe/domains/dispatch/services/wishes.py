"""Asking for a service for one's own people: pressed twice it is asked for once."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from songhe.base.access.actor import Actor
from songhe.base.database import locks
from songhe.domains.dispatch import terms
from songhe.domains.dispatch.models import Order
from songhe.domains.dispatch.policies import own_people
from songhe.domains.dispatch.services import orders
from songhe.domains.dispatch.terms import OrderKind, OrderState, Source
from songhe.domains.people import selectors as people
from songhe.domains.subsidies.services import PriceChanged
from songhe.domains.subsidies.terms import Payer, Share
from songhe.engines.workflow.engine import WrongState
from songhe.kernel.errors import Conflict, Denied


class TooLate(Conflict):
    code = "dispatch.too_late_to_call_off"
    message = "Somebody set out already, or was there. Please call the service centre."


class OrderedAlready(Conflict):
    code = "dispatch.ordered_already"
    message = "The same service is ordered for this time already. One more?"


@transaction.atomic
def ask_service(
    *,
    actor: Actor,
    key: UUID,
    person_id: UUID,
    item_code: str,
    window: tuple[datetime, datetime],
    at: datetime,
    worker_wish: UUID | None = None,
    sex_wish: str = "",
    note: str = "",
    most_own_fen: int | None = None,
    one_more: bool = False,
) -> Order:
    """Order a service for oneself or one of one's own; return it.

    key: of the page that asked: the same key gives the same order. most_own_fen: the own share that
    the page said. one_more: the same service is wanted beside one that is ordered for this time.
    Raises NoSuchPerson, Denied, OrderedAlready with the order that stands, PriceChanged where it is
    more by now (nothing is ordered then), and what make_order raises.
    """
    if not actor.may(terms.ASK):
        raise Denied(action=terms.ASK)
    if person_id not in own_people(actor):
        raise people.NoSuchPerson
    ref = f"wish/{key}"
    # By person: two of her people who ask at once are asked whether they mean two.
    locks.hold(f"wish/{person_id}")
    standing = Order.objects.filter(
        source=Source.WISH, source_ref=ref, person=person_id, asked_by=actor.user_id
    ).first()
    if standing is not None:
        return standing
    if not one_more:
        alike = Order.objects.filter(
            kind=OrderKind.SERVICE, person=person_id, item__item__code=item_code,
            state__in=terms.OPEN_ORDERS, window__overlap=window,
        ).first()  # fmt: skip
        if alike is not None:
            raise OrderedAlready(order=alike.pk)
    made = orders.make_order(
        actor=actor,
        kind=OrderKind.SERVICE,
        source=Source.WISH,
        source_ref=ref,
        person_id=person_id,
        window=window,
        worker_wish=worker_wish,
        sex_wish=sex_wish,
        note=note,
        item_code=item_code,
        at=at,
    )
    own = own_fen(made)
    if most_own_fen is not None and own is not None and own > most_own_fen:
        raise PriceChanged
    return made


def wished(*, actor: Actor, key: UUID | None) -> Order | None:
    """Return what the actor's page with this key has ordered already, None where nothing was."""
    rows = Order.objects.filter(source=Source.WISH, asked_by=actor.user_id)
    return rows.filter(source_ref=f"wish/{key}", person__in=own_people(actor)).first()


def own_fen(order: Order) -> int | None:
    """Return the person's own share of an order's price, None where no price is known."""
    if order.gross_fen is None:
        return None
    shares = [Share.of(one) for one in order.shares]
    return order.gross_fen - sum(one.fen for one in shares if one.payer != Payer.PERSON)


def call_off(*, actor: Actor, order_id: UUID, reason: str, at: datetime) -> Order:
    """Call a service off while nobody set out; one called off already stays so.

    Raises TooLate, and what cancel_order raises.
    """
    try:
        return orders.cancel_order(actor=actor, order_id=order_id, reason=reason, at=at)
    except WrongState:
        order = Order.objects.get(pk=order_id)
        if order.state == OrderState.CANCELLED:
            return order
        raise TooLate from None
