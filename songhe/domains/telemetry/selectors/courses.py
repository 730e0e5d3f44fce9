"""Long courses: hours, days or months of a person's values from roll-ups, the newest from readings.

A day that has readings still hot (today, or one with late data) is counted from the readings, so
that a roll-up never has to be up to date; everything else costs one row a day or a month.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Any, Literal
from uuid import UUID

from django.db import connection
from django.utils import timezone

from songhe.base.access.actor import Actor
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry.policies import open_classes
from songhe.domains.telemetry.terms import class_of
from songhe.kernel import codes

Coarse = Literal["hour", "day", "month"]
LONGEST = timedelta(days=20 * 366)
LONGEST_BY_HOUR = timedelta(days=800)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bucket:
    """What was measured in one hour, local day or local month that begins at began_at.

    n values with their sum; days: on how many days. Values in the code's canonical unit.
    """

    began_at: datetime
    n: int
    total: float
    low: float
    high: float
    first: float
    last: float
    days: int = 1

    @property
    def mean(self) -> float:
        return self.total / self.n


_TOUCHED = """
SELECT DISTINCT (effective_at AT TIME ZONE 'UTC')::date FROM reading_hot
 WHERE subject = ANY(%s) AND effective_at >= %s AND effective_at < %s
"""
# Sealed days of which a wanted code has no row of hours.
_SPARSE = """
SELECT DISTINCT r.day
  FROM reading_day r JOIN reading_shape s ON s.id = r.shape
 CROSS JOIN LATERAL unnest(s.codes) AS c(code)
 WHERE r.subject = ANY(%(persons)s) AND r.day >= %(first)s AND r.day <= %(last)s
   AND s.codes && %(codes)s::smallint[] AND c.code = ANY(%(codes)s)
   AND NOT EXISTS (SELECT 1 FROM reading_hour h
                    WHERE h.subject = r.subject AND h.code = c.code AND h.day = r.day)
"""
_AGGREGATES = """count(*), sum(val), min(val), max(val),
       (array_agg(val ORDER BY effective_at, device, fingerprint))[1],
       (array_agg(val ORDER BY effective_at DESC, device DESC, fingerprint DESC))[1]"""
_HOURS = f"""
SELECT code, began_at, n, total, low, high, first, last, 1
  FROM hours_of(%(persons)s, %(codes)s::smallint[], %(first)s, %(last)s)
 WHERE began_at >= %(start)s AND began_at < %(end)s
   AND (began_at AT TIME ZONE 'UTC')::date <> ALL(%(touched)s::date[])
UNION ALL
SELECT v.code, date_trunc('hour', v.effective_at, 'UTC') AS began_at, {_AGGREGATES}, 1
  FROM reading_values(%(persons)s, %(codes)s::smallint[], %(start)s, %(end)s,
                      %(raw)s::date[]) v
 WHERE (v.effective_at AT TIME ZONE 'UTC')::date = ANY(%(touched)s::date[])
    OR NOT EXISTS (SELECT 1 FROM reading_hour h
                    WHERE h.subject = v.subject AND h.code = v.code
                      AND h.day = (v.effective_at AT TIME ZONE 'UTC')::date)
 GROUP BY v.code, began_at
 ORDER BY 1, 2
"""  # noqa: S608 (constants only)
_DAYS = f"""
SELECT code, day, n, total, low, high, first, last
  FROM days_of(%(persons)s, %(codes)s::smallint[], %(first)s, %(last)s)
 WHERE day <> ALL(%(locals)s::date[])
UNION ALL
SELECT v.code, (v.effective_at AT TIME ZONE %(zone)s)::date AS day, {_AGGREGATES}
  FROM reading_values(%(persons)s, %(codes)s::smallint[], %(start)s, %(end)s,
                      %(raw)s::date[]) v
 WHERE (v.effective_at AT TIME ZONE %(zone)s)::date = ANY(%(locals)s::date[])
 GROUP BY v.code, day
"""  # noqa: S608 (constants only)
_BY_DAY = f"""
SELECT code, day::timestamp AT TIME ZONE %(zone)s, n, total, low, high, first, last, 1
  FROM ({_DAYS}) d ORDER BY 1, 2
"""  # noqa: S608 (constants only)
_BY_MONTH = f"""
SELECT code, date_trunc('month', day::timestamp) AT TIME ZONE %(zone)s AS began_at, sum(n),
       sum(total), min(low), max(high), (array_agg(first ORDER BY day))[1],
       (array_agg(last ORDER BY day DESC))[1], count(DISTINCT day)
  FROM ({_DAYS}) d GROUP BY code, began_at ORDER BY 1, 2
"""  # noqa: S608 (constants only)


def courses_of(
    actor: Actor,
    person: PersonView,
    keys: Iterable[str],
    start: datetime,
    end: datetime,
    *,
    step: Coarse,
) -> dict[str, list[Bucket]]:
    """Return several values over a long time by hour, local day or local month, in time order.

    keys are our short keys; those whose class is not open are absent. Whole steps are counted: the
    one in which start lies from its beginning. 2 queries, by hour 3.
    """
    longest = LONGEST_BY_HOUR if step == "hour" else LONGEST
    if not start < end <= start + longest:
        raise ValueError(f"a course by the {step} is bounded: at most {longest.days} days")
    classes = open_classes(actor, person)
    wanted = [code for code in map(codes.by_key, keys) if class_of(code) in classes]
    found: dict[str, list[Bucket]] = {code.key: [] for code in wanted}
    if not wanted:
        return found
    numbers = [code.number for code in wanted]
    start = floor(start, step)
    with connection.cursor() as cursor:
        by_step = _by_hour if step == "hour" else _by_day
        for number, *rest in by_step(cursor, person.ids, numbers, start, end, step):
            began_at, n, total, low, high, first, last, days = rest
            bucket = Bucket(began_at, int(n), total, low, high, first, last, days)
            _add(found[codes.by_number(number).key], bucket)
    return found


def _add(course: list[Bucket], bucket: Bucket) -> None:
    """Add a bucket to a course; two entries that were merged share those they both have."""
    if not course or course[-1].began_at != bucket.began_at:
        course.append(bucket)
        return
    one = course.pop()
    low, high = min(one.low, bucket.low), max(one.high, bucket.high)
    n, total = one.n + bucket.n, one.total + bucket.total
    course.append(Bucket(one.began_at, n, total, low, high, one.first, bucket.last, one.days))


def floor(at: datetime, step: Coarse) -> datetime:
    """Return the beginning of the hour, local day or local month in which a moment lies."""
    if step == "hour":
        return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    zone = timezone.get_default_timezone()
    day = at.astimezone(zone).date()
    return datetime.combine(day.replace(day=1) if step == "month" else day, clock_time(), zone)


def _touched(cursor: Any, persons: list[UUID], start: datetime, end: datetime) -> list[date]:
    cursor.execute(_TOUCHED, [persons, start, end])
    return [day for (day,) in cursor.fetchall()]


def _by_hour(
    cursor: Any,
    persons: list[UUID],
    numbers: list[int],
    start: datetime,
    end: datetime,
    _step: Coarse,
) -> list[tuple[Any, ...]]:
    touched = _touched(cursor, persons, start, end)
    given = {
        "persons": persons,
        "codes": numbers,
        "start": start,
        "end": end,
        "first": start.astimezone(UTC).date(),
        "last": end.astimezone(UTC).date(),
        "touched": touched,
    }
    cursor.execute(_SPARSE, given)
    sparse = [day for (day,) in cursor.fetchall()]
    cursor.execute(_HOURS, given | {"raw": sorted({*touched, *sparse})})
    return list(cursor.fetchall())


def _by_day(
    cursor: Any,
    persons: list[UUID],
    numbers: list[int],
    start: datetime,
    end: datetime,
    step: Coarse,
) -> list[tuple[Any, ...]]:
    zone = timezone.get_default_timezone()
    first, last = start.astimezone(zone).date(), (end - timedelta(microseconds=1)).astimezone(zone)
    # A local day reaches into two UTC days: what is hot on its edges counts as well.
    hot = _touched(cursor, persons, start - _DAY, end + _DAY)
    locals_ = sorted({local for day in hot for local in _local_days(day)})
    cursor.execute(
        _BY_MONTH if step == "month" else _BY_DAY,
        {
            "persons": persons,
            "codes": numbers,
            "start": start,
            "end": end,
            "first": first,
            "last": last.date(),
            "locals": locals_,
            "raw": sorted({day for local in locals_ for day in _utc_days(local)}),
            "zone": timezone.get_default_timezone_name(),
        },
    )
    return list(cursor.fetchall())


def _local_days(day: date) -> set[date]:
    zone = timezone.get_default_timezone()
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return {at.astimezone(zone).date() for at in (start, start + timedelta(hours=23))}


def _utc_days(local: date) -> set[date]:
    start = datetime.combine(local, clock_time(), timezone.get_default_timezone())
    return {at.astimezone(UTC).date() for at in (start, start + timedelta(hours=23))}
