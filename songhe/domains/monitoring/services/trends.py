"""Trends as findings: rules of kind `trend` judge the stored days of each person.

Every night everybody's, every quarter of an hour those of whom something was measured just now.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID

import msgspec
import structlog
from django.db import connection, transaction

from songhe.base.access.actor import SYSTEM
from songhe.domains.monitoring import life_source, trial_reads
from songhe.domains.monitoring.models import Finding
from songhe.domains.people import selectors as people
from songhe.domains.telemetry import selectors as telemetry
from songhe.kernel import codes, ids
from songhe.kernel.detectors import RuleBook, catalogue
from songhe.kernel.detectors.rules import Rule
from songhe.kernel.detectors.trend import Moved, judge, stays
from songhe.kernel.time import from_us
from songhe.kernel.trends.fall import WEEK_DAYS
from songhe.kernel.wire import CHANNEL_FINDING, EvidenceKey, Reading, SubjectKind, fingerprint

log = structlog.get_logger(__name__)
_PERSONS_AT_ONCE = 200
_NOBODY = UUID(int=0)
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class _Days:
    """A person's stored readings of one code by local day, as ordinals; values are medians."""

    readings: list[tuple[int, Reading]]
    days: list[float]
    values: list[float]
    newest: float


def watch_trends(
    *,
    clock: Clock,
    should_stop: Callable[[], bool],
    within: timedelta = timedelta(days=WEEK_DAYS),
) -> int:
    """Judge everybody measured within a time; return how many findings were written.

    A person is one transaction: a run that is stopped keeps what it found, and the same night
    again finds the same once. One that fails is logged and keeps nobody else from being judged.
    """
    rows = [row for row in catalogue().rules.values() if row.kind == "trend"]
    written = 0
    for key in sorted({str(row.params["code"]) for row in rows}):
        after = _NOBODY
        since = clock() - within
        while found := telemetry.measured_since(key, since, after=after, limit=_PERSONS_AT_ONCE):
            for person in found:
                if should_stop():
                    return written
                try:
                    written += watch_trend(person_id=person, key=key, at=clock())
                except Exception:
                    log.exception("trend_not_judged", person=str(person), code=key)
            after = found[-1]
    return written


@transaction.atomic
def watch_trend(*, person_id: UUID, key: str, at: datetime) -> int:
    """Judge one person's days of a code by her rules; return how many findings are new."""
    living = people.living_id(person_id)
    person = people.person_views(SYSTEM, [living]).get(living) if living else None
    if person is None:
        return 0
    book = RuleBook(trial_reads.scopes_of([person.id]))
    rules = [
        rule
        for row in catalogue().rules.values()
        if row.kind == "trend" and row.params["code"] == key
        if (rule := book.rule(row.id, person.id)) is not None
    ]
    if not rules:
        return 0
    longest = max(float(rule.params["over_days"]) for rule in rules)
    known = _days(person.ids, key, at - timedelta(days=longest + WEEK_DAYS), at)
    new = [one for rule in rules if (one := _finding(rule, person.id, known, at)) is not None]
    Finding.objects.bulk_create(new, ignore_conflicts=True)
    if new:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL_FINDING])
    return len(new)


def _days(subjects: Sequence[UUID], key: str, since: datetime, until: datetime) -> _Days:
    number = codes.by_key(key).number
    readings = [
        (life_source.local_day(from_us(reading.effective_us)).toordinal(), reading)
        for reading in telemetry.stream(subjects=subjects, since=since, until=until, codes=[number])
    ]
    by_day: dict[int, list[float]] = {}
    for day, reading in readings:
        by_day.setdefault(day, []).append(reading.values[reading.codes.index(number)])
    days = sorted(by_day)
    return _Days(
        readings,
        [float(day) for day in days],
        [median(by_day[day]) for day in days],
        by_day[days[-1]][-1] if days else 0.0,
    )


def _finding(rule: Rule, person: UUID, known: _Days, at: datetime) -> Finding | None:
    found = judge(rule.params, known.days, known.values, known.newest)
    if found is None:
        return None
    rows = Finding.objects.filter(subject=person, rule=rule.id)
    last = rows.order_by("-decided_at", "-onset_at").first()
    is_raised = last is not None and last.phase != "cleared"
    if not found.is_reached:
        if last is not None and is_raised and stays(rule.params, found, last.summary["before"]):
            return None
        return _made(rule, "cleared", person, found, known, at, last) if is_raised else None
    if last is not None and is_raised:
        again = timedelta(days=float(rule.params["again_days"]))
        if at - last.decided_at < again:
            return None
    return _made(rule, "raised", person, found, known, at, None)


def _made(
    rule: Rule,
    phase: str,
    person: UUID,
    found: Moved,
    known: _Days,
    at: datetime,
    of: Finding | None,
) -> Finding:
    """Return the finding: its onset is the last reading that it rests on, its id comes from it."""
    rests_on = [
        reading
        for day, reading in known.readings
        if any(begin <= day < end for begin, end in found.spans)
    ]
    onset_us = rests_on[-1].effective_us
    code = codes.by_key(rule.params["code"])
    return Finding(
        id=ids.derived(rule.id, rule.version, person, onset_us, phase),
        rule=rule.id,
        rule_version=rule.version,
        phase=phase,
        of=of.pk if of is not None else None,
        level=rule.level,
        subject_kind=SubjectKind.PERSON,
        subject=person,
        person=person,
        onset_at=from_us(onset_us),
        decided_at=at,
        summary={
            "code": code.number,
            "value": round(found.after, code.decimals),
            "before": round(found.before, code.decimals),
            "since_us": rests_on[0].effective_us,
            **found.said,
        },
        evidence=[_key(reading) for reading in rests_on],
        params=rule.told,
    )


def _key(reading: Reading) -> Any:
    print_ = str(fingerprint(reading.codes))
    key = EvidenceKey(reading.subject, reading.device, reading.effective_us, print_)
    return msgspec.to_builtins(key)
