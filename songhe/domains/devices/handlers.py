"""Reactions to facts about people: who lives where a device listens, who wears it no more."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from songhe.base.events.bus import handles
from songhe.domains.devices import around
from songhe.domains.people.events import (
    PersonDeathWithdrawn,
    PersonDied,
    PersonMoved,
    PersonsMerged,
    PersonsUnmerged,
)


@handles(PersonMoved)
def on_person_moved(event: PersonMoved) -> None:
    """Write anew the snapshots of the devices in both homes: who is alone there has changed."""
    _write_anew(event.person_id, event.home_id, event.left_home_id)


@handles(PersonDied)
def on_person_died(event: PersonDied) -> None:
    """Let no device serve the dead; those of the home's rooms go on for who lives there."""
    now = timezone.now()
    around.end_bindings_of_the_dead(person_id=event.person_id, died_on=event.died_on, at=now)
    _write_anew(event.person_id, event.home_id)


@handles(PersonDeathWithdrawn)
def on_person_death_withdrawn(event: PersonDeathWithdrawn) -> None:
    """Who lives in the home has changed back. Worn devices are bound again by a person."""
    _write_anew(event.person_id, event.home_id)


@handles(PersonsMerged)
def on_persons_merged(event: PersonsMerged) -> None:
    """The gateway hears of the person under the id that stays."""
    _write_anew(event.kept_id)
    _write_anew(event.gone_id)


@handles(PersonsUnmerged)
def on_persons_unmerged(event: PersonsUnmerged) -> None:
    """Both are persons of their own again, for the gateway too."""
    _write_anew(event.kept_id)
    _write_anew(event.gone_id)


def _write_anew(person_id: UUID, *home_ids: UUID | None) -> None:
    around.write_snapshots_around(
        person_id=person_id, home_ids=[one for one in home_ids if one], at=timezone.now()
    )
