"""Facts about alarms, for the domains above."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from songhe.base.events.bus import Event


class AlarmRaised(Event, frozen=True, kw_only=True):
    """A new alarm rings, or a storm has begun."""

    event_name: ClassVar[str] = "monitoring.AlarmRaised"
    alarm_id: UUID
    rule: str
    priority: str
    person_id: UUID | None = None


class AlarmAcknowledged(Event, frozen=True, kw_only=True):
    """A person has taken an alarm."""

    event_name: ClassVar[str] = "monitoring.AlarmAcknowledged"
    alarm_id: UUID
    user_id: UUID | None = None


class AlarmEscalated(Event, frozen=True, kw_only=True):
    """Nobody answered: a leader or the next organisation was told."""

    event_name: ClassVar[str] = "monitoring.AlarmEscalated"
    alarm_id: UUID
    act: str
    organization_id: UUID | None = None


class AlarmResolved(Event, frozen=True, kw_only=True):
    """An alarm was closed with an outcome."""

    event_name: ClassVar[str] = "monitoring.AlarmResolved"
    alarm_id: UUID
    rule: str
    outcome: str
