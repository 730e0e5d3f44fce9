"""Reactions to facts about people: a move changes who lives where a device listens."""

from __future__ import annotations

from django.utils import timezone

from songhe.base.events.bus import handles
from songhe.domains.devices import selectors, snapshots
from songhe.domains.people.events import PersonMoved


@handles(PersonMoved)
def on_person_moved(event: PersonMoved) -> None:
    """Write anew the snapshots of the devices in the home somebody moved into."""
    now = timezone.now()
    found = selectors.devices_of(person_id=event.person_id, home_id=event.home_id, at=now)
    snapshots.write_snapshots([line.device.pk for line in found], at=now)
