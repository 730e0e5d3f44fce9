"""Facts about devices."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from songhe.base.events.bus import Event


class DeviceBound(Event, frozen=True, kw_only=True):
    """A device serves a person or room from a moment on."""

    event_name: ClassVar[str] = "devices.DeviceBound"
    device_id: UUID
    person_id: UUID | None = None
    room_id: UUID | None = None


class DeviceStateChanged(Event, frozen=True, kw_only=True):
    """A device took a step of commissioning."""

    event_name: ClassVar[str] = "devices.DeviceStateChanged"
    device_id: UUID
    state: str
