"""Reading the register of a person: what holds, since when, and everything that was recorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.utils.translation import gettext as _

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.regions import days
from songhe.domains.people import projecting, register, sealing
from songhe.domains.people.models import Home, Person, PersonRecord, Residency
from songhe.domains.people.register import Kind
from songhe.domains.people.selectors import NoSuchPerson, open_row
from songhe.domains.people.services.recording import NoSuchRecord

VIEW = "people.view_register"
OUTSIDE = ("home", "death")  # kinds whose entries a person's row does not say by itself


@dataclass(frozen=True, slots=True)
class Line:
    """One entry. since_on None: true from the beginning, as far as anybody told."""

    id: UUID | None
    value: str
    words: str
    since_on: date | None
    until_on: date | None
    recorded_at: datetime | None
    recorded_by: str
    note: str
    data: dict[str, str]
    wrong_since: datetime | None = None
    wrong_because: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """A kind of fact: what holds now, what held before (newest first), what was wrong."""

    kind: Kind
    current: Line | None
    rows: list[Line]
    wrong: list[Line]


def register_of(actor: Actor, person_id: UUID, *, at: datetime) -> dict[str, Course]:
    """Return what the register says of a person, by kind, as far as it is open; audited.

    3 queries and those of access. Raises NoSuchPerson.
    """
    person = person_in_register(actor, person_id)
    fields = _fields(actor, person)
    kinds = [kind for kind in register.kinds().values() if kind.field in fields]
    rows: dict[str, list[PersonRecord]] = {}
    for row in PersonRecord.objects.filter(person=person).order_by("-since_at", "-recorded_at"):
        rows.setdefault(row.kind, []).append(row)
    homes = _homes(row.value for row in rows.get(register.HOME, ()))
    audit.record_reads(actor=actor, action=VIEW, refs=[f"people.Person/{person.pk}"], at=at)
    return {kind.code: _course(person, kind, rows.get(kind.code, []), homes, at) for kind in kinds}


def record_of(actor: Actor, record_id: UUID) -> tuple[Person, Kind, Line]:
    """Return an entry that holds, to be corrected. Raises NoSuchRecord."""
    row = PersonRecord.objects.filter(pk=record_id, superseded_at=None).first()
    if row is None:
        raise NoSuchRecord
    try:
        person = person_in_register(actor, row.person_id)
    except NoSuchPerson:
        raise NoSuchRecord from None
    kind = register.kinds()[row.kind]
    if kind.field not in _fields(actor, person):
        raise NoSuchRecord
    return person, kind, _line(person, kind, row, _homes([row.value]), None)


def person_in_register(actor: Actor, person_id: UUID) -> Person:
    """Return a person's row where her register is open; merged ones lead on."""
    person = open_row(actor, VIEW, pk=person_id)
    if person is None:
        raise NoSuchPerson
    return person


def _fields(actor: Actor, person: Person) -> frozenset[str]:
    if actor.is_system:
        return frozenset(kind.field for kind in register.kinds().values())
    return policies.fields(actor, person)


def _homes(values: Iterable[str]) -> dict[str, Home]:
    wanted = {value for value in values if value and value != register.ELSEWHERE and "-" in value}
    return {str(home.pk): home for home in Home.objects.filter(pk__in=wanted)}


def _course(
    person: Person, kind: Kind, found: list[PersonRecord], homes: dict[str, Home], at: datetime
) -> Course:
    believed = [row for row in found if row.superseded_at is None]
    lines, until = [], None
    for row in believed:
        lines.append(_line(person, kind, row, homes, until))
        until = days.day_of(row.since_at)
    if not found and (said := _from_row(person, kind, at)) is not None:
        lines = [said]
    wrong = [_line(person, kind, row, homes, None) for row in found if row.superseded_at]
    return Course(kind, lines[0] if lines else None, lines, wrong)


def _line(
    person: Person, kind: Kind, row: PersonRecord, homes: dict[str, Home], until: date | None
) -> Line:
    begins = projecting.first_moment(person)
    return Line(
        id=row.pk,
        value=row.value or sealing.value_of(row),
        words=_words(kind, row, homes),
        since_on=None if row.since_at <= begins else days.day_of(row.since_at),
        until_on=until,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by_name,
        note=sealing.note_of(row),
        data=row.data,
        wrong_since=row.superseded_at,
        wrong_because=row.superseded_reason,
    )


def _words(kind: Kind, row: PersonRecord, homes: dict[str, Home]) -> str:
    if kind.form == "choice":
        words = [str(kind.values.get(row.value, row.value))]
        if row.data.get("level") in kind.levels:
            words.append(str(kind.levels[row.data["level"]]))
        return " ".join(words)
    if kind.form == "home":
        home = homes.get(row.value)
        return _("moved away, where to is not known") if home is None else address_of(home)
    if kind.form == "death":
        return _("died")
    return row.value or sealing.value_of(row)


def address_of(home: Home) -> str:
    """Return a home's address, or that none is known. Raises VaultClosed."""
    return home.address or _("address not known")


def _from_row(person: Person, kind: Kind, at: datetime) -> Line | None:
    """Return what a person's row says of a kind of which nothing was recorded since."""
    value, since_on = "", None
    if kind.code == register.NAME:
        value = person.name
    elif kind.code == register.NUMBER:
        value = sealing.id_number_of(person) or ""
    elif kind.code == register.PHONE:
        value = sealing.phone_of(person) or ""
    elif kind.code == register.LIVING:
        value = person.living
    elif kind.code == register.CARE_LEVEL:
        value = "" if person.care_level is None else str(person.care_level)
    words = str(kind.values.get(value, value))
    if kind.code == register.HOME:
        stay = Residency.objects.filter(person=person, period__contains=at)
        row = stay.select_related("home").first()
        if row is not None:
            value, words = str(row.home_id), address_of(row.home)
            since_on = days.day_of(row.period.lower)
    if not value:
        return None
    return Line(None, value, words, since_on, None, person.created_at, "", "", {})


def numbers_of(actor: Actor, person_id: UUID) -> str:
    """Return a person's ID number, also where it stands with an entry merged into hers."""
    person = person_in_register(actor, person_id)
    if "identity" not in _fields(actor, person):
        return ""
    rows = [person, *Person.objects.filter(merged_into=person).order_by("pk")]
    return next((found for row in rows if (found := sealing.id_number_of(row))), "")
