"""What became of a person's own call for help, as she may know it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db.models import Q, QuerySet

from songhe.base.access.actor import Actor
from songhe.domains.monitoring.models import Alarm, AlarmFinding, Finding
from songhe.engines.alarms.terms import OPEN_STATES
from songhe.kernel.time import from_us, to_us

RULE = "sos"
BY_HERSELF = "person"
# Long enough to read three words and press again, short enough for who has fallen (own choice).
GRACE = timedelta(seconds=5)
# How long a call that is over is still told of.
_TOLD = timedelta(minutes=30)
# The findings' pump looks every 2 s: what has become no alarm by then will not.
_LATE = timedelta(seconds=20)


def own_calls(person_ids: list[UUID]) -> QuerySet[Finding]:
    """Return the calls that persons made on their own pages."""
    return Finding.objects.filter(person__in=person_ids, rule=RULE, summary__by=BY_HERSELF)


def waiting(at: datetime) -> Q:
    """Return the condition that a finding may still be taken back by who called."""
    now, latest = to_us(at), to_us(at + GRACE)
    return Q(summary__rings_us__gt=now, summary__rings_us__lte=latest)


def rings(at: datetime) -> Q:
    """Return the condition that a finding is no call that waits: true of every other finding.

    A clock that was set back holds nobody's call: what lies further ahead than the seconds rings.
    """
    now, latest = to_us(at), to_us(at + GRACE)
    return (
        Q(summary__rings_us__isnull=True)
        | Q(summary__rings_us__lte=now)
        | Q(summary__rings_us__gt=latest)
    )


class CallState(StrEnum):
    """How far a call is. LOST: nobody was rung, and she must be told to use the phone."""

    NONE = "none"
    WAITING = "waiting"
    TAKEN_BACK = "taken_back"
    RINGING = "ringing"
    SEEN = "seen"
    OVER = "over"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class OwnCall:
    """A call for help of a person. left_s: seconds in which she may take it back; seen_by: who
    answered at the desk; alarm_id: what it became."""

    state: CallState
    called_at: datetime | None = None
    left_s: int = 0
    seen_by: str = ""
    alarm_id: UUID | None = None


def own_call(actor: Actor, *, at: datetime) -> OwnCall:
    """Return what became of the actor's own last call for help; 3 queries at most."""
    own = [
        held.subject_id
        for held in actor.grants
        if held.subject_type == "people.Person" and held.purpose == "self"
    ]
    finding = own_calls(own).filter(onset_at__lte=at).order_by("-onset_at").first() if own else None
    if finding is None:
        return OwnCall(CallState.NONE)
    told, called = at - finding.onset_at <= _TOLD, finding.onset_at
    if finding.summary.get("taken_back"):
        return OwnCall(CallState.TAKEN_BACK if told else CallState.NONE, called)
    rings = min(from_us(int(finding.summary["rings_us"])), called + GRACE)
    if finding.handled_at is None:
        if at < rings:
            return OwnCall(CallState.WAITING, called, left_s=_seconds(rings - at))
        return OwnCall(CallState.LOST if at - rings > _LATE else CallState.RINGING, called)
    link = AlarmFinding.objects.filter(finding=finding.pk).values("alarm")
    alarm = Alarm.objects.filter(pk__in=link).select_related("acknowledged_by").first()
    if alarm is None:
        return OwnCall(CallState.LOST if told else CallState.NONE, called)
    if alarm.state not in OPEN_STATES:
        return OwnCall(CallState.OVER if told else CallState.NONE, called, alarm_id=alarm.pk)
    by = alarm.acknowledged_by
    state = CallState.RINGING if by is None else CallState.SEEN
    return OwnCall(state, called, seen_by=by.display_name if by else "", alarm_id=alarm.pk)


def _seconds(left: timedelta) -> int:
    return max(1, -int(-left.total_seconds() // 1))
