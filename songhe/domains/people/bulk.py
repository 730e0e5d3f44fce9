"""Registering many households at once (taking over another system's data, the demo county).

The same rules as `services`, row by row: rights, ID numbers, sealing, audit. A load publishes no
events, because a thousand reactions would only do a thousand times what its caller does once
afterwards: write the snapshots of devices and the facts that rules read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.database.copying import copy_in
from songhe.domains.people import indexing
from songhe.domains.people.models import (
    Contact,
    Home,
    Person,
    PersonFact,
    PersonRecord,
    Residency,
    Room,
)
from songhe.domains.people.sealing import put_address, put_call, put_fact, put_id_number, put_phone
from songhe.domains.people.services import AlreadyRegistered, check_choices, check_new
from songhe.engines.search.services import Entry
from songhe.engines.search.words import first_reading
from songhe.kernel.errors import Denied
from songhe.kernel.ids import uuid7


@dataclass(frozen=True, slots=True)
class NewFact:
    """As the arguments of `services.add_fact`."""

    kind: str
    code: str
    text_zh: str
    text_en: str
    rank: int = 50
    data: dict[str, Any] = field(default_factory=dict)
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewContact:
    """As the arguments of `services.add_contact`."""

    name: str
    relation: str
    phone: str
    rank: int = 1
    note_zh: str = ""
    note_en: str = ""


@dataclass(frozen=True, slots=True)
class NewPerson:
    """As the arguments of `services.register_person`; room is an index of the home's rooms.

    records: (kind, value, data, since) of the register, choices alone.
    """

    name: str
    sex: str
    birth_on: date
    id_number: str = ""
    phone: str = ""
    living: str = "family"
    care_level: int | None = None
    facts: Sequence[NewFact] = ()
    contacts: Sequence[NewContact] = ()
    room: int | None = None
    records: Sequence[tuple[str, str, dict[str, str], datetime]] = ()
    lives_since: datetime | None = None  # in the home, where that is another moment than the load's


@dataclass(frozen=True, slots=True)
class NewRoom:
    """A room and its rectangle (x, y, width, height) in metres."""

    kind: str
    name: str
    rectangle: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class NewHousehold:
    """A dwelling, its rooms and who lives there. lat and lon are WGS 84 degrees."""

    region_code: str
    address: str
    rooms: Sequence[NewRoom]
    persons: Sequence[NewPerson]
    lat: float | None = None
    lon: float | None = None
    is_institution: bool = False
    home: Home | None = None  # one that is known already


@dataclass(frozen=True, slots=True)
class Housed:
    """What was made of a household, in its order."""

    home: Home
    rooms: list[Room]
    persons: list[Person]


class _Load:
    """The rows of one load, gathered and then written table by table."""

    def __init__(self, actor: Actor, at: datetime) -> None:
        self.actor = actor
        self.at = at
        self.period = DateTimeTZRange(at, None)
        self.homes: list[Home] = []
        self.rooms: list[Room] = []
        self.persons: list[Person] = []
        self.numbers: list[str] = []
        self.entries: list[Entry] = []
        self.residencies: list[Residency] = []
        self.facts: list[PersonFact] = []
        self.contacts: list[Contact] = []
        self.records: list[PersonRecord] = []
        self.changes: list[tuple[str, str, dict[str, Any]]] = []

    def household(self, new: NewHousehold) -> Housed:
        if not self.actor.is_system:
            for action in ("people.register_person", "people.add_home", "people.move_person"):
                if not self.actor.covers(action, new.region_code):
                    raise Denied(action=action)
        if new.home is not None:
            return Housed(new.home, [], [self._person(row, new.home, []) for row in new.persons])
        home = Home(
            region_code=new.region_code,
            lat=new.lat,
            lon=new.lon,
            is_institution=new.is_institution,
        )
        put_address(home, new.address)
        rooms = [Room(id=uuid7(), home=home, kind=r.kind, name=r.name) for r in new.rooms]
        home.plan = _plan(rooms, new.rooms)
        self.homes.append(home)
        self.rooms += rooms
        self.changes.append(("people.add_home", f"people.Home/{home.pk}", {}))
        persons = [self._person(row, home, rooms) for row in new.persons]
        return Housed(home, rooms, persons)

    def _person(self, new: NewPerson, home: Home, rooms: list[Room]) -> Person:
        check_choices(sex=new.sex, living=new.living, care_level=new.care_level)
        pk = uuid7()
        person = Person(
            id=pk,
            name=new.name.strip(),
            pinyin=first_reading(new.name),
            sex=new.sex,
            birth_on=new.birth_on,
            region_code=home.region_code,
            living=new.living,
            care_level=new.care_level,
        )
        number = ""
        if new.id_number:
            number = put_id_number(person, new.id_number, today=self.at.date())
            self.numbers.append(number)
        if new.phone:
            put_phone(person, new.phone)
        self.persons.append(person)
        calls = [one.phone for one in new.contacts]
        entry = indexing.new_entry(person, phone=new.phone, number=number, calls=calls)
        self.entries.append(entry)
        room = None if new.room is None else rooms[new.room]
        period = self.period if new.lives_since is None else DateTimeTZRange(new.lives_since, None)
        self.residencies.append(Residency(person=person, home=home, room=room, period=period))
        ref = f"people.Person/{pk}"
        self.changes.append(("people.register_person", ref, {}))
        self.changes.append(("people.move_person", ref, {"home": str(home.pk)}))
        for fact in new.facts:
            self._fact(person, fact)
        for contact in new.contacts:
            self._contact(person, contact)
        self.records += [
            PersonRecord(
                person=person,
                kind=kind,
                value=value,
                data=data,
                since_at=since,
                recorded_at=self.at,
                recorded_by=self.actor.user_id,
                recorded_by_name=self.actor.display_name,
            )
            for kind, value, data, since in new.records
        ]
        return person

    def _fact(self, person: Person, new: NewFact) -> None:
        fact = PersonFact(
            person=person,
            kind=new.kind,
            code=new.code,
            rank=new.rank,
            data=new.data,
            period=DateTimeTZRange(self.at, new.until),
        )
        put_fact(fact, new.text_zh, new.text_en)
        self.facts.append(fact)
        self.changes.append(("people.add_fact", f"people.Person/{person.pk}", {"fact": new.code}))

    def _contact(self, person: Person, new: NewContact) -> None:
        contact = Contact(
            person=person,
            name=new.name,
            relation=new.relation,
            rank=new.rank,
            note_zh=new.note_zh,
            note_en=new.note_en,
        )
        put_call(contact, new.phone)
        self.contacts.append(contact)
        self.changes.append(("people.add_contact", f"people.Person/{person.pk}", {}))

    def write(self) -> None:
        copy_in(Home, self.homes)
        copy_in(Room, self.rooms)
        check_new(self.numbers)
        try:
            with transaction.atomic():
                copy_in(Person, self.persons)
        except IntegrityError:
            raise AlreadyRegistered(field="id_number") from None
        indexing.add(self.entries)
        copy_in(Residency, self.residencies)
        copy_in(PersonFact, self.facts)
        copy_in(Contact, self.contacts)
        copy_in(PersonRecord, self.records)
        audit.record_changes(
            actor=self.actor,
            changes=[(action, ref, self.at, detail) for action, ref, detail in self.changes],
        )


def _plan(rooms: Sequence[Room], given: Sequence[NewRoom]) -> dict[str, Any]:
    """Return the floor plan of `models.Home` from the rooms that have a rectangle."""
    rows = [
        {"room": str(room.pk), "x": box[0], "y": box[1], "w": box[2], "h": box[3]}
        for room, new in zip(rooms, given, strict=True)
        if (box := new.rectangle) is not None
    ]
    if not rows:
        return {}
    return {
        "rooms": rows,
        "width": max(box[0] + box[2] for new in given if (box := new.rectangle)),
        "height": max(box[1] + box[3] for new in given if (box := new.rectangle)),
    }


@transaction.atomic
def register_households(
    *, actor: Actor, households: Iterable[NewHousehold], at: datetime
) -> list[Housed]:
    """Register households with everybody who lives in them since `at`; return them in order.

    Raises BadIdNumber, NotAChoice, AlreadyRegistered, Denied; then nothing of the load was stored.
    """
    load = _Load(actor, at)
    found = [load.household(new) for new in households]
    load.write()
    return found
