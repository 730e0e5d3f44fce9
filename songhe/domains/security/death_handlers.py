"""Who acts for a person stops with her death, and goes on where the death was a mistake."""

from __future__ import annotations

from django.utils import timezone

from songhe.base.consent import guardians
from songhe.base.events.bus import handles
from songhe.domains.people.events import PersonDeathWithdrawn, PersonDied


@handles(PersonDied)
def on_person_died(event: PersonDied) -> None:
    """End what guardians do for her."""
    guardians.end_with_death(person_id=event.person_id, at=timezone.now())


@handles(PersonDeathWithdrawn)
def on_person_death_withdrawn(event: PersonDeathWithdrawn) -> None:
    """Let her guardians act again."""
    guardians.begin_again(person_id=event.person_id, at=timezone.now())
