"""Reading people, actor first. What the actor may not see is masked here, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import get_language

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.access.roles import FIELD_CLASSES
from songhe.base.audit import services as audit
from songhe.domains.people import dates, lookup, sealing
from songhe.domains.people.models import Contact, Home, Person, PersonFact, Residency, Room
from songhe.kernel.errors import Conflict, NotFound


class NoSuchPerson(NotFound):
    code = "people.no_such_person"
    message = "This person does not exist, or is not open to you."


class PersonHasDied(Conflict):
    code = "people.person_has_died"
    message = "This person has died: nothing is measured of the dead."


VIEW = "people.view_person"
LIST = "people.list_persons"
ID_NUMBER_LENGTH = 18
MOST_FOUND = 200
Rooms = list[Room]  # as the selectors below return them


@dataclass(frozen=True, slots=True)
class FactLine:
    kind: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class ContactLine:
    """phone is None where the actor does not see contact data."""

    id: UUID
    name: str
    relation: str
    phone: str | None
    note: str


@dataclass(frozen=True, slots=True)
class RegionSpan:
    """In which region a person lived, half-open; None where the stretch has no known end."""

    person_id: UUID
    region_code: str
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person as the actor may see it; fields says which classes are open."""

    id: UUID
    name: str
    initial: str
    sex: str
    birth_on: date | None
    died_on: date | None
    living: str
    care_level: int | None
    region_code: str
    fields: frozenset[str]
    merged_ids: tuple[UUID, ...] = ()

    @property
    def ids(self) -> list[UUID]:
        """Return every id under which something was measured of the person, her own first."""
        return [self.id, *self.merged_ids]

    def age(self, today: date) -> int | None:
        """Return completed years of life, None where the date of birth is masked."""
        if self.birth_on is None:
            return None
        end = self.died_on or today
        before = (end.month, end.day) < (self.birth_on.month, self.birth_on.day)
        return end.year - self.birth_on.year - before


def masked_name(name: str) -> str:
    """Return a name with all but the family name hidden, such as 李＊＊ (look.md)."""
    return name[:1] + "＊" * max(1, len(name) - 1)


def _text(zh: str, en: str) -> str:
    return en if (get_language() or "zh-hans").startswith("en") and en else zh


def _view(actor: Actor, person: Person) -> PersonView:
    fields = policies.fields(actor, person) if not actor.is_system else FIELD_CLASSES
    open_name = "identity" in fields
    return PersonView(
        id=person.pk,
        name=person.name if open_name else masked_name(person.name),
        initial=person.name[:1],
        sex=person.sex,
        birth_on=person.birth_on,
        died_on=person.died_on,
        living=person.living,
        care_level=person.care_level,
        region_code=person.region_code,
        fields=fields,
        merged_ids=tuple(person.merged_ids),
    )


def get_person(actor: Actor, person_id: UUID, *, at: datetime) -> PersonView:
    """Return one person; the read is audited. Raises NoSuchPerson outside the scope.

    The id of a person that was merged answers with whom it was merged into.
    """
    rows = policies.scope(actor, Person.objects.all(), VIEW)
    person = rows.filter(pk=person_id).first()
    if person is not None and person.merged_into_id is not None:
        person = rows.filter(pk=person.merged_into_id).first()
    if person is None:
        raise NoSuchPerson
    audit.record_reads(actor=actor, action=VIEW, refs=[f"people.Person/{person.pk}"], at=at)
    return _view(actor, person)


def is_open(actor: Actor, person_id: UUID) -> bool:
    """Tell whether a person's page is open to the actor; nothing of the person is read."""
    return policies.scope(actor, Person.objects.filter(pk=person_id), VIEW).exists()


def person_views(actor: Actor, ids: Iterable[UUID]) -> dict[UUID, PersonView]:
    """Return persons by id for a list that already narrowed them (an alarm list); 1 query."""
    wanted = {pk for pk in ids if pk is not None}
    return {row.pk: _view(actor, row) for row in Person.objects.filter(pk__in=wanted)}


def list_persons(actor: Actor, *, region_prefix: str = "", action: str = LIST) -> QuerySet[Person]:
    """Return the living persons the actor may list, in the order of pinyin."""
    rows = policies.scope(actor, Person.objects.filter(died_on=None, merged_into=None), action)
    if region_prefix:
        rows = rows.filter(region_code__startswith=region_prefix)
    return rows.order_by("pinyin", "id")


@dataclass(frozen=True, slots=True)
class Found:
    """Persons whom some words fit, best first, the dead last; more: there are further ones."""

    persons: list[Person]
    more: bool


def find_persons(
    actor: Actor,
    words: str,
    *,
    action: str = LIST,
    region_prefix: str = "",
    named_only: bool = True,
) -> Found:
    """Return the persons whom words fit and the actor may list, at most MOST_FOUND; 2 queries.

    named_only: just where the actor sees names (`lookup.find_ids`).
    """
    ids = lookup.find_ids(
        actor,
        action,
        words,
        limit=MOST_FOUND + 1,
        region_prefix=region_prefix,
        named_only=named_only,
    )
    rows = policies.scope(actor, Person.objects.filter(pk__in=ids), action)
    by_id = rows.in_bulk() if ids else {}
    return Found([by_id[pk] for pk in ids[:MOST_FOUND] if pk in by_id], len(ids) > MOST_FOUND)


def named_in_full(actor: Actor, action: str, words: str, *, limit: int = 20) -> list[PersonView]:
    """Return persons by their full name or ID number for who sees no names, masked as ever.

    For an auditor with a complaint in hand: whoever calls writes the search into the audit.
    """
    found = find_persons(actor, words, action=action, named_only=False).persons
    asked = words.strip()
    is_number = len(asked) == ID_NUMBER_LENGTH  # found by its mark: it fits one person
    return [_view(actor, row) for row in found if is_number or row.name == asked][:limit]


def choose_persons(actor: Actor, action: str, words: str, *, limit: int = 20) -> list[PersonView]:
    """Return living persons for whom the actor may do an action; masked as ever.

    By words as `find_persons`; without any the first ones of the alphabet.
    """
    living = Person.objects.filter(died_on=None, merged_into=None)
    if words.strip():
        found = find_persons(actor, words, action=action, named_only=False).persons
        return [_view(actor, row) for row in found if row.died_on is None][:limit]
    rows = policies.scope(actor, living, action)
    return [_view(actor, row) for row in rows.order_by("pinyin", "id")[:limit]]


def choose_person(actor: Actor, action: str, person_id: UUID) -> PersonView:
    """Return one person for whom the actor may do an action. Raises NoSuchPerson."""
    row = policies.scope(actor, Person.objects.all(), action).filter(pk=person_id).first()
    if row is None:
        raise NoSuchPerson
    return _view(actor, row)


def view_of(actor: Actor, person: Person) -> PersonView:
    """Return a row of `list_persons` as the actor may see it."""
    return _view(actor, person)


def facts_of(person_ids: Iterable[UUID], *, at: datetime) -> dict[UUID, list[FactLine]]:
    """Return what one must know of persons now, most important first; 1 query."""
    found: dict[UUID, list[FactLine]] = {}
    rows = PersonFact.objects.filter(person__in=list(person_ids), period__contains=at)
    for row in rows.order_by("rank", "id"):
        line = FactLine(row.kind, row.code, _text(row.text_zh, row.text_en))
        found.setdefault(row.person_id, []).append(line)
    return found


def rule_data_of(person_id: UUID, *, at: datetime) -> dict[str, Any]:
    """Return the facts that rules read of a person, merged in the order of rank."""
    merged: dict[str, Any] = {}
    rows = PersonFact.objects.filter(person=person_id, period__contains=at).order_by("-rank", "id")
    for row in rows:
        merged |= row.data
    return merged


def contacts_of(actor: Actor, person: PersonView) -> list[ContactLine]:
    """Return whom to call, in order; numbers only where contact data is open."""
    see = "contact" in person.fields
    return [
        ContactLine(
            id=row.pk,
            name=row.name,
            relation=row.get_relation_display(),
            phone=sealing.call_of(row) if see else None,
            note=_text(row.note_zh, row.note_en),
        )
        for row in Contact.objects.filter(person=person.id, until_on=None, superseded_at=None)
    ]


def phone_of(person: PersonView) -> str | None:
    """Return the person's own number where contact data is open and one is known."""
    if "contact" not in person.fields:
        return None
    return sealing.phone_of(Person.objects.only("phone_sealed").get(pk=person.id))


def home_of(person_id: UUID, *, at: datetime) -> Home | None:
    """Return where a person lives at a moment, with rooms fetched."""
    row = (
        Residency.objects.filter(person=person_id, period__contains=at)
        .select_related("home")
        .first()
    )
    return row.home if row else None


def rooms_of(home: Home) -> list[Room]:
    """Return the rooms of a home in their order of making."""
    return list(Room.objects.filter(home=home).order_by("id"))


def rooms_in(home_id: UUID) -> list[Room]:
    """Return the rooms of a home, by its id, in their order of making."""
    return list(Room.objects.filter(home=home_id).order_by("id"))


def rooms_for(person_id: UUID, home_id: UUID, *, at: datetime) -> list[Room]:
    """Return the rooms where sensors speak of a person: the home's; in an institution her own."""
    own = Residency.objects.filter(person=person_id, period__contains=at).values("room")
    rows = Room.objects.filter(Q(home__is_institution=False) | Q(pk__in=own), home=home_id)
    return list(rows.order_by("id"))


def residents_by_home(home_ids: Iterable[UUID], *, at: datetime) -> dict[UUID, list[UUID]]:
    """Return who lives in homes at a moment, the oldest residency first; 1 query."""
    found: dict[UUID, list[UUID]] = {}
    rows = Residency.objects.filter(home__in=list(home_ids), period__contains=at).order_by("id")
    for home_id, person_id in rows.values_list("home", "person"):
        found.setdefault(home_id, []).append(person_id)
    return found


def homes_by_id(home_ids: Iterable[UUID]) -> dict[UUID, Home]:
    """Return homes by id; the caller has narrowed what they are looked at for."""
    return {home.pk: home for home in Home.objects.filter(pk__in=list(home_ids))}


def homes_by_person(person_ids: Iterable[UUID], *, at: datetime) -> dict[UUID, Home]:
    """Return where persons live now; 1 query."""
    rows = Residency.objects.filter(person__in=list(person_ids), period__contains=at)
    return {row.person_id: row.home for row in rows.select_related("home")}


def find_by_id_number(actor: Actor, number: str, *, at: datetime) -> PersonView | None:
    """Return the person with exactly this ID number, by its blind index."""
    found = sealing.number_indexes(number)
    rows = policies.scope(actor, Person.objects.all(), VIEW)
    person = rows.filter(id_number_index__in=found).first()
    if person is not None and person.merged_into_id is not None:
        person = rows.filter(pk=person.merged_into_id).first()
    return _view(actor, person) if person else None


def region_of(*, person_id: UUID | None, room_id: UUID | None) -> str:
    """Return the region code of a person, or else of the home of a room; one must be given."""
    if person_id is not None:
        return Person.objects.values_list("region_code", flat=True).get(pk=person_id)
    if room_id is None:
        raise ValueError("a person or a room is needed")
    return Room.objects.values_list("home__region_code", flat=True).get(pk=room_id)


def all_live(ids: Iterable[UUID]) -> None:
    """Make sure that nobody of these persons has died; 1 query, none for nobody.

    Raises PersonHasDied.
    """
    wanted = list(ids)
    if wanted and Person.objects.filter(pk__in=wanted, died_on__isnull=False).exists():
        raise PersonHasDied


def rooms_by_id(ids: Iterable[UUID]) -> dict[UUID, Room]:
    """Return rooms with their homes, by id; 1 query."""
    return {row.pk: row for row in Room.objects.filter(pk__in=list(ids)).select_related("home")}


def region_spans(*, since: datetime, until: datetime) -> Iterator[RegionSpan]:
    """Yield where every person lived in a stretch of time, for counts by region; 2 queries.

    By the homes of that time; a person without any home then counts where she is registered.
    """
    rows = Residency.objects.filter(period__overlap=(since, until))
    housed = set()
    for person_id, region, period in rows.values_list(
        "person", "home__region_code", "period"
    ).iterator():
        housed.add(person_id)
        yield RegionSpan(person_id, region, period.lower, period.upper)
    for person_id, region in Person.objects.values_list("id", "region_code").iterator():
        if person_id not in housed:
            yield RegionSpan(person_id, region, None, None)


def dead_among(ids: Iterable[UUID]) -> set[UUID]:
    """Return who of these persons has died; 1 query, none for nobody."""
    wanted = list(ids)
    if not wanted:
        return set()
    died = Q(merged_into=None, died_on__isnull=False) | Q(merged_into__died_on__isnull=False)
    return set(Person.objects.filter(died, pk__in=wanted).values_list("pk", flat=True))


def living_id(person_id: UUID) -> UUID | None:
    """Return whom an id stands for, also after a merge; None for the dead and the unknown."""
    rows = Person.objects.filter(pk=person_id).select_related("merged_into")
    person = rows.first()
    person = (person.merged_into or person) if person else None
    return person.pk if person is not None and person.died_on is None else None


def end_of_day(day: date) -> datetime:
    """Return the first moment after a day, where the install is."""
    return dates.end_of(day)
