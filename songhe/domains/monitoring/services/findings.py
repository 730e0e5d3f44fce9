"""Findings become alarms: raised, told again, back to normal, many at once."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from songhe.base.access.actor import SYSTEM
from songhe.base.events import bus
from songhe.domains.monitoring import course, events
from songhe.domains.monitoring.models import Alarm, AlarmFinding, Finding
from songhe.domains.monitoring.own_calls import rings
from songhe.domains.monitoring.place import place_of
from songhe.domains.monitoring.services.deafness import is_deaf
from songhe.domains.monitoring.services.deaths import about_the_dead
from songhe.domains.monitoring.services.joining import (
    begun_and_not_over,
    certainty_of,
    certainty_said,
    open_alarm_of,
    subject_key,
)
from songhe.domains.monitoring.services.ringing import ring_again, ring_from_now
from songhe.domains.monitoring.services.second_look import plan_look
from songhe.domains.monitoring.services.storms import join_storm
from songhe.domains.monitoring.steps import StepFailed, step_of
from songhe.domains.monitoring.terms import EntryKind
from songhe.domains.monitoring.workflow import ALARM_LIFE
from songhe.engines.alarms.terms import OPEN_STATES, Outcome, Priority, State, priority_of
from songhe.kernel.detectors.rules import spec

log = structlog.get_logger(__name__)
AT_ONCE = 200
_LATCHED = (Priority.HIGH, Priority.MEDIUM)


def take_findings(*, at: datetime, limit: int = AT_ONCE) -> int:
    """Turn waiting findings into alarms, each in its own transaction; return how many were taken.

    Findings are taken in the order in which they were decided; several workers do not meet
    (SKIP LOCKED). A finding and what it did to its alarm are one commit: exactly once. One that
    fails is logged and waits for the next call; it keeps no other from its alarm.
    """
    taken, failed = 0, set[UUID]()
    while taken < limit:
        try:
            if not _take_one(at, failed):
                break
        except StepFailed as error:
            log.exception("finding_failed", finding=str(error.of))
            failed.add(error.of)
        else:
            taken += 1
    return taken


@transaction.atomic
def _take_one(at: datetime, failed: set[UUID]) -> bool:
    finding = (
        Finding.objects.select_for_update(skip_locked=True)
        .filter(handled_at=None)
        .exclude(pk__in=failed)
        .filter(rings(at))  # who called by herself may take it back
        .order_by("decided_at", "id")
        .first()
    )
    if finding is None:
        return False
    with step_of(finding.pk):
        _take(finding, at)
    return True


def _take(finding: Finding, at: datetime) -> None:
    finding.handled_at = at
    finding.save(update_fields=["handled_at"])
    if finding.phase == "cleared":
        _clear(finding, at)
    else:
        _raise_or_count(finding, at)


def _raise_or_count(finding: Finding, at: datetime) -> None:
    priority = priority_of(finding.level, late=finding.late)
    if priority is None:
        return
    alarm = open_alarm_of(finding)
    if alarm is None:
        if finding.phase == "raised":
            _raise(finding, priority, at)
        return
    AlarmFinding.objects.create(alarm=alarm, finding=finding)
    worse = priority.rank < alarm.priority_rank
    alarm.count += 1
    alarm.last_at = max(alarm.last_at, finding.onset_at)
    alarm.certainty = certainty_of(alarm)
    changed = ["count", "last_at", "certainty"]
    if worse:
        alarm.rule, alarm.rule_version = finding.rule, finding.rule_version
        alarm.priority, alarm.priority_rank = priority.value, priority.rank
        changed += ["rule", "rule_version", "priority", "priority_rank"]
    if worse or finding.rule == alarm.rule:
        alarm.summary = finding.summary
        changed += ["summary"]
    alarm.save(update_fields=changed)
    course.write_entry(alarm, EntryKind.AGAIN, at=at, data=_said(finding))
    rings_anew = worse or alarm.state == State.RETURNED
    if rings_anew and alarm.state in (State.RETURNED, State.SHELVED):
        ring_again(alarm, at)
    elif worse and alarm.state == State.UNACKNOWLEDGED:
        ring_from_now(alarm, at)
    course.announce(alarm, at=at)


def _raise(finding: Finding, priority: Priority, at: datetime) -> None:
    if about_the_dead(finding):
        log.info("finding_about_the_dead", finding=str(finding.pk), rule=finding.rule)
        return
    place = place_of(finding)
    if place is None:
        log.info("finding_without_place", finding=str(finding.pk), rule=finding.rule)
        return
    if is_deaf(finding, place, at):
        # A failed hub looks like a person who does not move: we do not know.
        priority = Priority.UNKNOWN
        finding.summary = finding.summary | {"deaf": True}
        finding.save(update_fields=["summary"])
    alarm = Alarm(
        rule=finding.rule,
        rule_version=finding.rule_version,
        subject_key=subject_key(finding),
        priority=priority.value,
        priority_rank=priority.rank,
        is_late=finding.late,
        person_id=place.person_id,
        home_id=place.home_id,
        room_id=place.room_id,
        device_id=place.device_id,
        region_code=place.region_code,
        organization=place.organization,
        summary=finding.summary,
        certainty=certainty_said(finding),
        onset_at=finding.onset_at,
        last_at=finding.onset_at,
        raised_at=at,
        rang_at=at,
    )
    course.start_timer(alarm, at)
    alarm.save(force_insert=True)
    AlarmFinding.objects.create(alarm=alarm, finding=finding)
    course.write_entry(alarm, EntryKind.RAISED, at=at, data=_said(finding))
    if join_storm(alarm, at=at):
        return
    bus.publish(
        events.AlarmRaised(
            alarm_id=alarm.pk, rule=alarm.rule, priority=alarm.priority, person_id=alarm.person_id
        )
    )
    plan_look(alarm, at)
    course.announce(alarm, at=at)


def _clear(finding: Finding, at: datetime) -> None:
    alarm = open_alarm_of(finding)
    if alarm is None or not _is_about(alarm, finding):
        return
    AlarmFinding.objects.create(alarm=alarm, finding=finding)
    course.write_entry(alarm, EntryKind.CLEARED, at=at, data=_said(finding))
    if alarm.rule != finding.rule or begun_and_not_over(alarm, finding):
        course.announce(alarm, at=at)
        return
    if alarm.priority not in _LATCHED and alarm.state in (State.UNACKNOWLEDGED, State.SHELVED):
        _close_unlatched(alarm, at)
    elif alarm.state == State.UNACKNOWLEDGED:
        ALARM_LIFE.advance(alarm, "return", actor=SYSTEM, at=at, changes={"cleared_at": at})
    else:
        alarm.cleared_at = at
        alarm.save(update_fields=["cleared_at"])
    course.announce(alarm, at=at)


def _is_about(alarm: Alarm, finding: Finding) -> bool:
    """Tell whether an end is that of an alarm's own rule, or of another that joined it."""
    if alarm.rule == finding.rule:
        return True
    joined = spec(alarm.rule).family != spec(finding.rule).family
    return joined and alarm.finding_links.filter(finding=finding.of).exists()


def _close_unlatched(alarm: Alarm, at: datetime) -> None:
    """Close a low or unclear alarm that went away before anybody took it; nobody rated it."""
    ALARM_LIFE.advance(
        alarm,
        "resolve",
        actor=SYSTEM,
        at=at,
        changes={
            "cleared_at": at,
            "resolved_at": at,
            "outcome": Outcome.UNKNOWN.value,
            "next_step_at": None,
            "shelved_until": None,
        },
    )
    course.write_entry(alarm, EntryKind.RESOLVED, at=at, data={"by_itself": True})
    incident = alarm.incident
    if incident and not incident.members.filter(state__in=OPEN_STATES).exists():
        locked = Alarm.objects.select_for_update(of=("self",)).get(pk=incident.pk)
        if locked.state in (State.UNACKNOWLEDGED, State.SHELVED):
            _close_unlatched(locked, at)
            course.announce(locked, at=at)


def _said(finding: Finding) -> dict[str, object]:
    return {"finding": str(finding.pk), "rule": finding.rule, "summary": finding.summary}
