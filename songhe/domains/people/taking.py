"""What becomes of the rows of an import: some at once, with the outcome of one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.regions import days
from songhe.domains.people import register, sealing
from songhe.domains.people.bulk import NewContact, NewHousehold, NewPerson, register_households
from songhe.domains.people.models import Home, Person, PersonRecord, Residency
from songhe.domains.people.services import AlreadyRegistered, recording
from songhe.domains.people.services.recording import BeforeBirth, Fact, InTheFuture
from songhe.engines.exchange.declaring import Taken
from songhe.engines.exchange.terms import Outcome
from songhe.kernel.errors import Conflict, Denied, Invalid, SongheError

CHOSEN = ("insurance", "assistance")
Row = Mapping[str, Any]


class OtherPerson(Conflict):
    code = "people.import_other_person"
    message = "This ID number is registered for another name, birth date or sex: check it."


class LivesElsewhere(Conflict):
    code = "people.import_lives_elsewhere"
    message = "This person is registered at another address: record the move with its date there."


class PerhapsThere(Conflict):
    code = "people.import_perhaps_there"
    message = (
        "A person of this name and birth date is registered already, with another phone number or"
        " none. Add the ID number, or register this one by hand."
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """Who is registered among the persons of some rows; changed: of whom something was recorded."""

    by_number: dict[bytes, Person]
    by_name: dict[tuple[str, date | None], list[Person]]
    changed: set[UUID] = field(default_factory=set)


def take_rows(
    actor: Actor, rows: Sequence[Taken], at: datetime, *, action: str
) -> list[Outcome | SongheError]:
    """Take some rows of PersonRowForm; return what became of each, in their order.

    Those that may speak of one person are taken one after the other, all others at once: so each
    row meets what the rows before it have said of the same person.
    """
    found: dict[int, Outcome | SongheError] = {}
    for turn in _turns(rows):
        taken = _take_turn(actor, [rows[index] for index in turn], at, action)
        found.update(zip(turn, taken, strict=True))
    return [found[index] for index in range(len(rows))]


def _turns(rows: Sequence[Taken]) -> Iterable[list[int]]:
    """Return the rows by turns: in one turn no two have the same ID number, or name and birth."""
    turns: list[list[int]] = []
    after: dict[object, int] = {}  # in which turn a person can be next
    for index, row in enumerate(rows):
        keys: list[object] = [(row.data["name"].strip(), row.data["birth_on"])]
        if row.data["id_number"]:
            keys.append(row.data["id_number"])
        turn = max(after.get(key, 0) for key in keys)
        after |= dict.fromkeys(keys, turn + 1)
        turns += [[]] if turn == len(turns) else []
        turns[turn].append(index)
    return turns


def _take_turn(
    actor: Actor, rows: Sequence[Taken], at: datetime, action: str
) -> list[Outcome | SongheError]:
    known = _known(rows, at)
    found: list[Outcome | SongheError | None] = [
        _compared(actor, row.data, known, at, action) for row in rows
    ]
    new = [index for index, one in enumerate(found) if one is None]
    taken = _registered(actor, [rows[index] for index in new], at, action)
    for index, one in zip(new, taken, strict=True):
        found[index] = one
    return [one for one in found if one is not None]


def _registered(
    actor: Actor, rows: Sequence[Taken], at: datetime, action: str
) -> list[Outcome | SongheError]:
    """Register persons in one go; where that is refused (somebody was faster), by halves."""
    if not rows:
        return []
    try:
        with transaction.atomic():
            _register(actor, [row.data for row in rows], at)
    except SongheError as error:
        if len(rows) == 1:
            return [_compared(actor, rows[0].data, _known(rows, at), at, action) or error]
        half = len(rows) // 2
        first = _registered(actor, rows[:half], at, action)
        return [*first, *_registered(actor, rows[half:], at, action)]
    return [Outcome.CREATED for _row in rows]


def _known(rows: Sequence[Taken], at: datetime) -> _Known:
    """Find who is registered, whoever may see it; 3 queries."""
    indexes = {
        index
        for row in rows
        if row.data["id_number"]
        for index in sealing.number_indexes(row.data["id_number"])
    }
    named = Q(
        name__in={row.data["name"].strip() for row in rows},
        birth_on__in={row.data["birth_on"] for row in rows},
    )
    known = _Known({}, {})
    wanted = Person.objects.filter(named | Q(id_number_index__in=indexes))
    for one in _with_all(wanted.order_by("pk"), at):
        if one.id_number_index is not None:
            known.by_number[bytes(one.id_number_index)] = one
        known.by_name.setdefault((one.name, one.birth_on), []).append(one)
    return known


def _compared(
    actor: Actor, data: Row, known: _Known, at: datetime, action: str
) -> Outcome | SongheError | None:
    """Return what becomes of a row that is refused or whose person is there, None of a new one."""
    try:
        person = _same(data, known)
        if person is not None:
            return _compare(actor, person, data, known, at, action)
        _check_new(actor, data, at, action)
    except SongheError as error:
        return error
    return None


def _same(data: Row, known: _Known) -> Person | None:
    """Return who is registered as the person of a row. Raises OtherPerson, PerhapsThere."""
    name, birth_on = data["name"].strip(), data["birth_on"]
    if data["id_number"]:
        for index in sealing.number_indexes(data["id_number"]):
            person = known.by_number.get(index)
            if person is None:
                continue
            if (person.name, person.birth_on) != (name, birth_on):
                raise OtherPerson(field="id_number")
            return person
    namesakes = known.by_name.get((name, birth_on), [])
    for person in namesakes:
        numbered = bool(data["id_number"]) and person.id_number_index is not None
        if not numbered and (sealing.phone_of(person) or "") == data["phone"]:
            return person
    if any(one.id_number_index is None or not data["id_number"] for one in namesakes):
        raise PerhapsThere(field="name")
    return None


def _compare(
    actor: Actor, person: Person, data: Row, known: _Known, at: datetime, action: str
) -> Outcome:
    """Record what a row says otherwise of a person. Raises what recording raises."""
    now, kept = person, person.merged_into_id or person.pk
    if person.merged_into_id is not None or kept in known.changed:
        now = _with_all(Person.objects.filter(pk=kept), at).get()
    if not policies.can(actor, action, now):
        raise AlreadyRegistered(field="id_number")
    facts = _differences(now, data)
    if not facts:
        return Outcome.UNCHANGED
    since = _since(data, at)
    with transaction.atomic():
        for fact in facts:
            recording.record_fact(actor=actor, person_id=now.pk, fact=fact, since=since, at=at)
    known.changed.add(now.pk)
    return Outcome.CHANGED


def _since(data: Row, at: datetime) -> datetime:
    return at if data["since_on"] is None else days.begin_of(data["since_on"])


def _with_all(rows: QuerySet[Person], at: datetime) -> QuerySet[Person]:
    """Fetch with persons where they live and what is recorded of them; 2 queries more."""
    stays = Residency.objects.filter(period__contains=at).select_related("home")
    records = PersonRecord.objects.filter(kind__in=CHOSEN, superseded_at=None)
    return rows.prefetch_related(
        Prefetch("residencies", queryset=stays),
        Prefetch("records", queryset=records.order_by("since_at")),
    )


def _differences(person: Person, data: Row) -> list[Fact]:
    """Return what a row says otherwise of a person fetched by `_with_all`."""
    found = []
    stay = next(iter(person.residencies.all()), None)
    if data["address"] and stay is not None and stay.home.address != data["address"].strip():
        raise LivesElsewhere(field="address")
    if data["id_number"] and person.id_number_index is None and person.merged_into_id is None:
        found.append(Fact(register.NUMBER, sealed=data["id_number"]))
    if data["phone"] and (sealing.phone_of(person) or "") != data["phone"]:
        found.append(Fact(register.PHONE, sealed=data["phone"]))
    if data["living"] and person.living != data["living"]:
        found.append(Fact(register.LIVING, data["living"]))
    held = {row.kind: row.value for row in person.records.all()}
    found += [
        Fact(kind, data[kind]) for kind in CHOSEN if data[kind] and held.get(kind) != data[kind]
    ]
    return found


def _check_new(actor: Actor, data: Row, at: datetime, action: str) -> None:
    """Refuse what would be refused of a new person, before she stops the others of her turn."""
    if data["birth_on"] > days.day_of(at):
        raise Invalid(field="birth_on")
    since_on = data["since_on"]
    if since_on is not None and since_on > days.day_of(at):
        raise InTheFuture(field="since_on")
    if since_on is not None and since_on < data["birth_on"]:
        raise BeforeBirth(field="since_on")
    if not actor.covers(action, data["community"]):
        raise Denied


def _register(actor: Actor, rows: Sequence[Row], at: datetime) -> None:
    """Register the persons of rows, who share an address in one home."""
    homes = _homes(rows)
    households: dict[tuple[str, str], list[NewPerson]] = {}
    for number, data in enumerate(rows):
        key = (data["community"], data["address"].strip() or f"\x00{number}")
        households.setdefault(key, []).append(_person(data, at))
    register_households(actor=actor, households=_households(households, homes), at=at)


def _households(
    found: Mapping[tuple[str, str], list[NewPerson]], homes: Mapping[tuple[str, str], Home]
) -> Iterator[NewHousehold]:
    for (community, address), persons in found.items():
        text = "" if address.startswith("\x00") else address
        yield NewHousehold(community, text, (), persons, home=homes.get((community, text)))


def _homes(rows: Sequence[Row]) -> dict[tuple[str, str], Home]:
    wanted = {
        index: (data["community"], data["address"].strip())
        for data in rows
        if data["address"].strip()
        for index in sealing.address_indexes(data["address"].strip())
    }
    known = Home.objects.filter(
        address_index__in=list(wanted), region_code__in={one for one, _text in wanted.values()}
    )
    found: dict[tuple[str, str], Home] = {}
    for home in known.order_by("-pk"):
        if home.address_index is not None:
            text = wanted[bytes(home.address_index)][1]
            found[home.region_code, text] = home
    return found


def _person(data: Row, at: datetime) -> NewPerson:
    contact = NewContact(
        data["contact_name"], data["contact_relation"] or "other", data["contact_phone"]
    )
    since = _since(data, at)
    return NewPerson(
        name=data["name"],
        sex=data["sex"] or "unknown",
        birth_on=data["birth_on"],
        id_number=data["id_number"],
        phone=data["phone"],
        living=data["living"] or "family",
        contacts=[contact] if data["contact_name"] else [],
        records=[(kind, data[kind], {}, since) for kind in CHOSEN if data[kind]],
        lives_since=since,
    )
