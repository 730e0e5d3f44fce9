"""Builders for tests and the demo county: a person at home, by the real services."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from songhe.base.access.actor import SYSTEM
from songhe.domains.people import services
from songhe.domains.people.models import Home, Person, Room

COMMUNITY = "990121001001"
ROOMS: tuple[tuple[str, str, tuple[float, float, float, float]], ...] = (
    ("bedroom", "卧室", (0.0, 0.0, 4.0, 3.0)),
    ("kitchen", "厨房", (0.0, 3.0, 2.5, 2.0)),
    ("bathroom", "卫生间", (2.5, 3.0, 1.5, 2.0)),
    ("living", "客厅", (4.0, 0.0, 3.5, 5.0)),
    ("hall", "门厅", (7.5, 0.0, 1.5, 5.0)),
)


def make_home(
    *,
    at: datetime,
    region_code: str = COMMUNITY,
    address: str = "桂花里 3 号楼 402",
    lat: float | None = 35.2014,
    lon: float | None = 108.2980,
) -> tuple[Home, dict[str, Room]]:
    """Return a dwelling and its rooms by kind."""
    home = services.add_home(
        actor=SYSTEM, region_code=region_code, address=address, at=at, lat=lat, lon=lon
    )
    rooms = {
        kind: services.add_room(actor=SYSTEM, home=home, kind=kind, name=name, rectangle=box)
        for kind, name, box in ROOMS
    }
    return home, rooms


def make_person(
    *,
    at: datetime,
    name: str = "陈秀兰",
    sex: str = "female",
    birth_on: date = date(1944, 3, 9),
    region_code: str = COMMUNITY,
    home: Home | None = None,
    living: str = "alone",
    care_level: int | None = 2,
    id_number: str = "",
    phone: str = "",
) -> Person:
    """Return a person, who lives in a home from `at` on where one is given."""
    person = services.register_person(
        actor=SYSTEM,
        name=name,
        sex=sex,
        birth_on=birth_on,
        region_code=home.region_code if home else region_code,
        at=at,
        id_number=id_number,
        phone=phone,
        living=living,
        care_level=care_level,
    )
    if home is not None:
        services.move_in(actor=SYSTEM, person_id=person.pk, home=home, at=at)
    return person


def make_fact(
    *,
    person: Person,
    at: datetime,
    code: str = "penicillin",
    kind: str = "allergy",
    text_zh: str = "青霉素过敏",
    text_en: str = "Allergic to penicillin",
    data: dict[str, Any] | None = None,
) -> None:
    """Tell what one must know of a person; data is what rules read."""
    services.add_fact(
        actor=SYSTEM,
        person_id=person.pk,
        kind=kind,
        code=code,
        text_zh=text_zh,
        text_en=text_en,
        at=at,
        data=data,
    )
