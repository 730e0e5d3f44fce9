"""Reactions to facts about people: what rules must know of them is written anew."""

from __future__ import annotations

from django.utils import timezone

from songhe.base.events.bus import handles
from songhe.domains.monitoring import services
from songhe.domains.people.events import (
    PersonDeathWithdrawn,
    PersonDied,
    PersonFactsChanged,
    PersonMoved,
    PersonsMerged,
    PersonsUnmerged,
)


@handles(PersonFactsChanged)
def on_person_facts_changed(event: PersonFactsChanged) -> None:
    """Write the person's facts where the gateway reads them."""
    services.write_person_scope(person_id=event.person_id, at=timezone.now())


@handles(PersonMoved)
def on_person_moved(event: PersonMoved) -> None:
    """Another region may be served by another organisation."""
    services.write_person_scope(person_id=event.person_id, at=timezone.now())


@handles(PersonDied)
def on_person_died(event: PersonDied) -> None:
    """Nothing rings for the dead: what is open about the person herself is closed."""
    now = timezone.now()
    services.close_for_the_dead(person_id=event.person_id, at=now)
    services.write_person_scope(person_id=event.person_id, at=now)


@handles(PersonDeathWithdrawn)
def on_person_death_withdrawn(event: PersonDeathWithdrawn) -> None:
    """Rules read the person's facts again."""
    services.write_person_scope(person_id=event.person_id, at=timezone.now())


@handles(PersonsMerged)
def on_persons_merged(event: PersonsMerged) -> None:
    """Facts and absences of both are of the one who stays."""
    services.write_person_scope(person_id=event.kept_id, at=timezone.now())


@handles(PersonsUnmerged)
def on_persons_unmerged(event: PersonsUnmerged) -> None:
    """Each has the own facts and absences again."""
    now = timezone.now()
    services.write_person_scope(person_id=event.kept_id, at=now)
    services.write_person_scope(person_id=event.gone_id, at=now)
