"""The list of devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from songhe.base.access.actor import Actor
from songhe.domains.devices import selectors
from songhe.domains.devices.selectors import DeviceLine
from songhe.domains.devices.terms import ACTIVE_STATES, DeviceState
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.kit.tables import Column, Table


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One device in words. url is None where the reader may not open it."""

    line: DeviceLine
    name: str
    where: str
    url: str | None

    @property
    def state(self) -> str:
        return str(DeviceState(self.line.device.state).label)

    @property
    def heard_at(self) -> datetime | None:
        return self.line.seen.received_at if self.line.seen else None

    @property
    def silence(self) -> str:
        """Say that a device which should speak does not; "" when all is as it should be."""
        if self.line.silent and self.line.device.state in ACTIVE_STATES:
            return gettext("silent, not known")
        return ""

    @property
    def battery_pct(self) -> float | None:
        return self.line.seen.battery_pct if self.line.seen else None


class DeviceTable(Table):
    columns = (
        Column(
            "name",
            _("Device"),
            link=lambda row: row.url,
            second=lambda row: row.line.device.key,
        ),
        Column("where", _("Serves")),
        Column("state", _("State")),
        Column("heard_at", _("Last heard"), kind="time", second=lambda row: row.silence),
        Column("battery_pct", _("Battery"), kind="number", unit="%"),
    )
    per_page = 50
    caption = _("Devices")
    empty = _("No device found")


def device_rows(
    actor: Actor, lines: list[DeviceLine], *, persons: Mapping[UUID, PersonView] | None = None
) -> list[DeviceRow]:
    """Return devices as rows; persons are named as far as the reader may know them; 2 queries."""
    if persons is None:
        wanted = [line.person_id for line in lines if line.person_id is not None]
        persons = people.person_views(actor, wanted)
    rooms = people.rooms_by_id([line.room_id for line in lines if line.room_id is not None])
    return [
        DeviceRow(
            line=line,
            name=line.type.name,
            where=_where(line, persons, rooms),
            url=reverse("devices:device", args=[line.device.pk])
            if actor.covers(selectors.VIEW, line.device.region_code)
            else None,
        )
        for line in lines
    ]


def _where(line: DeviceLine, persons: Mapping[UUID, PersonView], rooms: Mapping[UUID, Any]) -> str:
    parts = []
    if line.person_id is not None and line.person_id in persons:
        parts.append(persons[line.person_id].name)
    if line.room_id is not None and line.room_id in rooms:
        parts.append(rooms[line.room_id].name)
    return " ".join(parts) if parts else gettext("nobody yet")


class DeviceRows:
    """Rows made of one page of a queryset only."""

    def __init__(self, actor: Actor, found: Any, at: datetime) -> None:
        self._actor, self._found, self._at = actor, found, at

    def __len__(self) -> int:
        return int(self._found.count())

    def __getitem__(self, page: slice) -> list[DeviceRow]:
        lines = selectors.lines(self._found[page], at=self._at)
        return device_rows(self._actor, lines)
