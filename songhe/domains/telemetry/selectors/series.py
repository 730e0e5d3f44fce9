"""Readings over time, thinned for charts: minima and maxima stay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db import connection
from django.utils import timezone

from songhe.base.access.actor import Actor
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry.policies import open_classes
from songhe.domains.telemetry.terms import class_of
from songhe.kernel import codes
from songhe.kernel.time import from_us, to_us
from songhe.kernel.wire import EvidenceKey

LONGEST = timedelta(days=400)
MOST_POINTS = 1200
Step = Literal["hour", "day"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of a series; values in the order of the asked codes, None where it has none."""

    at: datetime
    values: tuple[float | None, ...]
    flags: int
    key: EvidenceKey


@dataclass(frozen=True, slots=True)
class Series:
    """Readings of codes that belong together, in time order; count tells how many there are.

    Fewer samples than count means that it was thinned: every step of time keeps its lowest and
    its highest value of the first code.
    """

    codes: tuple[codes.Code, ...]
    samples: list[Sample]
    count: int


def bounded(start: datetime, end: datetime) -> None:
    """Refuse a window of single readings that is longer than 400 days."""
    if not start < end <= start + LONGEST:
        raise ValueError("a read of readings is bounded: at most 400 days")


_SERIES = """
WITH r AS (
  SELECT subject, effective_at, device, fingerprint, flags, {columns},
         floor(date_part('epoch', effective_at - %s) / %s) AS step
    FROM readings(%s, ARRAY[%s]::smallint[], %s, %s)
), n AS (
  SELECT r.*, count(*) OVER () AS whole,
         row_number() OVER w = 1 AS is_low, lead(1) OVER w IS NULL AS is_high
    FROM r WINDOW w AS (PARTITION BY step ORDER BY v0, effective_at)
)
SELECT effective_at, device, fingerprint, flags, whole, subject, {names} FROM n
 WHERE whole <= %s OR is_low OR is_high
 ORDER BY effective_at, device, fingerprint
"""


def series(
    actor: Actor,
    person: PersonView,
    keys: Sequence[str],
    start: datetime,
    end: datetime,
    *,
    max_points: int = MOST_POINTS,
) -> Series:
    """Return a person's readings that carry the first of these codes, from start until end.

    keys are our short keys such as ("sbp", "dbp"). Empty where their class is not open. 1 query.
    """
    bounded(start, end)
    wanted = tuple(codes.by_key(key) for key in keys)
    if class_of(wanted[0]) not in open_classes(actor, person):
        return Series(wanted, [], 0)
    columns = ", ".join(f"vals[array_position(codes_of, %s)] AS v{i}" for i in range(len(wanted)))
    names = ", ".join(f"v{i}" for i in range(len(wanted)))
    step_s = (end - start).total_seconds() / (max_points / 2)
    with connection.cursor() as cursor:
        cursor.execute(
            _SERIES.format(columns=columns, names=names),
            [
                *(code.number for code in wanted),
                start,
                step_s,
                person.ids,
                wanted[0].number,
                start,
                end,
                max_points,
            ],
        )
        rows = cursor.fetchall()
    samples = [
        Sample(
            at=row[0],
            values=tuple(row[6:]),
            flags=row[3],
            key=EvidenceKey(row[5], row[1], to_us(row[0]), str(row[2])),
        )
        for row in rows
    ]
    return Series(wanted, samples, rows[0][4] if rows else 0)


_MANY = """
WITH r AS (
  SELECT code, effective_at, val, floor(date_part('epoch', effective_at - %s) / %s) AS step
    FROM reading_values(%s, %s::smallint[], %s, %s)
), n AS (
  SELECT r.*, count(*) OVER (PARTITION BY code) AS whole,
         row_number() OVER w = 1 AS is_low, lead(1) OVER w IS NULL AS is_high
    FROM r WINDOW w AS (PARTITION BY code, step ORDER BY val, effective_at)
)
SELECT code, date_part('epoch', effective_at), val FROM n
 WHERE whole <= %s OR is_low OR is_high
 ORDER BY code, effective_at
"""


def lines_of(
    actor: Actor,
    person: PersonView,
    keys: Iterable[str],
    start: datetime,
    end: datetime,
    *,
    max_points: int = MOST_POINTS,
) -> dict[str, list[tuple[datetime, float]]]:
    """Return single values over time for several charts at once, each thinned; 1 query."""
    bounded(start, end)
    classes = open_classes(actor, person)
    wanted = [code for code in map(codes.by_key, keys) if class_of(code) in classes]
    found: dict[str, list[tuple[datetime, float]]] = {code.key: [] for code in wanted}
    if not wanted:
        return found
    numbers = [code.number for code in wanted]
    step_s = (end - start).total_seconds() / (max_points / 2)
    with connection.cursor() as cursor:
        cursor.execute(_MANY, [start, step_s, person.ids, numbers, start, end, max_points])
        # Seconds, not instants: parsed in a tenth of the time, and exact to the microsecond.
        points = {code.number: found[code.key] for code in wanted}
        for number, at_s, value in cursor.fetchall():
            points[number].append((from_us(round(at_s * 1_000_000)), value))
    return found


_SUMS = """
SELECT date_trunc(%s, effective_at AT TIME ZONE %s) AT TIME ZONE %s AS began, sum(val)
  FROM reading_values(%s, ARRAY[%s]::smallint[], %s, %s)
 GROUP BY began ORDER BY began
"""


def sums_of(
    actor: Actor, person: PersonView, key: str, start: datetime, end: datetime, *, step: Step
) -> dict[datetime, float]:
    """Return sums by local hour or day, keyed by its beginning; steps without data are absent."""
    bounded(start, end)
    code = codes.by_key(key)
    if class_of(code) not in open_classes(actor, person):
        return {}
    zone = timezone.get_default_timezone_name()
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [step, zone, zone, person.ids, code.number, start, end])
        return dict(cursor.fetchall())
