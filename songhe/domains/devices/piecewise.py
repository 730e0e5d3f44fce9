"""Devices piece by piece, for machines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from songhe.base.access.actor import Actor
from songhe.domains.devices import selectors
from songhe.domains.devices.selectors import DeviceLine


@dataclass(frozen=True, slots=True)
class Piece:
    """Some devices in the order of registration; next: after which one the list goes on."""

    lines: list[DeviceLine]
    next: UUID | None


def list_piece(
    actor: Actor,
    *,
    type: str = "",  # noqa: A002 (the field's word)
    state: str = "",
    region_prefix: str = "",
    after: UUID | None = None,
    limit: int,
    at: datetime,
) -> Piece:
    """Return the next devices that the actor may list; 3 queries."""
    rows = selectors.list_devices(actor, type=type, state=state)
    if region_prefix:
        rows = rows.filter(region_code__startswith=region_prefix)
    if after is not None:
        rows = rows.filter(pk__gt=after)
    found = list(rows.order_by("pk")[: limit + 1])
    lines = selectors.lines(found[:limit], at=at)
    return Piece(lines, found[limit - 1].pk if len(found) > limit else None)


def get_line(actor: Actor, device_id: UUID, *, at: datetime) -> DeviceLine:
    """Return one device with what was last heard of it. Raises NoSuchDevice."""
    [line] = selectors.lines([selectors.get_device(actor, device_id)], at=at)
    return line
