"""What happens while nobody answers. Timers are rows: they survive every restart."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F
from django.utils.translation import override

from songhe.base.access.actor import SYSTEM
from songhe.base.events import bus
from songhe.base.outside import services as outside
from songhe.base.outside.models import OutsideMessage
from songhe.domains.monitoring import absence_reads, course, events, words
from songhe.domains.monitoring.models import Alarm
from songhe.domains.monitoring.steps import StepFailed, step_of
from songhe.domains.monitoring.terms import EntryKind
from songhe.domains.monitoring.workflow import ALARM_LIFE
from songhe.domains.organizations import selectors as organizations
from songhe.engines.alarms.terms import RINGING_STATES, State

log = structlog.get_logger(__name__)


def run_due_steps(*, at: datetime, limit: int = 100) -> int:
    """Take every step that is due, each in its own transaction; return how many were taken.

    A step that fails is logged and due again at the next call; it keeps no other alarm from its.
    """
    taken, failed = 0, set[UUID]()
    while taken < limit:
        try:
            if not _step_one(at, failed):
                break
        except StepFailed as error:
            log.exception("escalation_failed", alarm=str(error.of))
            failed.add(error.of)
        else:
            taken += 1
    return taken


def clock_set_back(*, by: timedelta) -> int:
    """Bring timers as far forward as the clock was set back; return how many.

    Nobody may wait an hour longer for help because a clock was wrong. A clock set ahead needs
    nothing: timers ring early then, and early is safe. What a person shelved keeps its time.
    """
    ringing = Alarm.objects.filter(next_step_at__isnull=False, state__in=RINGING_STATES)
    return ringing.update(rang_at=F("rang_at") - by, next_step_at=F("next_step_at") - by)


@transaction.atomic
def _step_one(at: datetime, failed: set[UUID]) -> bool:
    alarm = (
        Alarm.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(next_step_at__lte=at)
        .exclude(pk__in=failed)
        .select_related("organization", "organization__next_organization")
        .order_by("priority_rank", "next_step_at")
        .first()
    )
    if alarm is None:
        return False
    with step_of(alarm.pk):
        _step(alarm, at)
    return True


def _step(alarm: Alarm, at: datetime) -> None:
    if alarm.state == State.SHELVED:
        ALARM_LIFE.advance(
            alarm,
            "ring_again",
            actor=SYSTEM,
            at=at,
            changes={"shelved_until": None} | course.timer_fields(alarm, State.UNACKNOWLEDGED, at),
        )
        course.write_entry(alarm, EntryKind.UNSHELVED, at=at)
    elif alarm.state in RINGING_STATES:
        _escalate(alarm, at)
    else:
        alarm.next_step_at = None
        alarm.save(update_fields=["next_step_at"])
    course.announce(alarm, at=at)


def _escalate(alarm: Alarm, at: datetime) -> None:
    plan = course.plan_of(alarm)
    act = plan.act(alarm.steps_done)
    following = alarm.organization.next_organization if alarm.organization else None
    if act == "level_up":
        _tell_leaders(alarm, at)
    elif act == "next_organization" and following is not None:
        before = alarm.organization
        alarm.organization = following
        course.write_entry(
            alarm,
            EntryKind.NEXT_ORGANIZATION,
            at=at,
            data={
                "from": before.name if before else "",
                "to": following.name,
                "to_en": following.name_en,
            },
        )
        _tell_leaders(alarm, at)
    else:
        act = "repeat"
        missed = plan.missed(alarm.rang_at, alarm.steps_done, at)
        course.write_entry(alarm, EntryKind.RANG, at=at, data={"missed": missed} if missed else {})
        alarm.steps_done += missed
    alarm.steps_done += 1
    alarm.next_step_at = max(plan.due_at(alarm.rang_at, alarm.steps_done), at)
    alarm.save(update_fields=["organization", "told_leader", "steps_done", "next_step_at"])
    if act != "repeat":
        bus.publish(
            events.AlarmEscalated(alarm_id=alarm.pk, act=act, organization_id=alarm.organization_id)
        )


def _tell_leaders(alarm: Alarm, at: datetime) -> None:
    """Send the leaders of the organisation a message; without a gateway the course says so."""
    organization = alarm.organization
    leaders = organizations.leader_phones(organization.pk, at=at) if organization else []
    away = ""
    if alarm.person_id is not None and absence_reads.suspends(alarm.rule):
        absent = absence_reads.away_now([alarm.person_id], at=at).get(alarm.person_id)
        away = absent.kind if absent is not None else ""
    with override("zh-hans"):
        text = words.short_message(alarm, away=away)
    told: list[str] = []
    failed = ""
    for name, phone in leaders:
        try:
            outside.send_message(
                channel=OutsideMessage.Channel.SMS,
                to=phone,
                text=text,
                ref=f"monitoring.Alarm/{alarm.pk}",
                at=at,
            )
            told.append(name)
        except outside.NoGateway as error:
            failed = error.code
    alarm.told_leader = True
    data = {"told": told, "failed": failed} | ({"away": away} if away else {})
    course.write_entry(alarm, EntryKind.LEVEL_UP, at=at, data=data)
