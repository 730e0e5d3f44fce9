"""Persons and the register, for machines."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query
from pydantic import Field

from songhe.base.regions import days
from songhe.domains.people import (
    enrolling,
    piecewise,
    register,
    register_reads,
    selectors,
    services,
)
from songhe.domains.people.selectors import PersonView
from songhe.kit.api import (
    Answer,
    Day,
    Given,
    Line,
    Operations,
    Pieces,
    Prefix,
    Text,
)
from songhe.kit.asks import actor_of

operations = Operations("Persons")
ONE = "/persons/{uuid:person_id}"
Community = Annotated[str, Field(pattern=r"^[0-9]{12}$", description="A community, 12 digits.")]
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^\S([^\x00-\x1f\x7f]*\S)?$")]
Sex = Literal["male", "female", "unknown"]
Living = Literal["alone", "couple", "family", "institution"]


class Person(Answer):
    """A person as far as the key's account sees her.

    open: the classes of fields that are open; name is masked (陈＊＊) without identity.
    """

    id: UUID
    name: str
    sex: Sex
    age_years: int | None
    birth_on: date | None
    died_on: date | None
    living: Living
    care_level: int | None
    region_code: str
    open: list[str]


class Persons(Answer):
    items: list[Person]
    next: UUID | None


class Contact(Answer):
    """Somebody to call; phone is null where contact data is not open."""

    id: UUID
    name: str
    relation: str
    phone: str | None
    note: str


class Contacts(Answer):
    """The person's own phone, then whom to call in this order."""

    phone: str | None
    items: list[Contact]


class RegisterEntry(Answer):
    """One entry of the register. since_on null: from the beginning, as far as anybody told."""

    id: UUID | None
    value: str
    words: str
    level: str | None
    since_on: date | None
    until_on: date | None
    recorded_at: datetime | None


class RegisterKind(Answer):
    """One kind of fact: what holds now, and what held before, the newest first."""

    kind: str
    words: str
    current: RegisterEntry | None
    earlier: list[RegisterEntry]


class Register(Answer):
    person_id: UUID
    kinds: list[RegisterKind]


class ListAsked(Pieces):
    region: Prefix = ""
    words: Annotated[
        str,
        Field(
            max_length=40,
            pattern=r"^[^\x00-\x1f\x7f]*$",
            description="Name, pinyin, tail of a phone or an ID number; best first and one piece.",
        ),
    ] = ""


class NewPerson(Given):
    """Who is to be registered; birth date and sex follow from the ID number.

    The number keeps a repeated request from making a second person.
    """

    name: Name
    id_number: Annotated[str, Field(pattern=r"^[0-9]{17}[0-9X]$")]
    region_code: Community
    address: Line = ""
    lives_since: Day | None = None
    living: Living = "family"
    phone: Annotated[str, Field(pattern=r"^(\+?[0-9]{7,15})?$")] = ""
    another: Annotated[
        bool, Field(description="It is another one than the registered persons who are alike.")
    ] = False


class NewFact(Given):
    """What is true of a person since a day.

    value: a code of the kind's list, a name, a number; "died" for death; "elsewhere" for a home
    that is not known, else region_code and address. level: with a disability.
    """

    kind: Literal[
        "name", "id_number", "phone", "home", "living", "care_level", "disability", "insurance",
        "assistance", "death",
    ]  # fmt: skip
    value: Line = ""
    level: Literal["1", "2", "3", "4"] | None = None
    region_code: Community | None = None
    address: Line = ""
    since_on: Day
    note: Text = ""
    between: Annotated[
        bool, Field(description="A later entry holds, and this is true only until then.")
    ] = False


class Recorded(Answer):
    id: UUID


@operations.operation("GET", "/persons", action="people.list_persons", returns=Persons)
def list_persons(request: HttpRequest, asked: Query[ListAsked]) -> Any:
    """List living persons in the order of registration, or find some by words."""
    actor, now = actor_of(request), timezone.now()
    if asked.words.strip():
        piece = piecewise.find(
            actor, asked.words, region_prefix=asked.region, limit=asked.limit, at=now
        )
    else:
        piece = piecewise.list_piece(
            actor, region_prefix=asked.region, after=asked.after, limit=asked.limit, at=now
        )
    return Persons(items=[_person(one, now) for one in piece.persons], next=piece.next)


@operations.operation(
    "POST", "/persons", action="people.register_person", returns=Person, status=201, refuses=(409,)
)
def register_person(request: HttpRequest, given: NewPerson) -> Any:
    """Register a person. 409: the ID number is registered, or somebody alike is."""
    actor, now = actor_of(request), timezone.now()
    row = enrolling.enrol(actor=actor, at=now, **given.model_dump())
    return _person(selectors.view_of(actor, row), now)


@operations.operation("GET", ONE, action="people.view_person", returns=Person)
def get_person(request: HttpRequest, person_id: UUID) -> Any:
    """Tell one person. Who was merged answers with whom she was merged into: see id."""
    now = timezone.now()
    return _person(selectors.get_person(actor_of(request), person_id, at=now), now)


@operations.operation("GET", f"{ONE}/contacts", action="people.view_person", returns=Contacts)
def list_contacts(request: HttpRequest, person_id: UUID) -> Any:
    """Tell whom to call for a person, in order."""
    actor = actor_of(request)
    person = selectors.get_person(actor, person_id, at=timezone.now())
    return Contacts(
        phone=selectors.phone_of(person),
        items=[
            Contact(id=one.id, name=one.name, relation=one.relation, phone=one.phone, note=one.note)
            for one in selectors.contacts_of(actor, person)
        ],
    )


@operations.operation("GET", f"{ONE}/register", action="people.view_register", returns=Register)
def get_register(request: HttpRequest, person_id: UUID) -> Any:
    """Tell what the register says of a person, by kind, each with the day since when it is true."""
    found = register_reads.register_of(actor_of(request), person_id, at=timezone.now())
    return Register(person_id=person_id, kinds=[_kind(course) for course in found.values()])


@operations.operation(
    "POST",
    f"{ONE}/register",
    action="people.record_fact",
    returns=Recorded,
    status=201,
    refuses=(409,),
)
def record_fact(request: HttpRequest, person_id: UUID, given: NewFact) -> Any:
    """Record a fact with its true day. 409: there is an entry of this day, or a later one."""
    row = enrolling.record(
        actor=actor_of(request),
        person_id=person_id,
        fact=_fact(given),
        since=given.since_on,
        between=given.between,
        at=timezone.now(),
    )
    return Recorded(id=row.pk)


def _fact(given: NewFact) -> services.Fact:
    kind = register.kinds()[given.kind]
    if kind.form == "home" and given.region_code is not None:
        return services.Fact(
            kind.code, note=given.note, region_code=given.region_code, address=given.address
        )
    if kind.form == "sealed":
        return services.Fact(kind.code, sealed=given.value.strip(), note=given.note)
    data: dict[str, str] = {"level": given.level} if given.level is not None else {}
    return services.Fact(kind.code, given.value.strip(), data=data, note=given.note)


def _person(view: PersonView, at: datetime) -> Person:
    named = "identity" in view.fields
    return Person(
        id=view.id,
        name=view.name,
        sex=view.sex,  # type: ignore[arg-type]  # a choice, held by the database
        age_years=view.age(days.day_of(at)),
        birth_on=view.birth_on if named else None,
        died_on=view.died_on,
        living=view.living,  # type: ignore[arg-type]
        care_level=view.care_level if "health" in view.fields else None,
        region_code=view.region_code,
        open=sorted(view.fields),
    )


def _kind(course: register_reads.Course) -> RegisterKind:
    current = course.current
    return RegisterKind(
        kind=course.kind.code,
        words=str(course.kind.label),
        current=_entry(current) if current is not None else None,
        earlier=[_entry(line) for line in course.rows if line is not current],
    )


def _entry(line: register_reads.Line) -> RegisterEntry:
    return RegisterEntry(
        id=line.id,
        value=line.value,
        words=line.words,
        level=line.data.get("level"),
        since_on=line.since_on,
        until_on=line.until_on,
        recorded_at=line.recorded_at,
    )
