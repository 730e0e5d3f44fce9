"""Devices, for machines."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query
from pydantic import Field

from songhe.domains.devices import piecewise
from songhe.domains.devices.selectors import LIST, VIEW, DeviceLine
from songhe.kit.api import Answer, Operations, Pieces, Prefix
from songhe.kit.asks import actor_of

operations = Operations("Devices")
State = Literal["delivered", "installed", "activated", "tested", "in_use", "retired"]


class Device(Answer):
    """A device with what was last heard of it. silent: longer than its type may be.

    heard_at: when it last spoke; battery in percent. It serves a person, or a room.
    """

    id: UUID
    key: str
    type: str
    type_name: str
    serial: str
    state: State
    region_code: str
    organization_id: UUID
    person_id: UUID | None
    room_id: UUID | None
    heard_at: datetime | None
    battery_pct: float | None
    firmware: str | None
    silent: bool


class Devices(Answer):
    items: list[Device]
    next: UUID | None


class DevicesAsked(Pieces):
    region: Prefix = ""
    type: Annotated[str, Field(pattern=r"^[a-z0-9-]{0,32}$", description="bp-monitor")] = ""
    state: State | None = None


@operations.operation("GET", "/devices", action=LIST, returns=Devices)
def list_devices(request: HttpRequest, asked: Query[DevicesAsked]) -> Any:
    """List the devices of the regions that the key reaches, in the order of registration."""
    piece = piecewise.list_piece(
        actor_of(request),
        type=asked.type,
        state=asked.state or "",
        region_prefix=asked.region,
        after=asked.after,
        limit=asked.limit,
        at=timezone.now(),
    )
    return Devices(items=[_device(line) for line in piece.lines], next=piece.next)


@operations.operation("GET", "/devices/{uuid:device_id}", action=VIEW, returns=Device)
def get_device(request: HttpRequest, device_id: UUID) -> Any:
    """Tell one device."""
    return _device(piecewise.get_line(actor_of(request), device_id, at=timezone.now()))


def _device(line: DeviceLine) -> Device:
    row, seen = line.device, line.seen
    return Device(
        id=row.pk,
        key=row.key,
        type=row.type,
        type_name=line.type.name,
        serial=row.serial,
        state=row.state,  # type: ignore[arg-type]  # a choice
        region_code=row.region_code,
        organization_id=row.organization_id,
        person_id=line.person_id,
        room_id=line.room_id,
        heard_at=seen.received_at if seen else None,
        battery_pct=seen.battery_pct if seen else None,
        firmware=seen.firmware if seen else None,
        silent=line.silent,
    )
