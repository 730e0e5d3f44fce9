"""Reactions to what the register of persons says."""

from __future__ import annotations

from django.utils import timezone

from songhe.base.events.bus import handles
from songhe.domains.homecare import services
from songhe.domains.people.events import PersonDied, PersonsMerged, PersonsUnmerged


@handles(PersonsMerged)
def on_persons_merged(event: PersonsMerged) -> None:
    services.persons_merged(kept_id=event.kept_id, gone_id=event.gone_id, at=timezone.now())


@handles(PersonsUnmerged)
def on_persons_unmerged(event: PersonsUnmerged) -> None:
    services.persons_unmerged(kept_id=event.kept_id, gone_id=event.gone_id, at=timezone.now())


@handles(PersonDied)
def on_person_died(event: PersonDied) -> None:
    services.person_died(person_id=event.person_id, at=timezone.now())
