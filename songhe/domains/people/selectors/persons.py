"""Persons as the actor may see them; what she may not see is masked here, once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.access.roles import FIELD_CLASSES
from songhe.base.audit import services as audit
from songhe.base.regions import days
from songhe.domains.people.models import Person
from songhe.domains.people.terms import NO_NAME
from songhe.kernel.errors import Conflict, NotFound

VIEW = "people.view_person"
LIST = "people.list_persons"


class NoSuchPerson(NotFound):
    code = "people.no_such_person"
    message = "This person does not exist, or is not open to you."


class PersonHasDied(Conflict):
    code = "people.person_has_died"
    message = "This person has died: nothing is measured of the dead."


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
    """Return a name with all but the family name hidden, such as 李＊＊ (look.md).

    That a name is not known hides nobody.
    """
    if name == NO_NAME:
        return name
    return name[:1] + "＊" * max(1, len(name) - 1)


def view_of(actor: Actor, person: Person) -> PersonView:
    """Return a row of `list_persons` as the actor may see it."""
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


def open_row(actor: Actor, action: str, **which: Any) -> Person | None:
    """Return the one row that is open for an action; that of a merged person leads on."""
    rows = policies.scope(actor, Person.objects.all(), action)
    person = rows.filter(**which).first()
    if person is not None and person.merged_into_id is not None:
        person = rows.filter(pk=person.merged_into_id).first()
    return person


def get_person(actor: Actor, person_id: UUID, *, at: datetime) -> PersonView:
    """Return one person; the read is audited. Raises NoSuchPerson outside the scope.

    The id of a person that was merged answers with whom it was merged into.
    """
    person = open_row(actor, VIEW, pk=person_id)
    if person is None:
        raise NoSuchPerson
    audit.record_reads(actor=actor, action=VIEW, refs=[f"people.Person/{person.pk}"], at=at)
    return view_of(actor, person)


def is_open(actor: Actor, person_id: UUID) -> bool:
    """Tell whether a person's page is open to the actor; nothing of the person is read."""
    return policies.scope(actor, Person.objects.filter(pk=person_id), VIEW).exists()


def person_views(actor: Actor, ids: Iterable[UUID]) -> dict[UUID, PersonView]:
    """Return persons by id for a list that already narrowed them (an alarm list); 1 query."""
    wanted = {pk for pk in ids if pk is not None}
    return {row.pk: view_of(actor, row) for row in Person.objects.filter(pk__in=wanted)}


def list_persons(actor: Actor, *, region_prefix: str = "", action: str = LIST) -> QuerySet[Person]:
    """Return the living persons the actor may list, in the order of pinyin."""
    rows = policies.scope(actor, Person.objects.filter(died_on=None, merged_into=None), action)
    if region_prefix:
        rows = rows.filter(region_code__startswith=region_prefix)
    return rows.order_by("pinyin", "id")


def all_live(ids: Iterable[UUID]) -> None:
    """Make sure that nobody of these persons has died; 1 query, none for nobody.

    Raises PersonHasDied.
    """
    wanted = list(ids)
    if wanted and Person.objects.filter(pk__in=wanted, died_on__isnull=False).exists():
        raise PersonHasDied


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
    return days.end_of(day)
