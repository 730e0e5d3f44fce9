"""Legal holds as an officer places them: on a person of her region, on a class of data."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from songhe.base.access.actor import Actor
from songhe.base.retention import holds
from songhe.base.retention.models import Hold
from songhe.domains.people.selectors import PersonView
from songhe.domains.security import whom


def chosen(actor: Actor, person_id: UUID) -> PersonView:
    """Return the person whom a hold is to be placed on. Raises NoSuchPerson."""
    return whom.chosen(actor, holds.KEEP, person_id)


def named(actor: Actor, words: str) -> list[PersonView]:
    """Return persons by full name or ID number, where the actor places holds."""
    return whom.named_in_full(actor, holds.KEEP, words) if words.strip() else []


def hold_person(
    *,
    actor: Actor,
    person_id: UUID,
    paper: str,
    reason: str,
    since: datetime,
    until: datetime | None,
    at: datetime,
) -> Hold:
    """Hold all data of a person. Raises NoSuchPerson and what `holds.place` raises."""
    person = chosen(actor, person_id)
    return holds.place(
        actor=actor,
        person_id=person.id,
        region_code=person.region_code,
        paper=paper,
        reason=reason,
        since=since,
        until=until,
        at=at,
    )
