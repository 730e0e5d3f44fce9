"""Whose bed a form is about: as much of name, address and number as the reader may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from songhe.base.access.actor import Actor
from songhe.domains.homecare.models import HomeBed
from songhe.domains.people import selectors as people


@dataclass(frozen=True, slots=True)
class Whom:
    """Whose bed it is. address and phone are "" where they are not open or not known."""

    name: str
    age: int | None
    address: str
    phone: str


def whom(actor: Actor, bed: HomeBed, *, today: date) -> Whom | None:
    """Return whose bed it is; None where nothing of her is open. At most 3 queries."""
    person = people.person_views(actor, [bed.person_id]).get(bed.person_id)
    if person is None:
        return None
    address = (bed.home.address or "") if "home" in person.fields else ""
    return Whom(person.name, person.age(today), address, people.phone_of(person) or "")
