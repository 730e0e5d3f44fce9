"""Roll-ups of regions: how many persons, values, their sum, lowest and highest, by hour and day.

A person counts where she lived in that hour, at every level of the region's code. A local day is
made anew as a whole from what is stored, so that late data, voiding and moves correct it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from songhe.domains.people import selectors as people
from songhe.domains.telemetry.services.rollups import bounds, rolled_codes

LEVELS = (2, 4, 6, 9, 12)  # digits of province, city, county, town, community
OVERLAP = timedelta(minutes=10)  # a batch is received a while before it is committed
_SPANS = """
CREATE TEMP TABLE IF NOT EXISTS rolling_span (
  person uuid, region text, since timestamptz, until timestamptz
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS rolling_hour (
  person uuid, region text, code smallint, began_at timestamptz, n int, total float8, low float8,
  high float8
) ON COMMIT DELETE ROWS;
TRUNCATE rolling_span, rolling_hour
"""
_PERSON_HOURS = """
INSERT INTO rolling_hour
SELECT h.subject, s.region, h.code, h.began_at, h.n, h.total, h.low, h.high
  FROM (
    SELECT v.subject, v.code, date_trunc('hour', v.effective_at, 'UTC') AS began_at,
           count(*) AS n, sum(v.val) AS total, min(v.val) AS low, max(v.val) AS high
      FROM reading_values(NULL, %s, %s, %s) v
     GROUP BY v.subject, v.code, began_at
  ) h
  JOIN rolling_span s ON s.person = h.subject
   AND (s.since IS NULL OR s.since <= h.began_at) AND (s.until IS NULL OR h.began_at < s.until);
ANALYZE rolling_hour
"""
_HOURS = """
DELETE FROM region_hour WHERE began_at >= %(since)s AND began_at < %(until)s;
INSERT INTO region_hour (region_code, code, began_at, persons, n, total, low, high)
SELECT left(h.region, l.digits), h.code, h.began_at, count(*), sum(h.n), sum(h.total), min(h.low),
       max(h.high)
  FROM rolling_hour h JOIN unnest(%(levels)s::int[]) AS l(digits) ON l.digits <= length(h.region)
 GROUP BY 1, 2, 3
"""
_DAY = """
DELETE FROM region_day WHERE day = %(day)s;
INSERT INTO region_day (region_code, code, day, persons, n, total, low, high)
SELECT left(h.region, l.digits), h.code, %(day)s, count(DISTINCT h.person), sum(h.n), sum(h.total),
       min(h.low), max(h.high)
  FROM rolling_hour h JOIN unnest(%(levels)s::int[]) AS l(digits) ON l.digits <= length(h.region)
 GROUP BY 1, 2
"""
_MARK = "SELECT seen_until FROM region_mark"
_SET_MARK = """
INSERT INTO region_mark (one, seen_until) VALUES (true, %s)
ON CONFLICT (one) DO UPDATE SET seen_until = EXCLUDED.seen_until
"""
_ASK = "INSERT INTO region_due (day) VALUES (%s) ON CONFLICT DO NOTHING"
_DONE = "DELETE FROM region_due WHERE day = %s"
_NEW_DAYS = """
INSERT INTO region_due (day)
SELECT DISTINCT (effective_at AT TIME ZONE %s)::date FROM reading_hot WHERE received_at >= %s
ON CONFLICT DO NOTHING
"""


def ask_for_regions(*moments: datetime) -> None:
    """Note that the local days of these moments have changed; part of the changing transaction."""
    zone = timezone.get_default_timezone()
    with connection.cursor() as cursor:
        for day in sorted({moment.astimezone(zone).date() for moment in moments}):
            cursor.execute(_ASK, [day])


@transaction.atomic
def roll_up_regions(day: date) -> None:
    """Make a local day of every region anew, with its hours; it is then no longer due."""
    since, until = bounds(day, day)
    spans = list(people.region_spans(since=since, until=until))
    with connection.cursor() as cursor:
        cursor.execute(_DONE, [day])
        cursor.execute(_SPANS)
        columns = "COPY rolling_span (person, region, since, until) FROM STDIN"
        with cursor.copy(columns) as copy:
            for span in spans:
                copy.write_row((span.person_id, span.region_code, span.since, span.until))
        cursor.execute("ANALYZE rolling_span")
        cursor.execute(_PERSON_HOURS, [list(rolled_codes()), since, until])
        given: dict[str, Any] = {"since": since, "until": until, "day": day, "levels": list(LEVELS)}
        cursor.execute(_HOURS, given)
        cursor.execute(_DAY, given)


@transaction.atomic
def find_due_days(*, at: datetime) -> list[date]:
    """Return the local days whose regions are to be rolled up anew, oldest first.

    Those that sealing and voiding asked for, and those with readings received since the last time,
    which `reading_received` finds: the cost is that of the readings since, not of the days.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MARK)
        row = cursor.fetchone()
        seen = row[0] if row is not None else datetime.min.replace(tzinfo=UTC)
        cursor.execute(_NEW_DAYS, [settings.TIME_ZONE, min(seen, at)])
        cursor.execute(_SET_MARK, [at - OVERLAP])
        cursor.execute("SELECT day FROM region_due ORDER BY day")
        return [day for (day,) in cursor.fetchall()]
