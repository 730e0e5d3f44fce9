"""Registering persons, dwellings and rooms."""

from __future__ import annotations

from datetime import date, datetime

from django.db import IntegrityError, transaction

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.people import indexing
from songhe.domains.people.models import Home, Person, Room
from songhe.domains.people.sealing import (
    address_indexes,
    put_address,
    put_id_number,
    put_phone,
)
from songhe.domains.people.services.common import (
    AlreadyRegistered,
    check_choices,
    check_new,
    covered,
)
from songhe.engines.search.words import first_reading
from songhe.kernel.ids import uuid7


@transaction.atomic
def register_person(
    *,
    actor: Actor,
    name: str,
    sex: str,
    birth_on: date | None,
    region_code: str,
    at: datetime,
    id_number: str = "",
    phone: str = "",
    living: str = "family",
    care_level: int | None = None,
) -> Person:
    """Register a person; birth_on is None while nobody knows it.

    Raises BadIdNumber, NotAChoice, AlreadyRegistered, Denied.
    """
    covered(actor, "people.register_person", region_code)
    check_choices(sex=sex, living=living, care_level=care_level)
    pk = uuid7()
    person = Person(
        id=pk,
        name=name.strip(),
        pinyin=first_reading(name),
        sex=sex,
        birth_on=birth_on,
        region_code=region_code,
        living=living,
        care_level=care_level,
    )
    if id_number:
        check_new([put_id_number(person, id_number, today=at.date())])
    if phone:
        put_phone(person, phone)
    try:
        with transaction.atomic():
            person.save(force_insert=True)
    except IntegrityError:
        raise AlreadyRegistered(field="id_number") from None
    indexing.put([person])
    audit.record_change(
        actor=actor, action="people.register_person", ref=f"people.Person/{pk}", at=at
    )
    return person


@transaction.atomic
def add_home(
    *,
    actor: Actor,
    region_code: str,
    address: str,
    at: datetime,
    lat: float | None = None,
    lon: float | None = None,
    is_institution: bool = False,
) -> Home:
    """Add a dwelling. lat and lon are WGS 84 degrees. Raises Denied."""
    covered(actor, "people.add_home", region_code)
    home = Home(region_code=region_code, lat=lat, lon=lon, is_institution=is_institution)
    put_address(home, address)
    home.save(force_insert=True)
    audit.record_change(actor=actor, action="people.add_home", ref=f"people.Home/{home.pk}", at=at)
    return home


def home_at(*, actor: Actor, region_code: str, address: str, at: datetime) -> Home:
    """Return the dwelling at an address of a community, a new one where none is known.

    Raises Denied.
    """
    text = address.strip()
    covered(actor, "people.add_home", region_code)
    known = Home.objects.filter(region_code=region_code, address_index__in=address_indexes(text))
    found = known.order_by("pk").first() if text else None
    return found or add_home(actor=actor, region_code=region_code, address=text, at=at)


@transaction.atomic
def add_room(
    *,
    actor: Actor,
    home: Home,
    kind: str,
    name: str,
    rectangle: tuple[float, float, float, float] | None = None,
) -> Room:
    """Add a room; rectangle is (x, y, width, height) in metres on the home's plan."""
    covered(actor, "people.add_home", home.region_code)
    room = Room.objects.create(home=home, kind=kind, name=name)
    if rectangle:
        locked = Home.objects.select_for_update().get(pk=home.pk)
        x, y, w, h = rectangle
        rooms = [
            *locked.plan.get("rooms", []),
            {"room": str(room.pk), "x": x, "y": y, "w": w, "h": h},
        ]
        locked.plan = {
            "rooms": rooms,
            "width": max(row["x"] + row["w"] for row in rooms),
            "height": max(row["y"] + row["h"] for row in rooms),
        }
        locked.save(update_fields=["plan"])
        home.plan = locked.plan
    return room
