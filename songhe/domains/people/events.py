"""Facts about people."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from songhe.base.events.bus import Event


class PersonFactsChanged(Event, frozen=True, kw_only=True):
    """What one must know of a person has changed; rules may read it differently."""

    event_name: ClassVar[str] = "people.PersonFactsChanged"
    person_id: UUID


class PersonMoved(Event, frozen=True, kw_only=True):
    """A person lives in another home since a moment."""

    event_name: ClassVar[str] = "people.PersonMoved"
    person_id: UUID
    home_id: UUID
