"""The course of an alarm (经过), its announcement to browsers, and its timer: used by services."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from django.db import connection

from songhe.base.access.actor import Actor
from songhe.domains.monitoring.models import Alarm, AlarmEntry
from songhe.domains.monitoring.terms import PLATFORM_TOPIC, EntryKind
from songhe.engines.alarms.escalation import Plan, default_plans, plan_from
from songhe.engines.alarms.terms import RINGING_STATES, Priority
from songhe.kernel.wire import CHANNEL_LIVE, LiveEvent


def write_entry(
    alarm: Alarm,
    kind: EntryKind,
    *,
    at: datetime,
    actor: Actor | None = None,
    text: str = "",
    data: dict[str, Any] | None = None,
) -> AlarmEntry:
    """Append one line to an alarm's course."""
    return AlarmEntry.objects.create(
        alarm=alarm,
        at=at,
        kind=kind,
        text=text,
        data=data or {},
        user_id=actor.user_id if actor else None,
        user_name=actor.display_name if actor and not actor.is_system else "",
    )


def announce(alarm: Alarm, *, at: datetime, kind: str = "alarm") -> None:
    """Tell the browsers that may see it, at commit; ids only."""
    topics = [f"region:{alarm.region_code}" if alarm.region_code else PLATFORM_TOPIC]
    topics.append(f"alarm:{alarm.pk}")
    if alarm.organization_id:
        topics.append(f"org:{alarm.organization_id}")
    if alarm.assigned_to_id:
        topics.append(f"user:{alarm.assigned_to_id}")
    if alarm.person_id:
        topics.append(f"person:{alarm.person_id}")
    event = LiveEvent(topics=topics, kind=kind, id=str(alarm.pk), at=at.isoformat())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify(%s, %s)", [CHANNEL_LIVE, msgspec.json.encode(event).decode()]
        )


def plan_of(alarm: Alarm) -> Plan:
    """Return the escalation plan that holds for an alarm: its organisation's, or the default."""
    own = (alarm.organization.escalation if alarm.organization else {}).get(alarm.priority)
    return plan_from(own) if own else default_plans()[Priority(alarm.priority)]


def start_timer(alarm: Alarm, at: datetime) -> None:
    """Let the alarm ring from now on (fields only; the caller saves)."""
    alarm.rang_at = at
    alarm.steps_done = 0
    alarm.next_step_at = None if alarm.incident_id else plan_of(alarm).due_at(at, 0)


def timer_fields(alarm: Alarm, state: str, at: datetime) -> dict[str, Any]:
    """Return the timer's fields for a state: running while it rings, stopped when taken."""
    if state in RINGING_STATES and alarm.incident_id is None:
        return {"rang_at": at, "steps_done": 0, "next_step_at": plan_of(alarm).due_at(at, 0)}
    return {"next_step_at": None}
