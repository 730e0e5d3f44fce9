"""Finding and choosing a person by words, an address or an ID number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.domains.people import lookup, sealing
from songhe.domains.people.models import Person
from songhe.domains.people.selectors.homes import residents_by_home
from songhe.domains.people.selectors.persons import (
    LIST,
    VIEW,
    NoSuchPerson,
    PersonView,
    open_row,
    view_of,
)

ID_NUMBER_LENGTH = 18
MOST_FOUND = 200


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
    return [view_of(actor, row) for row in found if is_number or row.name == asked][:limit]


def choose_persons(actor: Actor, action: str, words: str, *, limit: int = 20) -> list[PersonView]:
    """Return living persons for whom the actor may do an action; masked as ever.

    By words as `find_persons`; without any the first ones of the alphabet.
    """
    living = Person.objects.filter(died_on=None, merged_into=None)
    if words.strip():
        found = find_persons(actor, words, action=action, named_only=False).persons
        return [view_of(actor, row) for row in found if row.died_on is None][:limit]
    rows = policies.scope(actor, living, action)
    return [view_of(actor, row) for row in rows.order_by("pinyin", "id")[:limit]]


def choose_at_address(
    actor: Actor, action: str, words: str, *, at: datetime, limit: int = 20
) -> list[PersonView]:
    """Return living persons at an address that somebody says, for whom the actor may act."""
    homes = lookup.homes_at(actor, action, words)
    ids = [pk for some in residents_by_home(homes, at=at).values() for pk in some]
    rows = policies.scope(actor, Person.objects.filter(pk__in=ids, died_on=None), action)
    return [view_of(actor, row) for row in rows.order_by("pinyin", "id")[:limit]]


def choose_person(actor: Actor, action: str, person_id: UUID) -> PersonView:
    """Return one person for whom the actor may do an action. Raises NoSuchPerson."""
    row = policies.scope(actor, Person.objects.all(), action).filter(pk=person_id).first()
    if row is None:
        raise NoSuchPerson
    return view_of(actor, row)


def find_by_id_number(actor: Actor, number: str, *, at: datetime) -> PersonView | None:
    """Return the person with exactly this ID number, by its blind index."""
    found = sealing.number_indexes(number)
    person = open_row(actor, VIEW, id_number_index__in=found)
    return view_of(actor, person) if person else None
