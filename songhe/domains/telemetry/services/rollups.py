"""Roll-ups of what is sealed: hours and local days by subject. What is hot is counted when read.

They are made anew from the day's own readings whenever these change (sealing, late data, voiding),
in the same transaction: a repeat changes nothing, and nothing is ever added twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from functools import cache
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from songhe.kernel import codes

# A day of a code with fewer values than four an hour is as quickly read as its hours would be.
DENSE = 96
ROLLED_KINDS = frozenset({"quantity", "count", "score"})

_FORGET_HOURS = "DELETE FROM reading_hour WHERE day = %s AND subject = ANY(%s)"
_HOURS = """
INSERT INTO reading_hour (subject, day, code, hours, counts, sums, edges)
SELECT subject, %s, code, array_agg(hour ORDER BY hour), array_agg(n ORDER BY hour),
       array_agg(total ORDER BY hour),
       array_agg(low ORDER BY hour) || array_agg(high ORDER BY hour)
         || array_agg(first ORDER BY hour) || array_agg(last ORDER BY hour)
  FROM (
    SELECT subject, code, (us / 3600000000)::smallint AS hour, count(*)::int AS n,
           sum(val) AS total, min(val) AS low, max(val) AS high,
           (array_agg(val ORDER BY us, device, fingerprint))[1] AS first,
           (array_agg(val ORDER BY us DESC, device DESC, fingerprint DESC))[1] AS last
      FROM sealing_value WHERE code = ANY(%s)
     GROUP BY subject, code, hour
  ) h
 GROUP BY subject, code HAVING sum(n) > %s
"""
_DAYS = """
CREATE TEMP TABLE IF NOT EXISTS sealing_local (
  subject uuid, code smallint, day date, n int, total float8, low float8, high float8, first float8,
  last float8
) ON COMMIT DELETE ROWS;
TRUNCATE sealing_local;
INSERT INTO sealing_local
SELECT subject, code, local, count(*), sum(val), min(val), max(val),
       (array_agg(val ORDER BY at, device, fingerprint))[1],
       (array_agg(val ORDER BY at DESC, device DESC, fingerprint DESC))[1]
  FROM (
    SELECT v.subject, v.device, v.fingerprint, v.code, v.val, t.at,
           (t.at AT TIME ZONE %(zone)s)::date AS local
      FROM sealing_value v
      CROSS JOIN LATERAL (SELECT %(start)s + v.us * interval '1 microsecond' AS at) t
     WHERE v.code = ANY(%(codes)s)
    UNION ALL
    SELECT b.subject, b.device, b.fingerprint, b.code, b.val, b.effective_at, %(first)s
      FROM reading_values(%(subjects)s, %(codes)s, %(first_at)s, %(start)s) b
    UNION ALL
    SELECT a.subject, a.device, a.fingerprint, a.code, a.val, a.effective_at, %(last)s
      FROM reading_values(%(subjects)s, %(codes)s, %(end)s, %(last_until)s) a
  ) every
 GROUP BY subject, code, local;
INSERT INTO sealing_local
SELECT o.subject, o.code, o.day, o.n, o.total, o.low, o.high, o.first, o.last
  FROM days_of(%(subjects)s, %(codes)s, %(since)s, %(until)s) o
 WHERE o.day <> ALL(%(locals)s);
DELETE FROM reading_month WHERE subject = ANY(%(subjects)s) AND month = ANY(%(months)s);
INSERT INTO reading_month (subject, month, code, days, counts, sums, edges)
SELECT subject, date_trunc('month', day::timestamp)::date AS month, code,
       array_agg(extract(day FROM day)::smallint ORDER BY day), array_agg(n ORDER BY day),
       array_agg(total ORDER BY day),
       array_agg(low ORDER BY day) || array_agg(high ORDER BY day)
         || array_agg(first ORDER BY day) || array_agg(last ORDER BY day)
  FROM sealing_local
 GROUP BY subject, month, code
"""


@cache
def rolled_codes() -> tuple[int, ...]:
    """Return the numbers of the codes that are rolled up: amounts, not states or positions."""
    return tuple(code.number for code in codes.all_codes() if code.kind in ROLLED_KINDS)


def local_days(day: date) -> tuple[date, date]:
    """Return the first and the last local day that a UTC day touches."""
    zone = timezone.get_default_timezone()
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    end = start + timedelta(days=1, microseconds=-1)
    return start.astimezone(zone).date(), end.astimezone(zone).date()


def bounds(first: date, last: date) -> tuple[datetime, datetime]:
    """Return the half-open stretch of time of local days."""
    zone = timezone.get_default_timezone()
    return (
        datetime.combine(first, clock_time(), zone),
        datetime.combine(last + timedelta(days=1), clock_time(), zone),
    )


def roll_up(day: date, subjects: Sequence[UUID]) -> None:
    """Make hours of a UTC day, and the local days it touches, anew from what was just packed."""
    wanted, numbers = list(subjects), list(rolled_codes())
    first, last = local_days(day)
    first_at, last_until = bounds(first, last)
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    months = sorted({first.replace(day=1), last.replace(day=1)})
    after = (months[-1] + timedelta(days=31)).replace(day=1)
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_HOURS, [day, wanted])
        cursor.execute(_HOURS, [day, numbers, DENSE])
        cursor.execute(
            _DAYS,
            {
                "zone": settings.TIME_ZONE,
                "subjects": wanted,
                "codes": numbers,
                "first": first,
                "last": last,
                "locals": sorted({first, last}),
                "first_at": first_at,
                "start": start,
                "end": start + timedelta(days=1),
                "last_until": last_until,
                "months": months,
                "since": months[0],
                "until": after - timedelta(days=1),
            },
        )
