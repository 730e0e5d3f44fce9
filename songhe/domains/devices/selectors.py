"""Reading devices, actor first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.domains.devices import types
from songhe.domains.devices.models import (
    Binding,
    Device,
    DeviceCommand,
    DeviceSeen,
    ForeignName,
)
from songhe.domains.devices.terms import ACTIVE_STATES, DeviceState
from songhe.kernel.errors import NotFound

VIEW = "devices.view_device"
LIST = "devices.list_devices"


class NoSuchDevice(NotFound):
    code = "devices.no_such_device"
    message = "This device does not exist, or is not open to you."


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """A device with what was last heard of it. silent: longer without a word than its type may.

    has_spoken: something of it was stored since it serves whom it serves now, by its own time.
    """

    device: Device
    type: types.DeviceType
    seen: DeviceSeen | None
    person_id: UUID | None
    room_id: UUID | None
    room_name: str
    silent: bool
    has_spoken: bool


def type_of(code: str) -> types.DeviceType:
    """Return the type with this code. Raises UnknownDeviceType."""
    return types.get_type(code)


def all_types() -> dict[str, types.DeviceType]:
    """Return every device type by code."""
    return types.all_types()


def get_device(actor: Actor, device_id: UUID) -> Device:
    """Return one device; raises NoSuchDevice outside the scope."""
    device = policies.scope(actor, Device.objects.all(), VIEW).filter(pk=device_id).first()
    if device is None:
        raise NoSuchDevice
    return device


def list_devices(
    actor: Actor,
    *,
    words: str = "",
    type: str = "",  # noqa: A002 (the field's word)
    state: str = "",
    silent_at: datetime | None = None,
) -> QuerySet[Device]:
    """Return the devices the actor may list; with silent_at only those that are silent then."""
    rows = policies.scope(actor, Device.objects.all(), LIST)
    if silent_at is not None:
        rows = _silent(rows, silent_at)
    if type:
        rows = rows.filter(type=type)
    if state:
        rows = rows.filter(state=state)
    if words:
        rows = rows.filter(Q(key__icontains=words) | Q(serial__icontains=words))
    return rows.order_by("type", "key")


def _silent(rows: QuerySet[Device], at: datetime) -> QuerySet[Device]:
    """Narrow to installed devices without a word for longer than their type may be silent."""
    seen = DeviceSeen.objects.filter(device=OuterRef("pk")).values("received_at")
    condition = Q(heard_at=None)
    for kind in types.all_types().values():
        limit = at - timedelta(seconds=kind.silent_after_s)
        condition |= Q(type=kind.code, heard_at__lt=limit)
    return rows.annotate(heard_at=Subquery(seen)).filter(condition, state__in=ACTIVE_STATES)


def silent_among(devices: Iterable[Device], *, at: datetime) -> set[UUID]:
    """Return which devices were not heard for longer than their type may be silent; 1 query."""
    rows = list(devices)
    seen = DeviceSeen.objects.filter(device__in=[row.pk for row in rows])
    heard = dict(seen.values_list("device", "received_at"))
    return {row.pk for row in rows if _is_silent(row, heard.get(row.pk), at)}


def _is_silent(device: Device, heard_at: datetime | None, at: datetime) -> bool:
    limit = at - timedelta(seconds=types.get_type(device.type).silent_after_s)
    return heard_at is None or heard_at < limit


def lines(devices: Iterable[Device], *, at: datetime) -> list[DeviceLine]:
    """Return devices with what was last heard and whom they serve; 2 queries."""
    rows = list(devices)
    ids = [row.pk for row in rows]
    seen = {row.device: row for row in DeviceSeen.objects.filter(device__in=ids)}
    bound = {
        row.device_id: row
        for row in Binding.objects.filter(device__in=ids, period__contains=at).select_related(
            "room"
        )
    }
    return [_line(row, seen.get(row.pk), bound.get(row.pk), at) for row in rows]


def _line(
    device: Device, seen: DeviceSeen | None, binding: Binding | None, at: datetime
) -> DeviceLine:
    kind = types.get_type(device.type)
    last = seen.received_at if seen else None
    # A hub measures nothing itself: that it was connected is all that it says.
    word = seen.last_at if seen and kind.measures else last
    return DeviceLine(
        device=device,
        type=kind,
        seen=seen,
        person_id=binding.person_id if binding else None,
        room_id=binding.room_id if binding else None,
        room_name=binding.room.name if binding and binding.room else "",
        silent=_is_silent(device, last, at),
        has_spoken=word is not None and (binding is None or word >= binding.period.lower),
    )


def devices_of(*, person_id: UUID, home_id: UUID | None, at: datetime) -> list[DeviceLine]:
    """Return the devices that serve a person or the rooms of a home now.

    The caller has narrowed the person; devices are a panel of that person's page.
    """
    bound = Binding.objects.filter(period__contains=at)
    ids = bound.filter(person=person_id).values("device")
    if home_id is not None:  # together by an index each; one condition would read every binding
        ids = ids.union(bound.filter(room__home=home_id).values("device"))
    return lines(Device.objects.filter(pk__in=ids).order_by("type", "key"), at=at)


def in_store(actor: Actor, *, at: datetime, limit: int = 200) -> list[DeviceLine]:
    """Return devices that the actor may list and that serve nobody: to be bound; 3 queries."""
    rows = policies.scope(actor, Device.objects.all(), LIST)
    bound = Binding.objects.filter(device=OuterRef("pk"), period__contains=at)
    free = rows.exclude(state=DeviceState.RETIRED).filter(~Exists(bound), gateway=None)
    return lines(free.order_by("-created_at")[:limit], at=at)


@dataclass(frozen=True, slots=True)
class Carried:
    """A device that a hub speaks for, with the hub's names for it."""

    line: DeviceLine
    names: list[str]


def carried_by(actor: Actor, gateway: Device, *, at: datetime) -> list[Carried]:
    """Return the devices that a hub speaks for and the actor may see; 4 queries."""
    rows = policies.scope(actor, Device.objects.filter(gateway=gateway), VIEW)
    names: dict[UUID, list[str]] = {}
    for row in ForeignName.objects.filter(gateway=gateway).order_by("name"):
        names.setdefault(row.device_id, []).append(row.name)
    found = lines(rows.order_by("type", "key"), at=at)
    return [Carried(line, names.get(line.device.pk, [])) for line in found]


def carrier_of(actor: Actor, device: Device) -> tuple[Device, list[str]] | None:
    """Return (the hub that speaks for a device, its names for it), None without one."""
    if device.gateway_id is None:
        return None
    hub = policies.scope(actor, Device.objects.all(), VIEW).filter(pk=device.gateway_id).first()
    if hub is None:
        return None
    names = ForeignName.objects.filter(device=device).order_by("name")
    return hub, [row.name for row in names]


def find_device(actor: Actor, words: str) -> Device:
    """Return the one device with this key or serial number; raises NoSuchDevice."""
    rows = policies.scope(actor, Device.objects.all(), VIEW)
    found = list(rows.filter(Q(key=words) | Q(serial=words))[:2])
    if len(found) != 1 or not words:
        raise NoSuchDevice
    return found[0]


def commands_of(actor: Actor, device: Device, *, limit: int = 20) -> list[DeviceCommand]:
    """Return a device's newest commands."""
    policies.authorise(actor, VIEW, device)
    return list(DeviceCommand.objects.filter(device=device).order_by("-issued_at")[:limit])


def history_of(actor: Actor, device: Device) -> list[Binding]:
    """Return whom a device served, newest first, with rooms and homes fetched."""
    policies.authorise(actor, VIEW, device)
    rows = Binding.objects.filter(device=device).select_related("room__home")
    return list(rows.order_by("-period"))


def by_ids(ids: Iterable[UUID]) -> dict[UUID, Device]:
    """Return devices by id for rows that the caller has narrowed; 1 query."""
    return {row.pk: row for row in Device.objects.filter(pk__in=list(ids))}


def bindings_of(device_ids: Iterable[UUID], *, at: datetime) -> dict[UUID, Binding]:
    """Return whom devices served at a moment; 1 query."""
    rows = Binding.objects.filter(device__in=list(device_ids), period__contains=at)
    return {row.device_id: row for row in rows.select_related("room__home")}


def unmet_wishes(device: Device, seen: DeviceSeen | None) -> dict[str, tuple[object, object]]:
    """Return settings whose wish the device does not report: name to (desired, reported)."""
    reported = (seen.reported if seen else None) or {}
    return {
        name: (value, reported.get(name))
        for name, value in device.desired.items()
        if reported.get(name) != value
    }
