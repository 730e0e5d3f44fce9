"""Builders for tests and the demo county: a device in use, by the real services and steps."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from songhe.base.access.actor import SYSTEM
from songhe.domains.devices import services
from songhe.domains.devices.models import Device, DeviceSeen
from songhe.domains.organizations.selectors import Organization

STEPS = (
    ("install", "安装照片"),
    ("activate", ""),
    ("pass_test", "试呼通过"),
    ("start_use", ""),
)


def make_device(
    *,
    at: datetime,
    organization: Organization,
    type: str = "bp-monitor",  # noqa: A002 (the field's word)
    person_id: UUID | None = None,
    room_id: UUID | None = None,
    key: str = "",
    secret: str = "",
    steps: int = len(STEPS),
) -> tuple[Device, str]:
    """Return a device and its secret: bound where it is said, taken through so many steps."""
    device, given = services.register_device(
        actor=SYSTEM, type=type, organization_id=organization.pk, at=at, key=key, secret=secret
    )
    if person_id or room_id:
        services.bind_device(
            actor=SYSTEM, device_id=device.pk, at=at, person_id=person_id, room_id=room_id
        )
    for step, proof in STEPS[:steps]:
        device = services.commission(
            actor=SYSTEM, device_id=device.pk, step=step, at=at, proof=proof
        )
    return device, given


def hear(device: Device, *, at: datetime) -> None:
    """Let a device have been heard at a moment, as the gateway writes it down."""
    DeviceSeen.objects.update_or_create(
        device=device.pk, defaults={"last_at": at, "received_at": at, "online": True}
    )
