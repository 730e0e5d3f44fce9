"""What an order costs: set aside when made, given back when nobody comes, charged when done."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.regions.days import day_of
from songhe.domains.billing import services as billing
from songhe.domains.dispatch.models import Order, Visit
from songhe.domains.dispatch.terms import OPEN_VISITS, VisitState
from songhe.domains.subsidies import services as subsidies


def ref_of(order: Order) -> str:
    """Return under what the money of an order is set aside."""
    return f"dispatch.Order/{order.pk}"


def set_aside(actor: Actor, order: Order, *, kind: str, at: datetime) -> None:
    """Set aside what others pay of an order's price, and write down who pays what; unsaved."""
    if not order.gross_fen or order.window is None:
        return
    said = subsidies.hold(
        actor=actor,
        ref=ref_of(order),
        person_id=order.person_id,
        item_kind=kind,
        gross_fen=order.gross_fen,
        on=day_of(order.window[0]),
        at=at,
    )
    order.shares = said.stored()


def give_back(order: Order, *, at: datetime) -> None:
    """Give back what was set aside for an order that nobody carried out."""
    if not order.gross_fen or subsidies.held(ref_of(order)) is None:
        return
    subsidies.release(actor=SYSTEM, ref=ref_of(order), on=day_of(at), at=at)


@transaction.atomic
def charge_visit(*, visit_id: UUID, at: datetime) -> UUID | None:
    """Charge the service that a visit was for, once; None where it is not done, or costs nothing.

    Several workers at once are one service: it is charged when all of them are through and one
    at least did it (that fewer came than it needs is evidence, and for who supervises).
    """
    order = Visit.objects.select_related("order__item__item").get(pk=visit_id).order
    if not order.gross_fen or order.item is None or order.organization_id is None:
        return None
    crew = list(Visit.objects.filter(order=order).values_list("state", "ended_at"))
    done = [ended for state, ended in crew if state == VisitState.DONE]
    if not done or any(state in OPEN_VISITS for state, _ended in crew):
        return None
    return billing.charge(
        actor=SYSTEM,
        ref=ref_of(order),
        person_id=order.person_id,
        organization_id=order.organization_id,
        item_code=order.item.item.code,
        item_number=order.item.number,
        gross_fen=order.gross_fen,
        shares=order.shares,
        on=day_of(max((ended for ended in done if ended is not None), default=at)),
        at=at,
    )
