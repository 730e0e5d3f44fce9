"""The demo county as plain values: what is to be made, before any database knows of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """A division. lat and lon are WGS 84 degrees on the county's invented grid."""

    code: str
    name: str
    name_en: str
    lat: float
    lon: float
    is_village: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """What one must know of a person; data is what rules read."""

    kind: str
    code: str
    zh: str
    en: str
    rank: int
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call."""

    name: str
    relation: str
    phone: str
    rank: int
    note_zh: str = ""
    note_en: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """A person's own usual values: mmHg, mmHg, /min, /min, %, Cel, mmol/L (fasting), kg."""

    sbp: float
    dbp: float
    heart: float
    respiration: float
    spo2: float
    temperature: float
    glucose: float
    weight: float


@dataclass(frozen=True, slots=True)
class Habits:
    """How a person lives: usual minutes of the day, outings a day, night rises, self-care.

    away: days before the county was made (first, last) on which the person was elsewhere.
    """

    wake_minute: int
    bed_minute: int
    outings: float
    rises: float
    measuring: float
    away: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """A room: kind as in people.terms, rectangle (x, y, width, height) in metres."""

    kind: str
    name: str
    rectangle: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Elder:
    """One older person. index: the place in County.elders; room: a bed, among the home's rooms."""

    index: int
    name: str
    sex: str
    birth_on: date
    id_number: str
    phone: str
    living: str
    care_level: int
    traits: frozenset[str]
    facts: tuple[Fact, ...]
    contacts: tuple[Contact, ...]
    body: Body
    habits: Habits
    room: int | None = None


@dataclass(frozen=True, slots=True)
class Gadget:
    """One device. elder is an index of County.elders, room an index of its household's rooms."""

    index: int
    type: str
    key: str
    serial: str
    household: int
    elder: int | None
    room: int | None


@dataclass(frozen=True, slots=True)
class Household:
    """A dwelling, or the nursing home, with who lives there and which devices stand in it."""

    index: int
    community: Place
    address: str
    lat: float
    lon: float
    rooms: tuple[RoomPlan, ...]
    elders: tuple[Elder, ...]
    gadgets: tuple[Gadget, ...]
    is_institution: bool = False


@dataclass(frozen=True, slots=True)
class County:
    """Everything that the seed gives."""

    seed: int
    made_on: date
    households: tuple[Household, ...]

    @property
    def elders(self) -> list[Elder]:
        """Return all older persons in the order of their index."""
        return [elder for home in self.households for elder in home.elders]

    @property
    def gadgets(self) -> list[Gadget]:
        """Return all devices in the order of their index."""
        return [gadget for home in self.households for gadget in home.gadgets]
