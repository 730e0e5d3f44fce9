"""What the gateway reads of a device: one row of JSON, announced by a notification at commit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection

from songhe.domains.devices import terms, types
from songhe.domains.devices.models import Binding, Device, DeviceSecret, GatewayDevice
from songhe.domains.people import selectors as people
from songhe.kernel import wire
from songhe.kernel.time import to_us

Residents = dict[UUID, list[UUID]]


def write_snapshots(device_ids: Iterable[UUID], *, at: datetime) -> None:
    """Write the snapshots of devices and tell the gateway; within the changing transaction."""
    rows = Device.objects.filter(pk__in=list(device_ids)).prefetch_related(
        "secrets", "children", "bindings__room", "foreign_names__device"
    )
    homes = {
        bound.room.home_id
        for row in rows
        for bound in row.bindings.all()
        if bound.person_id is None and bound.room is not None
    }
    residents = people.residents_by_home(homes, at=at)
    version = to_us(at)
    snapshots = [
        GatewayDevice(
            device=row.pk,
            key=row.key,
            version=version,
            body=msgspec.to_builtins(_snapshot(row, residents)),
        )
        for row in rows
    ]
    GatewayDevice.objects.bulk_create(
        snapshots,
        update_conflicts=True,
        unique_fields=["device"],
        update_fields=["key", "body", "version"],
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify(%s, 'device:' || id) FROM unnest(%s::uuid[]) AS id",
            [wire.CHANNEL_SNAPSHOT, [row.device for row in snapshots]],
        )


def _snapshot(device: Device, residents: Residents) -> wire.DeviceSnapshot:
    kind = types.get_type(device.type)
    return wire.DeviceSnapshot(
        id=device.pk,
        key=device.key,
        active=device.state in terms.ACTIVE_STATES,
        type=device.type,
        secrets=[_secret(row) for row in device.secrets.all()],
        bindings=[
            _binding(row, residents)
            for row in sorted(device.bindings.all(), key=lambda b: b.period.lower)
        ],
        organization=device.organization_id,
        children=[child.key for child in device.children.all()],
        wellness=not kind.medical,
        expected_interval_s=kind.expected_interval_s,
        silent_after_s=kind.silent_after_s,
        time_zone=settings.TIME_ZONE,
        format=kind.format,
        names={row.name: row.device.key for row in device.foreign_names.all()},
        mounting=device.mounting,
    )


def _secret(row: DeviceSecret) -> tuple[str, int | None]:
    return row.sha256, None if row.expires_at is None else to_us(row.expires_at)


def _binding(row: Binding, residents: Residents) -> wire.Binding:
    since_us = to_us(row.period.lower)
    until_us = None if row.period.upper is None else to_us(row.period.upper)
    if row.person_id is not None:
        return wire.Binding(
            since_us,
            until_us,
            wire.SubjectKind.PERSON,
            row.person_id,
            person=row.person_id,
            place=row.room_id,
        )
    room = row.room
    if room is None:
        raise ValueError("a binding has a person or a room; the database holds it to that")
    living = residents.get(room.home_id, [])
    alone = living[0] if len(living) == 1 else None
    return wire.Binding(
        since_us,
        until_us,
        wire.SubjectKind.PLACE,
        room.pk,
        person=alone,
        place=row.room_id,
        place_kind=room.kind,
    )
