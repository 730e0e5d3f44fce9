"""What an item costs from a day on: the guide price of a region, or an organisation's own."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.regions import selectors as regions
from songhe.domains.catalog.models import Item, Price
from songhe.domains.catalog.services.items import NoSuchItem
from songhe.domains.catalog.services.periods import make_room
from songhe.domains.catalog.terms import SET_PRICE, Unit
from songhe.domains.organizations import selectors as organizations
from songhe.kernel.errors import Denied, Invalid

MOST_FEN = 10_000_000


class NotAPrice(Invalid):
    code = "catalog.not_a_price"
    message = "Give an amount between 0 and %(most)s yuan, in whole fen."


class NotAUnit(Invalid):
    code = "catalog.not_a_unit"
    message = "Say what the price is for: a visit, an hour or a meal."


class NotOfferedThere(Invalid):
    code = "catalog.not_offered_there"
    message = "There is no region %(given)s, or the item is not offered there."


@transaction.atomic
def set_price(
    *,
    actor: Actor,
    code: str,
    organization_id: UUID | None,
    region_prefix: str,
    amount_fen: int,
    per: str,
    from_on: date,
    at: datetime,
) -> Price:
    """Let a unit of an item cost so much from a day on; what it cost before stays on record.

    organization_id None: the guide price of the region. Raises NoSuchItem, Denied, NotAPrice,
    NotAUnit, NotOfferedThere, TooSoon.
    """
    item = _priced(actor, code, organization_id, region_prefix)
    if not 0 <= amount_fen <= MOST_FEN:
        raise NotAPrice(field="amount", most=MOST_FEN // 100)
    if per not in Unit.values:
        raise NotAUnit(field="per")
    rows = Price.objects.filter(
        item=item, organization=organization_id, region_prefix=region_prefix
    )
    make_room(rows, actor=actor, from_on=from_on, at=at)
    row = Price.objects.create(
        item=item,
        organization_id=organization_id,
        region_prefix=region_prefix,
        amount_fen=amount_fen,
        per=per,
        period=DateRange(from_on, None),
        made_at=at,
        made_by=actor.user_id,
    )
    _record(actor, item, organization_id, region_prefix, from_on, f"{amount_fen} fen/{per}", at)
    return row


@transaction.atomic
def end_price(
    *,
    actor: Actor,
    code: str,
    organization_id: UUID | None,
    region_prefix: str,
    from_on: date,
    at: datetime,
) -> None:
    """Let a price hold no more from a day on; the next wider one holds then. Raises as `set_price`.

    A guide price that nothing is wider than leaves the item without a price there.
    """
    item = _priced(actor, code, organization_id, region_prefix)
    rows = Price.objects.filter(
        item=item, organization=organization_id, region_prefix=region_prefix
    )
    make_room(rows, actor=actor, from_on=from_on, at=at)
    _record(actor, item, organization_id, region_prefix, from_on, "ended", at)


def _priced(actor: Actor, code: str, organization_id: UUID | None, region_prefix: str) -> Item:
    """Return the item, locked, whose price the actor may set. Raises NoSuchItem, Denied."""
    item = Item.objects.select_for_update().filter(code=code).first()
    if item is None:
        raise NoSuchItem
    if not may_price(actor, organization_id, region_prefix):
        raise Denied(action=SET_PRICE)
    known = region_prefix in ("", item.region_prefix) or bool(regions.names([region_prefix]))
    if not known or not region_prefix.startswith(item.region_prefix):
        raise NotOfferedThere(field="region", given=region_prefix[:12])
    return item


def may_price(actor: Actor, organization_id: UUID | None, region_prefix: str) -> bool:
    """Tell whether the actor may set a guide price in a region, or an organisation's own price."""
    if actor.is_system:
        return True
    if organization_id is None:
        return actor.covers(SET_PRICE, region_prefix)
    if organization_id in actor.organizations(SET_PRICE):
        return True
    found = organizations.organizations_by_id({organization_id}).get(organization_id)
    return found is not None and actor.covers(SET_PRICE, found.region_code)


def _record(
    actor: Actor,
    item: Item,
    organization_id: UUID | None,
    region_prefix: str,
    from_on: date,
    what: str,
    at: datetime,
) -> None:
    audit.record_change(
        actor=actor,
        action=SET_PRICE,
        ref=f"catalog.Item/{item.pk}",
        at=at,
        detail={
            "price": what,
            "organization": str(organization_id or ""),
            "region": region_prefix,
            "from": from_on.isoformat(),
        },
    )
