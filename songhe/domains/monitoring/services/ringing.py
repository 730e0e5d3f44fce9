"""Letting an alarm that is open already ring as if it were new."""

from __future__ import annotations

from datetime import datetime

from songhe.base.access.actor import SYSTEM
from songhe.domains.monitoring import course
from songhe.domains.monitoring.models import Alarm
from songhe.domains.monitoring.workflow import ALARM_LIFE
from songhe.engines.alarms.terms import State


def ring_again(alarm: Alarm, at: datetime) -> None:
    """Let an alarm that was back to normal or set aside ring again, its timer from the start."""
    ALARM_LIFE.advance(
        alarm,
        "ring_again",
        actor=SYSTEM,
        at=at,
        changes={"cleared_at": None, "shelved_until": None}
        | course.timer_fields(alarm, State.UNACKNOWLEDGED, at),
    )


def ring_from_now(alarm: Alarm, at: datetime) -> None:
    """Let the timer of an alarm that nobody has yet begin anew: it is worse than it was."""
    course.start_timer(alarm, at)
    alarm.save(update_fields=["rang_at", "steps_done", "next_step_at"])
