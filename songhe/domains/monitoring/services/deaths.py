"""Nothing rings for the dead; what concerns the place goes on ringing for who lives there."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from songhe.base.access.actor import SYSTEM
from songhe.domains.monitoring import course
from songhe.domains.monitoring.models import Alarm, Finding
from songhe.domains.monitoring.terms import OUTDOOR_KINDS, EntryKind
from songhe.domains.monitoring.workflow import ALARM_LIFE
from songhe.domains.people import selectors as people
from songhe.engines.alarms.terms import OPEN_STATES, Outcome
from songhe.kernel.detectors.rules import spec
from songhe.kernel.wire import SubjectKind

# Of rules about a place these speak of who lives there alone: a bed, a door, where somebody is.
OF_SOMEBODY = frozenset({"bed", "door", "quiet", "not-up", *OUTDOOR_KINDS})


def about_the_dead(finding: Finding) -> bool:
    """Tell whether a finding is about a person herself who has died; 1 query at most."""
    subject = None
    if finding.subject_kind == SubjectKind.PERSON:
        subject = finding.subject
    elif spec(finding.rule).kind in OF_SOMEBODY:
        subject = finding.person
    return subject is not None and bool(people.dead_among([subject]))


@transaction.atomic
def close_for_the_dead(*, person_id: UUID, at: datetime) -> int:
    """Close the open alarms about a person who died; return how many.

    Those of the rooms (smoke, gas, water) stay open.
    """
    rows = Alarm.objects.select_for_update(of=("self",)).filter(
        person=person_id, state__in=OPEN_STATES
    )
    closed = 0
    for alarm in rows.select_related("organization"):
        own = alarm.subject_key.endswith(f":{person_id}")
        if not own and spec(alarm.rule).kind not in OF_SOMEBODY:
            continue
        ALARM_LIFE.advance(
            alarm,
            "resolve",
            actor=SYSTEM,
            at=at,
            changes={
                "resolved_at": at,
                "outcome": Outcome.UNKNOWN.value,
                "next_step_at": None,
                "shelved_until": None,
            },
        )
        course.write_entry(alarm, EntryKind.RESOLVED, at=at, data={"died": True})
        course.announce(alarm, at=at)
        closed += 1
    return closed
