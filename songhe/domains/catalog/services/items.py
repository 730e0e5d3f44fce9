"""Defining items, publishing versions of them, retiring them and bringing them back."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.regions import selectors as regions
from songhe.base.regions.days import day_of
from songhe.domains.catalog.models import Item, ItemVersion
from songhe.domains.catalog.services.periods import make_room
from songhe.domains.catalog.services.sound import NotACode, NotSound, is_code, sound
from songhe.domains.catalog.terms import KEEP, Draft, ItemKind
from songhe.kernel.errors import Conflict, Denied, Invalid, NotFound


class NoSuchItem(NotFound):
    code = "catalog.no_such_item"
    message = "There is no such item in the catalogue of your region."


class CodeTaken(Conflict):
    code = "catalog.code_taken"
    message = "There is an item %(given)s already."


class NoSuchRegion(Invalid):
    code = "catalog.no_such_region"
    message = "There is no region %(given)s, or it is beyond yours."


class NotThen(Invalid):
    code = "catalog.not_then"
    message = "Choose a day from %(first)s on."


def locked(actor: Actor, action: str, code: str) -> Item:
    """Return an item that the actor may keep, locked. Raises NoSuchItem, Denied."""
    row = Item.objects.select_for_update().filter(code=code).first()
    if row is None:
        raise NoSuchItem
    if not actor.is_system and not actor.covers(action, row.region_prefix):
        raise Denied(action=action)
    return row


@transaction.atomic
def define_item(
    *,
    actor: Actor,
    code: str,
    kind: str,
    region_prefix: str,
    draft: Draft,
    from_on: date,
    at: datetime,
) -> ItemVersion:
    """Put a new item into the catalogue of a region, with its first version from a day on.

    Raises Denied, NoSuchRegion, NotACode, CodeTaken, and as `publish_version`.
    """
    if not actor.is_system and not actor.covers(KEEP, region_prefix):
        raise Denied(action=KEEP)
    if not actor.is_system and region_prefix and not regions.names([region_prefix]):
        raise NoSuchRegion(field="region", given=region_prefix[:12])
    if not is_code(code):
        raise NotACode(field="code")
    if kind not in ItemKind.values:
        raise NotSound(field="kind")
    if not actor.is_system and from_on < day_of(at):
        raise NotThen(field="from_on", first=day_of(at).isoformat())
    item, is_new = Item.objects.get_or_create(
        code=code,
        defaults={"kind": kind, "region_prefix": region_prefix, "since_on": from_on},
    )
    if not is_new:
        raise CodeTaken(field="code", given=code)
    return _publish(actor, item, draft, from_on=from_on, reason="", at=at)


@transaction.atomic
def publish_version(
    *, actor: Actor, code: str, draft: Draft, from_on: date, reason: str, at: datetime
) -> ItemVersion:
    """Let an item be what a draft says, from a day on; versions before it stay as they were.

    A version that was planned and has not begun by then is withdrawn. Raises NoSuchItem, Denied,
    NotSound and its kinds, TooSoon; Conflict where the draft says nothing new.
    """
    item = locked(actor, KEEP, code)
    running = item.versions.filter(withdrawn_at=None, period__contains=from_on).first()
    if running is not None and _same(running, draft):
        raise Conflict
    return _publish(actor, item, draft, from_on=from_on, reason=reason, at=at)


def _publish(
    actor: Actor, item: Item, draft: Draft, *, from_on: date, reason: str, at: datetime
) -> ItemVersion:
    sound(draft)
    if from_on < item.since_on:
        raise NotThen(field="from_on", first=item.since_on.isoformat())
    make_room(item.versions.all(), actor=actor, from_on=from_on, at=at)
    last = item.versions.order_by("-number").values_list("number", flat=True).first()
    row = ItemVersion.objects.create(
        item=item,
        number=(last or 0) + 1,
        period=DateRange(from_on, None),
        reason=reason,
        made_at=at,
        made_by=actor.user_id,
        **_stored(draft),
    )
    audit.record_change(
        actor=actor,
        action="catalog.publish_version",
        ref=f"catalog.Item/{item.pk}",
        at=at,
        detail={"version": row.number, "from": from_on.isoformat()},
    )
    return row


def _stored(draft: Draft) -> dict[str, object]:
    """Return a draft as the columns of a version."""
    return {
        "name_zh": draft.name_zh,
        "name_en": draft.name_en,
        "text_zh": draft.text_zh,
        "text_en": draft.text_en,
        "duration_minutes": draft.duration_minutes,
        "workers_needed": draft.workers_needed,
        "requires": sorted(set(draft.requires)),
        "steps": [one.stored() for one in draft.steps],
        "checks": [one.stored() for one in draft.checks],
    }


def _same(row: ItemVersion, draft: Draft) -> bool:
    return all(getattr(row, name) == value for name, value in _stored(draft).items())


@transaction.atomic
def retire_item(*, actor: Actor, code: str, retired_on: date, at: datetime) -> Item:
    """Offer an item no more from a day on; what was done stays. Raises NoSuchItem, NotThen."""
    item = locked(actor, KEEP, code)
    first = max(day_of(at), item.since_on)
    if retired_on < first:
        raise NotThen(field="retired_on", first=first.isoformat())
    item.retired_on = retired_on
    return _kept(actor, item, "catalog.retire_item", at)


@transaction.atomic
def bring_back(*, actor: Actor, code: str, at: datetime) -> Item:
    """Offer a retired item again. Raises NoSuchItem, Denied."""
    item = locked(actor, KEEP, code)
    item.retired_on = None
    return _kept(actor, item, "catalog.bring_back", at)


def _kept(actor: Actor, item: Item, action: str, at: datetime) -> Item:
    item.save(update_fields=["retired_on"])
    day = item.retired_on.isoformat() if item.retired_on else ""
    audit.record_change(
        actor=actor, action=action, ref=f"catalog.Item/{item.pk}", at=at, detail={"on": day}
    )
    return item
