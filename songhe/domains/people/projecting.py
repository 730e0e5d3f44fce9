"""What follows from the records of a person: her row, and where she lived when."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from songhe.base.regions import days
from songhe.domains.people import idnumber, register, sealing
from songhe.domains.people.models import Home, Person, PersonRecord, Residency
from songhe.engines.search.words import first_reading

LONG_AGO = date(1900, 1, 1)  # before anybody's birth
Span = tuple[UUID, UUID | None, datetime, datetime | None]


def first_moment(person: Person) -> datetime:
    """Return since when something is true whose beginning nobody told: birth, or long ago."""
    return days.begin_of(person.birth_on or LONG_AGO)


def believed(person: Person, kind: str = "") -> list[PersonRecord]:
    """Return the records that hold, in the order of when they became true."""
    rows = PersonRecord.objects.filter(person=person, superseded_at=None).order_by("since_at", "id")
    return list(rows.filter(kind=kind) if kind else rows)


def take_over(person: Person, kind: str) -> None:
    """Write as records what the row of a person says, when a kind is recorded the first time."""
    if PersonRecord.objects.filter(person=person, kind=kind).exists():
        return
    if kind == register.HOME:
        _take_over_homes(person)
        return
    value, sealed = "", ""
    if kind == register.LIVING:
        value = person.living
    elif kind == register.CARE_LEVEL and person.care_level is not None:
        value = str(person.care_level)
    elif kind == register.NAME:
        value = person.name
    elif kind == register.PHONE:
        sealed = sealing.phone_of(person) or ""
    elif kind == register.NUMBER:
        sealed = sealing.id_number_of(person) or ""
    if value or sealed:
        row = _record(person, kind, value, first_moment(person))
        if sealed:
            sealing.put_value(row, sealed)
        row.save(force_insert=True)


def _record(
    person: Person, kind: str, value: str, since: datetime, **more: dict[str, str]
) -> PersonRecord:
    return PersonRecord(
        person=person,
        kind=kind,
        value=value,
        since_at=since,
        recorded_at=person.created_at,
        **more,
    )


def _take_over_homes(person: Person) -> None:
    rows, ends = [], None
    for one in Residency.objects.filter(person=person).order_by("period"):
        if ends is not None and ends < one.period.lower:
            rows.append(_record(person, register.HOME, register.ELSEWHERE, ends))
        data = {"room": str(one.room_id)} if one.room_id else {}
        rows.append(_record(person, register.HOME, str(one.home_id), one.period.lower, data=data))
        ends = one.period.upper
    if ends is not None and person.died_on is None:
        rows.append(_record(person, register.HOME, register.ELSEWHERE, ends))
    PersonRecord.objects.bulk_create(rows)


def apply(person: Person, *, at: datetime) -> None:
    """Let a person's row and residencies say what the records say at a moment."""
    newest: dict[str, PersonRecord] = {}
    for row in believed(person):
        if row.since_at <= at:
            newest[row.kind] = row
    _apply_row(person, newest, at)
    if PersonRecord.objects.filter(person=person, kind=register.HOME).exists():
        _apply_homes(person)
        person.region_code = _region_of(newest.get(register.HOME)) or person.region_code
    elif person.died_on is not None:
        _end_residencies(person)
    person.save()


def _apply_row(person: Person, newest: dict[str, PersonRecord], at: datetime) -> None:
    if register.NAME in newest:
        person.name = newest[register.NAME].value
        person.pinyin = first_reading(person.name)
    if register.LIVING in newest:
        person.living = newest[register.LIVING].value
    if register.CARE_LEVEL in newest:
        person.care_level = int(newest[register.CARE_LEVEL].value)
    if register.PHONE in newest:
        phone = sealing.value_of(newest[register.PHONE])
        if phone != (sealing.phone_of(person) or ""):
            if phone:
                sealing.put_phone(person, phone)
            else:
                person.phone_sealed = None
    if register.NUMBER in newest:
        number = sealing.value_of(newest[register.NUMBER])
        if number and number != sealing.id_number_of(person):
            today = days.day_of(at)
            sealing.put_id_number(person, number, today=today)
            _, person.birth_on, person.sex = idnumber.parse(number, today=today)
    death = newest.get(register.DEATH)
    person.died_on = None if death is None else days.day_of(death.since_at)


def _region_of(row: PersonRecord | None) -> str:
    if row is None or row.value == register.ELSEWHERE:
        return ""
    return Home.objects.values_list("region_code", flat=True).get(pk=row.value)


def _spans(person: Person) -> list[Span]:
    """Return (home, room, since, until) of every stay, until the end of the day of death."""
    rows = believed(person, register.HOME)
    ends = None if person.died_on is None else days.end_of(person.died_on)
    found: list[Span] = []
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        until = after.since_at if after is not None else None
        if ends is not None:
            until = ends if until is None else min(until, ends)
        if row.value == register.ELSEWHERE or (until is not None and until <= row.since_at):
            continue
        room = row.data.get("room")
        found.append((UUID(row.value), UUID(room) if room else None, row.since_at, until))
    return found


def _apply_homes(person: Person) -> None:
    wanted = set(_spans(person))
    for one in Residency.objects.select_for_update().filter(person=person):
        span = (one.home_id, one.room_id, one.period.lower, one.period.upper)
        if span in wanted:
            wanted.discard(span)
        else:
            one.delete()
    Residency.objects.bulk_create(
        Residency(person=person, home_id=home, room_id=room, period=DateTimeTZRange(since, until))
        for home, room, since, until in sorted(wanted, key=lambda span: span[2])
    )


def _end_residencies(person: Person) -> None:
    """Without records of homes: take them over, so that a withdrawn death finds them again."""
    if Residency.objects.filter(person=person).exists():
        died_on, person.died_on = person.died_on, None
        _take_over_homes(person)
        person.died_on = died_on
        _apply_homes(person)
