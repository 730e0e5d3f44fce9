"""Facts about people. Times: `since`, true in the world; `recorded_at`, when we were told."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from songhe.base.events.bus import Event


class PersonFactsChanged(Event, frozen=True, kw_only=True):
    """What one must know of a person has changed; rules may read it differently."""

    event_name: ClassVar[str] = "people.PersonFactsChanged"
    person_id: UUID


class PersonMoved(Event, frozen=True, kw_only=True):
    """A person lives in another home since a moment; None where we do not know it any more."""

    event_name: ClassVar[str] = "people.PersonMoved"
    person_id: UUID
    home_id: UUID | None
    left_home_id: UUID | None = None
    since: datetime | None = None
    recorded_at: datetime | None = None


class PersonRecordChanged(Event, frozen=True, kw_only=True):
    """The register says something else of a person since a moment, or said it wrongly before."""

    event_name: ClassVar[str] = "people.PersonRecordChanged"
    person_id: UUID
    record_id: UUID
    kind: str
    since: datetime
    recorded_at: datetime


class PersonDied(Event, frozen=True, kw_only=True):
    """A person has died on a day; what was paid or visited since then is to be looked at."""

    event_name: ClassVar[str] = "people.PersonDied"
    person_id: UUID
    died_on: date
    home_id: UUID | None
    recorded_at: datetime


class PersonDeathWithdrawn(Event, frozen=True, kw_only=True):
    """A death was recorded by mistake: the person lives."""

    event_name: ClassVar[str] = "people.PersonDeathWithdrawn"
    person_id: UUID
    home_id: UUID | None
    recorded_at: datetime


class PersonsMerged(Event, frozen=True, kw_only=True):
    """Two rows were one person: `gone_id` leads to `kept_id` from now on."""

    event_name: ClassVar[str] = "people.PersonsMerged"
    merge_id: UUID
    kept_id: UUID
    gone_id: UUID
    recorded_at: datetime


class PersonsUnmerged(Event, frozen=True, kw_only=True):
    """A merge was a mistake: both are persons of their own again."""

    event_name: ClassVar[str] = "people.PersonsUnmerged"
    merge_id: UUID
    kept_id: UUID
    gone_id: UUID
    recorded_at: datetime
