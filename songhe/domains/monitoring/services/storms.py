"""Many unclear alarms of one community within minutes are one incident with members."""

from __future__ import annotations

from datetime import datetime, timedelta

from songhe.base.database import locks
from songhe.base.events import bus
from songhe.domains.monitoring import course, events
from songhe.domains.monitoring.models import Alarm
from songhe.domains.monitoring.terms import STORM, EntryKind
from songhe.engines.alarms.storms import Beat, StormRule, is_storm
from songhe.engines.alarms.terms import OPEN_STATES, Priority, State

RULE = StormRule()


def join_storm(alarm: Alarm, *, at: datetime) -> bool:
    """Join an unclear alarm to the storm of its community, or begin one; True when it joined.

    A member does not ring by itself: the incident does. Only alarms that say "we do not know"
    storm; smoke in five kitchens stays five alarms.
    """
    if alarm.priority != Priority.UNKNOWN or alarm.home_id is None or alarm.is_storm:
        return False
    locks.hold(_key(alarm))
    incident = (
        Alarm.objects.select_for_update(of=("self",))
        .filter(subject_key=_key(alarm), state__in=OPEN_STATES)
        .select_related("organization")
        .first()
    )
    if incident is None:
        incident = _begin(alarm, at)
    if incident is None:
        return False
    alarm.incident = incident
    alarm.next_step_at = None
    alarm.save(update_fields=["incident", "next_step_at"])
    course.write_entry(alarm, EntryKind.JOINED, at=at, data={"incident": str(incident.pk)})
    _count(incident, at)
    return True


def _key(alarm: Alarm) -> str:
    return f"{STORM}:{alarm.region_code}"


def _recent(alarm: Alarm, at: datetime) -> list[Alarm]:
    since = at - timedelta(seconds=RULE.window_s)
    return list(
        Alarm.objects.select_for_update(of=("self",)).filter(
            region_code=alarm.region_code,
            priority=Priority.UNKNOWN,
            is_storm=False,
            incident=None,
            home__isnull=False,
            raised_at__gte=since,
            state__in=(State.UNACKNOWLEDGED, State.RETURNED),
        )
    )


def _begin(alarm: Alarm, at: datetime) -> Alarm | None:
    recent = _recent(alarm, at)
    if not is_storm([Beat(str(row.home_id), row.raised_at) for row in recent], at, RULE):
        return None
    began_at = min(row.onset_at for row in recent)
    incident = Alarm(
        rule=STORM,
        rule_version="1",
        subject_key=_key(alarm),
        is_storm=True,
        priority=Priority.UNKNOWN.value,
        priority_rank=Priority.UNKNOWN.rank,
        region_code=alarm.region_code,
        organization=alarm.organization,
        count=0,
        onset_at=began_at,
        last_at=alarm.onset_at,
        raised_at=at,
        rang_at=at,
    )
    course.start_timer(incident, at)
    incident.save(force_insert=True)
    course.write_entry(incident, EntryKind.RAISED, at=at)
    for row in recent:
        if row.pk != alarm.pk:
            row.incident = incident
            row.next_step_at = None
            row.save(update_fields=["incident", "next_step_at"])
            course.write_entry(row, EntryKind.JOINED, at=at, data={"incident": str(incident.pk)})
            course.announce(row, at=at)
    bus.publish(events.AlarmRaised(alarm_id=incident.pk, rule=STORM, priority=incident.priority))
    return incident


def _count(incident: Alarm, at: datetime) -> None:
    members = Alarm.objects.filter(incident=incident)
    homes = members.values("home").distinct().count()
    incident.count = members.count()
    incident.last_at = at
    incident.summary = {"homes": homes, "devices": incident.count}
    incident.save(update_fields=["count", "last_at", "summary"])
    course.announce(incident, at=at)
