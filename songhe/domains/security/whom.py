"""The persons whom an auditor names in her work.

The wall shows her no row of a person, and so nothing that hangs on one: here alone it is lifted,
for the name, masked as ever, of who lives where the role reaches.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from songhe.base.access import wall
from songhe.base.access.actor import Actor
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView


def chosen(actor: Actor, action: str, person_id: UUID) -> PersonView:
    """Return a person for whom the actor may do an action. Raises NoSuchPerson."""
    with wall.lifted():
        return people.choose_person(actor, action, person_id)


def named_in_full(actor: Actor, action: str, words: str) -> list[PersonView]:
    """Return persons by full name or ID number, where the actor may do an action."""
    with wall.lifted():
        return people.named_in_full(actor, action, words)


def within(actor: Actor, action: str, ids: Iterable[UUID]) -> dict[UUID, PersonView]:
    """Return those of these persons who live where the actor's roles carry an action; 1 query."""
    with wall.lifted():
        views = people.person_views(actor, ids)
    return {pk: view for pk, view in views.items() if actor.covers(action, view.region_code)}
