"""Reactions to facts about people: what rules must know of them is written anew."""

from __future__ import annotations

from django.utils import timezone

from songhe.base.events.bus import handles
from songhe.domains.monitoring import services
from songhe.domains.people.events import PersonFactsChanged, PersonMoved


@handles(PersonFactsChanged)
def on_person_facts_changed(event: PersonFactsChanged) -> None:
    """Write the person's facts where the gateway reads them."""
    services.write_person_scope(person_id=event.person_id, at=timezone.now())


@handles(PersonMoved)
def on_person_moved(event: PersonMoved) -> None:
    """Another region may be served by another organisation."""
    services.write_person_scope(person_id=event.person_id, at=timezone.now())
