"""Days in one value each: what trends are told from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection
from django.utils import timezone

from songhe.base.access.actor import Actor
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry.policies import open_classes
from songhe.domains.telemetry.selectors.series import bounded
from songhe.domains.telemetry.terms import class_of
from songhe.kernel import codes
from songhe.kernel.wire import SubjectKind


@dataclass(frozen=True, slots=True)
class Daily:
    """One local day of one code: the median and the sum of its n values, in its canonical unit."""

    on: date
    median: float
    total: float
    n: int


_DAILY = """
SELECT code, (effective_at AT TIME ZONE %s)::date AS day,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY val), sum(val), count(*)
  FROM reading_values(%s, %s::smallint[], %s, %s)
 GROUP BY code, day ORDER BY code, day
"""


def daily_of(
    actor: Actor, person: PersonView, keys: Iterable[str], start: datetime, end: datetime
) -> dict[str, list[Daily]]:
    """Return the local days of several values in the order of time; 1 query, none where closed.

    keys are our short keys; those whose class is not open are absent. At most 400 days.
    """
    bounded(start, end)
    classes = open_classes(actor, person)
    wanted = [code for code in map(codes.by_key, keys) if class_of(code) in classes]
    found: dict[str, list[Daily]] = {code.key: [] for code in wanted}
    if not wanted:
        return found
    numbers = [code.number for code in wanted]
    zone = timezone.get_default_timezone_name()
    with connection.cursor() as cursor:
        cursor.execute(_DAILY, [zone, person.ids, numbers, start, end])
        for number, *rest in cursor.fetchall():
            found[codes.by_number(number).key].append(Daily(*rest))
    return found


_MEASURED = """
SELECT l.subject FROM latest l CROSS JOIN LATERAL unnest(l.codes, l.times) AS u(code, at)
 WHERE l.subject_kind = %s AND l.subject > %s AND u.code = %s AND u.at >= %s
 ORDER BY l.subject LIMIT %s
"""


def measured_since(key: str, since: datetime, *, after: UUID, limit: int) -> list[UUID]:
    """Return the persons of whom a value was measured since a moment, by id after one.

    For the system's own use: no actor, no mask.
    """
    number = codes.by_key(key).number
    with connection.cursor() as cursor:
        cursor.execute(_MEASURED, [int(SubjectKind.PERSON), after, number, since, limit])
        return [row[0] for row in cursor.fetchall()]
