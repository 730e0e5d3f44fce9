"""Making and ending orders."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from songhe.base import vault
from songhe.base.access import policies
from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.events import bus
from songhe.base.regions.days import day_of
from songhe.domains.catalog import selectors as catalog
from songhe.domains.dispatch import events, ordering, telling, terms
from songhe.domains.dispatch.models import Offer, Order, Series, Visit
from songhe.domains.dispatch.selectors import NoSuchOrder
from songhe.domains.dispatch.services import money, telling_people
from songhe.domains.dispatch.terms import OfferAnswer, OrderKind, OrderState, Source, VisitState
from songhe.domains.dispatch.workflow import ORDER_LIFE, VISIT_LIFE
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.kernel.errors import Denied, Invalid


class BadWindow(Invalid):
    code = "dispatch.bad_window"
    message = "Please choose a time that lies ahead; it ends after it begins."


def locked(actor: Actor, action: str, order_id: UUID) -> Order:
    """Return an order, locked, for an action. Raises NoSuchOrder, Denied."""
    rows = Order.objects.select_for_update(of=("self",))
    order = policies.scope(actor, rows, action).filter(pk=order_id).first()
    if order is None:
        raise NoSuchOrder
    policies.authorise(actor, action, order)
    return order


@transaction.atomic
def make_order(
    *,
    actor: Actor,
    kind: OrderKind,
    source: Source,
    person_id: UUID,
    at: datetime,
    source_ref: str = "",
    organization_id: UUID | None = None,
    window: tuple[datetime, datetime] | None = None,
    worker_wish: UUID | None = None,
    sex_wish: str = "",
    note: str = "",
    item_code: str = "",
) -> Order:
    """Make an order for a person whom the actor may know of; return it.

    Without an organisation it goes to the one that serves the home's region. A service names an
    item of the catalogue and a window. Raises NoSuchPerson, PersonHasDied, BadWindow, NotInCatalog,
    Denied.
    """
    person = people.choose_person(actor, people.VIEW, person_id)
    people.all_live([person.id])
    if (window is None) != (kind == OrderKind.RESCUE):
        raise BadWindow(field="window")
    if window is not None and not at < window[1] > window[0]:
        raise BadWindow(field="window")
    home = people.home_of(person.id, at=at)
    region = home.region_code if home else person.region_code
    if organization_id is None:
        serving = organizations.serving(region)
        organization_id = serving.pk if serving else None
    order = Order(
        kind=kind,
        source=source,
        source_ref=source_ref,
        person_id=person.id,
        home=home,
        region_code=region,
        organization_id=organization_id,
        window=window,
        worker_wish_id=worker_wish,
        sex_wish=sex_wish,
        asked_at=at,
        asked_by=actor.user_id,
        asked_by_name="" if actor.is_system else actor.display_name,
    )
    may_order(actor, order)
    if item_code:
        kind_of_item = _priced(order, item_code, at)
        money.set_aside(actor, order, kind=kind_of_item, at=at)
    if note.strip():
        order.note_sealed = vault.seal(note.strip(), field=Order.NOTE, pk=order.pk)
    order.save(force_insert=True)
    bus.publish(events.OrderMade(order_id=order.pk, kind=kind, person_id=person.id))
    telling.announce(order, at=at)
    return order


def _priced(order: Order, item_code: str, at: datetime) -> str:
    """Write down what is ordered and what it costs; a price nobody has set is not known.

    Returns the kind of the item, by which subsidies know it.
    """
    window: Any = order.window
    on = day_of(window[0]) if window is not None else day_of(at)
    version = catalog.version_at(item_code, on)
    price = catalog.price(item_code, order.organization_id, order.region_code, on)
    order.item_id = version.id
    if price is not None:
        order.gross_fen = ordering.gross_fen(price, version.duration_minutes)
    return version.kind


def may_order(actor: Actor, row: Order | Series) -> None:
    """Let the desk or the provider order, or who may ask for the person herself. Raises Denied."""
    if actor.is_system or actor.covers(terms.MAKE, row.region_code):
        return
    if row.organization_id in actor.organizations(terms.MAKE):
        return
    if actor.may(terms.ASK) and row.person_id in {
        held.subject_id
        for held in actor.grants
        if held.subject_type == "people.Person" and held.purpose in ("self", "guardian", "family")
    }:
        return
    raise Denied


def locked_series(actor: Actor, series_id: UUID) -> Series:
    """Return a series, locked, where the actor may order for it. Raises NoSuchOrder, Denied."""
    row = Series.objects.select_for_update(of=("self",)).filter(pk=series_id).first()
    if row is None:
        raise NoSuchOrder
    may_order(actor, row)
    return row


@transaction.atomic
def cancel_order(*, actor: Actor, order_id: UUID, reason: str, at: datetime) -> Order:
    """Cancel an order nobody works at yet, with its visits and what was asked of workers.

    Who was told that she comes hears of it, and the person is closed to her again. Help at once
    is called off by the desk alone. Raises NoSuchOrder, Denied, WrongState, ReasonNeeded.
    """
    order = locked(actor, terms.CANCEL, order_id)
    if order.kind == OrderKind.RESCUE and not _at_the_desk(actor, order):
        raise Denied(action=terms.CANCEL)
    ORDER_LIFE.advance(order, "cancel", actor=actor, at=at, note=reason, changes={"ended_at": at})
    money.give_back(order, at=at)
    users = []
    for visit in Visit.objects.select_for_update().filter(
        order=order, state__in=("planned", "told")
    ):
        was_told = visit.state == VisitState.TOLD
        VISIT_LIFE.advance(visit, "cancel", actor=SYSTEM, at=at, note=reason)
        users.append(visit.worker_id)
        if was_told:
            visit.order = order
            access.end_grants(actor=SYSTEM, source=telling_people.source_of(visit), at=at)
            telling_people.tell_worker_off(visit, at=at)
    offers = Offer.objects.filter(order=order, answer=OfferAnswer.OPEN)
    users += offers.values_list("worker_id", flat=True)
    offers.update(answer=OfferAnswer.WITHDRAWN, answered_at=at)
    telling.announce(order, at=at, users=users)
    return order


def _at_the_desk(actor: Actor, order: Order) -> bool:
    return (
        actor.is_system
        or actor.covers(terms.CANCEL, order.region_code)
        or order.organization_id in actor.organizations(terms.CANCEL)
    )


def follow(order: Order, *, at: datetime, note: str = "") -> None:
    """Bring an order, which the caller has locked, to what its visits say.

    It ended when the last of them did, whenever a phone without a network told of it.
    """
    rows = list(Visit.objects.filter(order=order).values_list("state", "ended_at"))
    states = [state for state, _ended_at in rows]
    ended_at = max((one for _state, one in rows if one is not None), default=at)
    is_open = any(state in terms.OPEN_VISITS for state in states)
    begun = any(state in ("on_way", "arrived", "working") for state in states)
    if order.state not in terms.OPEN_ORDERS:
        return
    if begun:
        if order.state != OrderState.UNDER_WAY:
            ORDER_LIFE.advance(order, "set_out", actor=SYSTEM, at=at)
    elif is_open:
        if order.state in (OrderState.ASKED, OrderState.ACCEPTED):
            ORDER_LIFE.advance(order, "plan", actor=SYSTEM, at=at)
    elif "done" in states:
        ORDER_LIFE.advance(order, "finish", actor=SYSTEM, at=at, changes={"ended_at": ended_at})
    elif "not_done" in states and order.kind == OrderKind.SERVICE:
        ORDER_LIFE.advance(
            order, "fail", actor=SYSTEM, at=at, note=note or "visit not carried out",
            changes={"ended_at": ended_at},
        )  # fmt: skip
        money.give_back(order, at=at)
    elif order.state in (OrderState.PLANNED, OrderState.UNDER_WAY):
        # Whoever was to come does not: somebody else must.
        ORDER_LIFE.advance(order, "unplan", actor=SYSTEM, at=at)


def close(order: Order, *, at: datetime) -> None:
    """Close an order that is done, which the caller has locked."""
    ORDER_LIFE.advance(order, "close", actor=SYSTEM, at=at)
