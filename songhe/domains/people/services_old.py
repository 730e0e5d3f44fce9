"""Writing people: register, house, tell what one must know, name contacts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from pypinyin import lazy_pinyin

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.events import bus
from songhe.domains.people import events, terms
from songhe.domains.people.models import Contact, Home, Person, PersonFact, Residency, Room
from songhe.domains.people.sealing import (
    older_indexes,
    put_address,
    put_call,
    put_id_number,
    put_phone,
)
from songhe.domains.people.selectors import NoSuchPerson
from songhe.kernel.errors import Conflict, Denied, Invalid
from songhe.kernel.ids import uuid7


class AlreadyRegistered(Conflict):
    code = "people.already_registered"
    message = "A person with this ID number is registered already."


class NotAChoice(Invalid):
    code = "people.not_a_choice"
    message = "The value %(given)s is not one of these: %(known)s."


def check_choices(*, sex: str, living: str, care_level: int | None) -> None:
    """Make sure that what is told of a person is among what is known. Raises NotAChoice."""
    for field, given, known in (
        ("sex", sex, terms.Sex.values),
        ("living", living, terms.Living.values),
        ("care_level", care_level, [None, *terms.CareLevel.values]),
    ):
        if given not in known:
            words = ", ".join(str(one) for one in known if one is not None)
            raise NotAChoice(field=field, given=str(given)[:30], known=words)


def check_new(numbers: Sequence[str]) -> None:
    """Make sure that nobody has one of these ID numbers under an older key of the vault.

    Under the newest one the table itself does. 1 query, none while there is one key.
    Raises AlreadyRegistered.
    """
    older = older_indexes(numbers)
    if older and Person.objects.filter(id_number_index__in=older).exists():
        raise AlreadyRegistered(field="id_number")


def _covered(actor: Actor, action: str, region_code: str) -> None:
    if not actor.is_system and not actor.covers(action, region_code):
        raise Denied(action=action)


def _locked(actor: Actor, action: str, person_id: UUID) -> Person:
    rows = policies.scope(actor, Person.objects.select_for_update(of=("self",)), action)
    person = rows.filter(pk=person_id).first()
    if person is None:
        raise NoSuchPerson
    policies.authorise(actor, action, person)
    return person


@transaction.atomic
def register_person(
    *,
    actor: Actor,
    name: str,
    sex: str,
    birth_on: date,
    region_code: str,
    at: datetime,
    id_number: str = "",
    phone: str = "",
    living: str = "family",
    care_level: int | None = None,
) -> Person:
    """Register a person. Raises BadIdNumber, NotAChoice, AlreadyRegistered, Denied."""
    _covered(actor, "people.register_person", region_code)
    check_choices(sex=sex, living=living, care_level=care_level)
    pk = uuid7()
    person = Person(
        id=pk,
        name=name.strip(),
        pinyin="".join(lazy_pinyin(name)),
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
    _covered(actor, "people.add_home", region_code)
    home = Home(region_code=region_code, lat=lat, lon=lon, is_institution=is_institution)
    put_address(home, address)
    home.save(force_insert=True)
    audit.record_change(actor=actor, action="people.add_home", ref=f"people.Home/{home.pk}", at=at)
    return home


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
    _covered(actor, "people.add_home", home.region_code)
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


@transaction.atomic
def move_in(
    *, actor: Actor, person_id: UUID, home: Home, at: datetime, room: Room | None = None
) -> Residency:
    """Let a person live in a home from a moment on; the residency before ends then."""
    person = _locked(actor, "people.move_person", person_id)
    _covered(actor, "people.move_person", home.region_code)
    before = Residency.objects.filter(person=person, period__contains=at)
    for row in before.select_for_update():
        row.period = DateTimeTZRange(row.period.lower, at)
        row.save(update_fields=["period"])
    residency = Residency.objects.create(
        person=person, home=home, room=room, period=DateTimeTZRange(at, None)
    )
    if person.region_code != home.region_code:
        person.region_code = home.region_code
        person.save(update_fields=["region_code"])
    audit.record_change(
        actor=actor,
        action="people.move_person",
        ref=f"people.Person/{person.pk}",
        at=at,
        detail={"home": str(home.pk)},
    )
    bus.publish(events.PersonMoved(person_id=person.pk, home_id=home.pk))
    return residency


@transaction.atomic
def add_fact(
    *,
    actor: Actor,
    person_id: UUID,
    kind: str,
    code: str,
    text_zh: str,
    text_en: str,
    at: datetime,
    until: datetime | None = None,
    rank: int = 50,
    data: dict[str, Any] | None = None,
) -> PersonFact:
    """Tell what one must know of a person, from a moment on."""
    person = _locked(actor, "people.add_fact", person_id)
    fact = PersonFact.objects.create(
        person=person,
        kind=kind,
        code=code,
        text_zh=text_zh,
        text_en=text_en,
        rank=rank,
        data=data or {},
        period=DateTimeTZRange(at, until),
    )
    audit.record_change(
        actor=actor,
        action="people.add_fact",
        ref=f"people.Person/{person.pk}",
        at=at,
        detail={"fact": code},
    )
    bus.publish(events.PersonFactsChanged(person_id=person.pk))
    return fact


@transaction.atomic
def add_contact(
    *,
    actor: Actor,
    person_id: UUID,
    name: str,
    relation: str,
    phone: str,
    at: datetime,
    rank: int = 1,
    note_zh: str = "",
    note_en: str = "",
) -> Contact:
    """Name somebody to call for a person."""
    person = _locked(actor, "people.add_contact", person_id)
    contact = Contact(
        person=person, name=name, relation=relation, rank=rank, note_zh=note_zh, note_en=note_en
    )
    put_call(contact, phone)
    contact.save(force_insert=True)
    audit.record_change(
        actor=actor, action="people.add_contact", ref=f"people.Person/{person.pk}", at=at
    )
    return contact
