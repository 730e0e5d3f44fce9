"""What a home needs beside the devices that are there: which could meet it, and what they lack."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from songhe.base.access.actor import Actor
from songhe.domains.devices import selectors as devices
from songhe.domains.devices.selectors import DeviceLine
from songhe.domains.devices.terms import DeviceState
from songhe.domains.homecare.equipment import table
from songhe.domains.homecare.models import HomeBed
from songhe.domains.homecare.readiness import equipment_of
from songhe.domains.homecare.road import EquipmentLine, equipment_line

BIND = "devices.bind_device"
MOST_FREE = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device of the person or her home that could meet a need.

    lacks: what it has not done yet before it can, in words.
    """

    line: DeviceLine
    lacks: str
    is_fitted: bool


@dataclass(frozen=True, slots=True)
class FitLine:
    """One need. free: devices in store that could be bound here; new_type: what to register."""

    equipment: EquipmentLine
    types: str
    candidates: list[Candidate]
    free: list[DeviceLine]
    new_type: str

    @property
    def anchor(self) -> str:
        """Return the place of this need on the page."""
        return anchor_of(self.equipment.line.need.pk)


def _lacks(line: DeviceLine) -> str:
    if line.device.state != DeviceState.IN_USE:
        return _("to be commissioned first")
    return "" if line.has_spoken else _("nothing of it has arrived from here yet")


def anchor_of(need_id: UUID) -> str:
    """Return the place of a need on the page of the fitting."""
    return f"need-{need_id}"


def fit_lines(actor: Actor, bed: HomeBed, *, at: datetime) -> list[FitLine]:
    """Return each need with the devices here that could meet it, and those in store; 9 queries."""
    there = devices.devices_of(person_id=bed.person_id, home_id=bed.home_id, at=at)
    stored = devices.in_store(actor, at=at) if actor.may(BIND) else []
    found = []
    for line in equipment_of(bed, at=at):
        kind = table().equipment[line.need.code]
        current = line.fitting.device_id if line.fitting else None
        candidates = [
            Candidate(one, _lacks(one), one.device.pk == current)
            for one in there
            if one.device.type in kind.types and one.device.state != DeviceState.RETIRED
        ]
        names = "、".join(devices.type_of(code).name for code in kind.types)
        free = [one for one in stored if one.device.type in kind.types][:MOST_FREE]
        found.append(FitLine(equipment_line(line), names, candidates, free, kind.types[0]))
    return found
