"""Reading a contact to be changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.domains.people import sealing
from songhe.domains.people.models import Contact, Person
from songhe.domains.people.selectors import NoSuchPerson
from songhe.domains.people.services.contacts import NoSuchContact

WRITE = "people.add_contact"


@dataclass(frozen=True, slots=True)
class Editable:
    """A contact with what a form shows of it."""

    id: UUID
    person_id: UUID
    initial: dict[str, Any]


def check_may_write(actor: Actor, person_id: UUID) -> None:
    """Make sure that the actor may name contacts of a person. Raises NoSuchPerson."""
    if not policies.scope(actor, Person.objects.filter(pk=person_id), WRITE).exists():
        raise NoSuchPerson


def contact_of(actor: Actor, contact_id: UUID) -> Editable:
    """Return a contact that holds and may be changed, with its number. Raises NoSuchContact."""
    row = Contact.objects.filter(pk=contact_id, superseded_at=None, until_on=None).first()
    if row is None:
        raise NoSuchContact
    found = policies.scope(actor, Person.objects.filter(pk=row.person_id), WRITE).first()
    if found is None:
        raise NoSuchContact
    if not actor.is_system and "contact" not in policies.fields(actor, found):
        raise NoSuchContact
    initial = {
        "name": row.name,
        "relation": row.relation,
        "phone": sealing.call_of(row),
        "rank": row.rank,
        "since_on": row.since_on,
    }
    return Editable(row.pk, row.person_id, initial)
