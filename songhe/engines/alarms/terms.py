"""Priorities (IEC 60601-1-8) and states (ISA-18.2) of an alarm."""

from __future__ import annotations

from enum import StrEnum


class Priority(StrEnum):
    """How fast somebody must come. Worst first; unknown is never normal (不代表平安)."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """Return 0 for the worst, for ordering."""
        return ("high", "medium", "low", "unknown").index(self.value)


class State(StrEnum):
    """Where an alarm is in its life."""

    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    SHELVED = "shelved"
    RESOLVED = "resolved"


OPEN_STATES = (State.UNACKNOWLEDGED, State.ACKNOWLEDGED, State.RETURNED, State.SHELVED)
RINGING_STATES = (State.UNACKNOWLEDGED, State.RETURNED)


class Outcome(StrEnum):
    """What an alarm turned out to be; feeds the score of its rule."""

    TRUE = "true"
    FALSE = "false"
    TEST = "test"
    UNKNOWN = "unknown"


_PRIORITY_OF_LEVEL = {
    "critical": Priority.HIGH,
    "urgent": Priority.MEDIUM,
    "warn": Priority.LOW,
    "unknown": Priority.UNKNOWN,
}


def priority_of(level: str, *, late: bool = False) -> Priority | None:
    """Return the priority of a rule's level; None for "info", which is a notice, never an alarm.

    A finding that was already old when its data came keeps its words but rings at most as low.
    """
    priority = _PRIORITY_OF_LEVEL.get(level)
    if late and priority in (Priority.HIGH, Priority.MEDIUM):
        return Priority.LOW
    return priority
