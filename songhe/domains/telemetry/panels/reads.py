"""What all panels of one page share: the person's last values and home, read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone

from songhe.base.access.actor import Actor
from songhe.domains.devices import selectors as devices
from songhe.domains.devices.selectors import DeviceLine
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView, Rooms
from songhe.domains.telemetry import selectors
from songhe.domains.telemetry.policies import open_classes
from songhe.domains.telemetry.selectors import Baseline, LatestValue
from songhe.domains.telemetry.terms import class_of
from songhe.kernel import codes, geo
from songhe.kernel.detectors import rules
from songhe.kernel.time import to_us
from songhe.kernel.wire import EvidenceKey
from songhe.kit import slots

# Rules that ring critical, as they hold for a person: key to (switched on, parameters).
Holding = Mapping[str, tuple[bool, Mapping[str, Any]]]
LIMITS_SLOT = "telemetry.limits"
MARKS_SLOT = "telemetry.marks"
AWAY_SLOT = "telemetry.away"


@dataclass(frozen=True, slots=True)
class Mark:
    """A value of a stored reading on which an open critical alarm rests."""

    device: UUID
    at_us: int
    code: int


@dataclass(frozen=True, slots=True)
class Away:
    """A person is not at home: where, in words, and since when."""

    words: str
    since: datetime


@dataclass(frozen=True)
class Reads:
    """The page's moment, where the person lives, and the last values; classes say what is open.

    rooms: those where sensors speak of the person, none where the home is not open.
    """

    actor: Actor
    person: PersonView
    classes: frozenset[str]
    home_id: UUID | None
    home_name: str
    home_point: geo.Point | None
    rooms: Rooms
    plan: dict[str, Any]
    latest: list[LatestValue]
    usual: dict[int, Baseline]
    at: datetime
    rules: Holding
    marks: frozenset[Mark]
    away: Away | None = None

    @cached_property
    def served_by(self) -> list[DeviceLine]:
        """Return the devices that serve the person or the home; asked once a page."""
        return devices.devices_of(person_id=self.person.id, home_id=self.home_id, at=self.at)

    def is_marked(self, key: EvidenceKey, codes_of: Sequence[str]) -> bool:
        """Tell whether a reading raised an open critical alarm by one of these codes."""
        numbers = [codes.by_key(one).number for one in codes_of]
        return any(Mark(key.device, key.at_us, number) in self.marks for number in numbers)

    def is_marked_at(self, at: datetime, key: str) -> bool:
        """Tell whether the value of a code at this moment raised an open critical alarm."""
        if not self.marks:
            return False
        wanted = (to_us(at), codes.by_key(key).number)
        return any((mark.at_us, mark.code) == wanted for mark in self.marks)

    def newest(self, key: str) -> LatestValue | None:
        """Return the person's last value of a code by our key."""
        own = (v for v in self.latest if v.code.key == key and v.subject == self.person.id)
        return next(own, None)


def reads_of(request: HttpRequest, person: PersonView) -> Reads:
    """Return what the page's panels share; the first to ask reads it and tells the audit."""
    kept: dict[UUID, Reads] = request.__dict__.setdefault("telemetry_reads", {})
    if person.id not in kept:
        kept[person.id] = _read(request, person)
    return kept[person.id]


def _read(request: HttpRequest, person: PersonView) -> Reads:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    at = timezone.now()
    classes = open_classes(actor, person)
    home = people.home_of(person.id, at=at) if classes & {"home", "location"} else None
    home_id = home.pk if home is not None and "home" in classes else None
    point = None
    if home is not None and home.lat is not None and home.lon is not None:
        point = (home.lat, home.lon)
    rooms = people.rooms_for(person.id, home_id, at=at) if home_id is not None else []
    latest = selectors.latest_of(actor, person, home_id, at=at, rooms=rooms)
    if classes:
        selectors.opened(actor, [person.id], at=at)
    own_numbers = [
        value.code.number
        for value in latest
        if value.subject == person.id and class_of(value.code) == "health"
    ]
    sees_health = "health" in classes
    limits = slots.values(LIMITS_SLOT, request, person) if sees_health else []
    marks = slots.values(MARKS_SLOT, request, person) if sees_health else []
    away = slots.values(AWAY_SLOT, request, person) if sees_health else []
    return Reads(
        actor=actor,
        person=person,
        classes=classes,
        home_id=home_id,
        home_name=home.address if home is not None else "",
        home_point=point,
        rooms=rooms,
        plan=home.plan if home is not None and not home.is_institution else {},
        latest=latest,
        usual=selectors.baselines(person.ids, own_numbers, at=at) if own_numbers else {},
        at=at,
        rules=next(iter(limits), packaged_rules()),
        marks=frozenset(mark for found in marks for mark in found),
        away=next((found for found in away if found is not None), None),
    )


def packaged_rules() -> Holding:
    """Return the packaged rules that ring critical, as they hold without any change."""
    return {
        key: (rule.enabled, rule.params)
        for key, rule in rules.catalogue().rules.items()
        if rule.level == "critical" and rule.kind == "threshold"
    }
