"""Destroying what is kept no longer (data/kept.yaml), each step told to the audit with its count.

A step is one transaction: what it destroyed, how far it came and its line in the audit stand or
fall together. A message of several classes loses the values of the class whose time is over; its
key stays. The audit itself is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from songhe.base.access.actor import SYSTEM
from songhe.base.audit import services as audit
from songhe.domains.telemetry import kept
from songhe.domains.telemetry.kept import Term
from songhe.domains.telemetry.services import partitions, sealing
from songhe.domains.telemetry.services.packing import midnight
from songhe.domains.telemetry.services.sealing import Progress, keep_going
from songhe.domains.telemetry.terms import DESTROY_READINGS, class_of
from songhe.kernel import codes

BATCH = 5000
Step = Callable[[], int]
_UNTIL = "SELECT until FROM destroyed_until WHERE term = %s"
_SET_UNTIL = """
INSERT INTO destroyed_until (term, until) VALUES (%s, %s)
ON CONFLICT (term) DO UPDATE SET until = EXCLUDED.until
"""
_DAYS = "SELECT day FROM sealed_day WHERE day >= %s AND day < %s ORDER BY day"
_SHAPES = """
SELECT id, fingerprint, codes, decimals FROM reading_shape
 WHERE codes && %s::smallint[]
   AND EXISTS (SELECT FROM reading_day r WHERE r.day = %s AND r.shape = reading_shape.id)
"""
_WHOLE = """
WITH gone AS (DELETE FROM reading_day WHERE day = %s AND shape = %s RETURNING n)
SELECT coalesce(sum(n), 0) FROM gone
"""
_NARROW_SHAPE = """
INSERT INTO reading_shape (fingerprint, codes, decimals) VALUES (%s, %s, %s)
ON CONFLICT (codes, decimals, fingerprint) DO UPDATE SET fingerprint = EXCLUDED.fingerprint
RETURNING id
"""
_NARROW = """
WITH changed AS (
  UPDATE reading_day SET shape = %(new)s, vals16 = columns_of(vals16, n, %(keep)s),
         vals32 = columns_of(vals32, n, %(keep)s), vals64 = columns_of(vals64, n, %(keep)s)
   WHERE day = %(day)s AND shape = %(old)s RETURNING n
)
SELECT coalesce(sum(n), 0) FROM changed
"""
_COUNT_LESS = """
UPDATE sealed_day SET messages = messages - %s, readings = readings - %s,
       bytes = (SELECT coalesce(sum(pg_column_size(r.*) + 4), 0) FROM reading_day r
                 WHERE r.day = sealed_day.day)
 WHERE day = %s
"""
_ROWS: dict[str, tuple[tuple[str, str], ...]] = {
    "waveforms": (("waveform", "started_at"),),
    "dead_letters": (("dead_letter", "received_at"),),
    "voided": (("voided_reading", "voided_at"),),
    "days": (("reading_month", "month"),),
    "regions": (("region_hour", "began_at"), ("region_day", "day")),
}


def destroy_expired(*, at: datetime, progress: Progress = keep_going) -> dict[str, int]:
    """Destroy what is out of time; return how many values or rows of each term went.

    progress(steps done, steps seen so far) is called after each step; False stops there.
    """
    found: dict[str, int] = {}
    done = 0
    for term in kept.settings().terms():
        if not term.days:
            continue
        before = _cutoff(term, at)
        for count in _steps(term, before, at):
            done += 1
            found[term.name] = found.get(term.name, 0) + count
            if not progress(done, done + 1):
                return found
    return found


def _cutoff(term: Term, at: datetime) -> date:
    """Return the first day that is still kept; never a day that has not been sealed yet."""
    before = (at - timedelta(days=term.days)).astimezone(UTC).date()
    waiting = sealing.closed_days(at) if term.name in kept.CLASSES else []
    return min([before, *waiting])


def _steps(term: Term, before: date, at: datetime) -> Iterator[int]:
    if term.name in kept.CLASSES:
        yield from _readings(term, before, at)
    elif term.name == "hours":
        yield from _hours(term, before, at)
    else:
        for table, column in _ROWS[term.name]:
            while count := _rows(term, table, column, before, at):
                yield count


def _told(term: Term, before: date, at: datetime, what: str, count: int) -> None:
    audit.record_change(
        actor=SYSTEM,
        action=DESTROY_READINGS,
        ref=f"telemetry.Kept/{term.name}",
        at=at,
        detail={
            "what": what,
            "count": count,
            "before": before.isoformat(),
            "kept_days": term.days,
            "because": f"{term.en} ({term.source})",
        },
    )


def _readings(term: Term, before: date, at: datetime) -> Iterator[int]:
    with connection.cursor() as cursor:
        cursor.execute(_UNTIL, [term.name])
        row = cursor.fetchone()
        cursor.execute(_DAYS, [row[0] if row else date.min, before])
        days = [day for (day,) in cursor.fetchall()]
    for day in days:
        yield _class_of_day(term, day, before, at)
    _drop_empty_months(before)


@transaction.atomic
def _class_of_day(term: Term, day: date, before: date, at: datetime) -> int:
    """Destroy one class of one sealed day; return how many values went."""
    sealing.lock_day(day)
    numbers = [code.number for code in codes.all_codes() if class_of(code) == term.name]
    messages = values = 0
    with connection.cursor() as cursor:
        cursor.execute(_SHAPES, [numbers, day])
        for shape in cursor.fetchall():
            n, width, is_whole = _shape_of_day(cursor, shape, day, frozenset(numbers))
            messages += n if is_whole else 0
            values += n * width
        cursor.execute(_COUNT_LESS, [messages, values, day])
        cursor.execute(_SET_UNTIL, [term.name, day + timedelta(days=1)])
    if values:
        _told(term, before, at, f"readings of {day}", values)
    return values


def _shape_of_day(
    cursor: Any, shape: tuple[int, int, list[int], list[int]], day: date, gone: frozenset[int]
) -> tuple[int, int, bool]:
    """Take the codes that go out of the rows of a shape; return messages, codes, whole or not."""
    pk, mark, numbers, decimals = shape
    stay = [j for j, number in enumerate(numbers) if number not in gone]
    width = len(numbers) - len(stay)
    if not stay:
        cursor.execute(_WHOLE, [day, pk])
        return int(cursor.fetchone()[0]), width, True
    narrow = [mark, [numbers[j] for j in stay], [decimals[j] for j in stay]]
    cursor.execute(_NARROW_SHAPE, narrow)
    new = cursor.fetchone()[0]
    keep = [j + 1 for j in stay]
    cursor.execute(_NARROW, {"new": new, "keep": keep, "day": day, "old": pk})
    return int(cursor.fetchone()[0]), width, False


def _drop_empty_months(before: date) -> None:
    """Drop months of sealed readings in which nothing is left."""
    for name in partitions.names("reading_day"):
        month = datetime.strptime(name[-6:], "%Y%m").replace(tzinfo=UTC).date()
        if (month + timedelta(days=31)).replace(day=1) > before:
            continue
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(name)))
            is_used = cursor.fetchone()[0]
        if not is_used:
            partitions.drop("reading_day", name, only_empty=True)


def _hours(term: Term, before: date, at: datetime) -> Iterator[int]:
    """Destroy hours by the month: a month goes when its last day is out of time."""
    for name in partitions.names("reading_hour"):
        month = datetime.strptime(name[-6:], "%Y%m").replace(tzinfo=UTC).date()
        if (month + timedelta(days=31)).replace(day=1) > before:
            continue
        yield _month_of_hours(term, name, before, at)


@transaction.atomic
def _month_of_hours(term: Term, name: str, before: date, at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)))
        count = int(cursor.fetchone()[0])
    if not partitions.drop("reading_hour", name, only_empty=False):
        return 0
    if count:
        _told(term, before, at, name, count)
    return count


@transaction.atomic
def _rows(term: Term, table: str, column: str, before: date, at: datetime) -> int:
    """Destroy a batch of old rows; return how many."""
    limit = before if column in {"day", "month"} else midnight(before)
    if column == "month":
        limit = (before.replace(day=1) - timedelta(days=31)).replace(day=1)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "DELETE FROM {table} WHERE ctid = ANY(ARRAY("
                "SELECT ctid FROM {table} WHERE {column} < %s LIMIT %s))"
            ).format(table=sql.Identifier(table), column=sql.Identifier(column)),
            [limit, BATCH],
        )
        count: int = cursor.rowcount
    if count:
        _told(term, before, at, table, count)
    return count
