"""Destroying what is kept no longer (data/kept.yaml), each step told to the audit with its count.

A step is one transaction: what it destroyed, how far it came and its line in the audit stand or
fall together. A message of several classes loses the values of the class whose time is over; its
key stays. Rows of who is held (base.retention) stay, and go once nothing holds them any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from psycopg import sql

from songhe.base.access.actor import SYSTEM
from songhe.base.audit import services as audit
from songhe.base.retention.handlers import Ask, Due, Work
from songhe.domains.telemetry import kept
from songhe.domains.telemetry.kept import Term
from songhe.domains.telemetry.services import partitions, sealing
from songhe.domains.telemetry.services.packing import midnight
from songhe.domains.telemetry.terms import DESTROY_READINGS, class_of
from songhe.kernel import codes

BATCH = 5000
_UNTIL = "SELECT until FROM destroyed_until WHERE term = %s"
_SET_UNTIL = """
INSERT INTO destroyed_until (term, until) VALUES (%s, %s)
ON CONFLICT (term) DO UPDATE SET until = EXCLUDED.until
"""
_DAYS = "SELECT day FROM sealed_day WHERE day >= %s AND day < %s ORDER BY day"
_SHAPES = """
SELECT id, fingerprint, codes, decimals FROM reading_shape
 WHERE codes && %s::smallint[]
   AND EXISTS (SELECT FROM reading_day r WHERE r.day = %s AND r.shape = reading_shape.id
                AND r.subject <> ALL(%s::uuid[]))
"""
_WHOLE = """
WITH gone AS (
  DELETE FROM reading_day WHERE day = %s AND shape = %s AND subject <> ALL(%s::uuid[]) RETURNING n
)
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
   WHERE day = %(day)s AND shape = %(old)s AND subject <> ALL(%(held)s::uuid[]) RETURNING n
)
SELECT coalesce(sum(n), 0) FROM changed
"""
_COUNT_LESS = """
UPDATE sealed_day SET messages = messages - %s, readings = readings - %s,
       bytes = (SELECT coalesce(sum(pg_column_size(r.*) + 4), 0) FROM reading_day r
                 WHERE r.day = sealed_day.day)
 WHERE day = %s
"""
_LEFT = """
INSERT INTO destroyed_held (term, subject)
SELECT DISTINCT %s, r.subject FROM reading_day r JOIN reading_shape s ON s.id = r.shape
 WHERE r.day = %s AND s.codes && %s::smallint[] AND r.subject = ANY(%s::uuid[])
ON CONFLICT DO NOTHING
"""
_RELEASED = """
WITH free AS (
  DELETE FROM destroyed_held WHERE term = %(term)s AND subject <> ALL(%(held)s::uuid[])
  RETURNING 1
)
DELETE FROM destroyed_until WHERE term = %(term)s AND EXISTS (SELECT FROM free)
"""
_COUNT = """
SELECT s.codes, sum(r.n) FROM reading_day r JOIN reading_shape s ON s.id = r.shape
 WHERE r.day < %(before)s AND s.codes && %(codes)s::smallint[]
   AND r.subject <> ALL(%(held)s::uuid[])
   AND (r.day >= %(until)s OR r.subject IN (SELECT h.subject FROM destroyed_held h
                                             WHERE h.term = %(term)s))
 GROUP BY s.codes
"""
_OLDEST = "SELECT min(day) FROM sealed_day WHERE day >= %s AND messages > 0"
# table, its time, and whether a row is of somebody who is held
_OF_SUBJECT, _OF_DEVICE = "subject = ANY(%(subjects)s)", "device = ANY(%(devices)s)"
_ROWS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "waveforms": (("waveform", "started_at", _OF_SUBJECT),),
    "dead_letters": (("dead_letter", "received_at", _OF_DEVICE),),
    "voided": (("voided_reading", "voided_at", _OF_SUBJECT),),
    "days": (("reading_month", "month", _OF_SUBJECT),),
    "regions": (("region_hour", "began_at", "false"), ("region_day", "day", "false")),
}


@dataclass(frozen=True, slots=True)
class _Task:
    """One term to be destroyed: `before` is the first day that is kept; who is held is left out."""

    term: Term
    before: date
    at: datetime
    subjects: list[UUID]
    devices: list[UUID]
    work: Work | None = None

    @property
    def numbers(self) -> list[int]:
        """Return the numbers of the codes of the term."""
        return [code.number for code in codes.all_codes() if class_of(code) == self.term.name]


def _task(ask: Ask, work: Work | None = None) -> _Task:
    term = terms_by_class()[ask.data_class.name]
    days = ask.before.astimezone(UTC).date()
    waiting = sealing.closed_days(ask.at) if term.name in kept.CLASSES else []
    before = min([days, *waiting])  # never a day that has not been sealed yet
    return _Task(term, before, ask.at, ask.held.subjects, ask.held.devices, work)


def terms_by_class() -> dict[str, Term]:
    """Return the terms by the names of their classes."""
    return {f"telemetry-{term.name}": term for term in kept.settings().terms()}


def destroy(ask: Ask, work: Work) -> None:
    """Destroy what is out of time of one class, day by day or some thousand rows at a time."""
    for _ in _pieces(_task(ask, work)):
        if not work.goes_on():
            return


def _pieces(task: _Task) -> Iterator[None]:
    if task.term.name in kept.CLASSES:
        yield from _readings(task)
    elif task.term.name == "hours":
        yield from _hours(task)
    else:
        for table, column, of in _ROWS[task.term.name]:
            while _rows(task, table, column, of):
                yield


def _told(task: _Task, what: str, count: int) -> None:
    """Tell the audit and the run what goes, in the transaction in which it goes."""
    if task.work is not None:
        task.work.count(count)
    audit.record_change(
        actor=SYSTEM,
        action=DESTROY_READINGS,
        ref=f"telemetry.Kept/{task.term.name}",
        at=task.at,
        detail={
            "what": what,
            "count": count,
            "before": task.before.isoformat(),
            "kept_days": task.term.days,
            "because": f"{task.term.en} ({task.term.source})",
        },
    )


def _until(term: Term) -> date:
    with connection.cursor() as cursor:
        cursor.execute(_UNTIL, [term.name])
        row = cursor.fetchone()
    return row[0] if row else date.min


def _readings(task: _Task) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(_RELEASED, {"term": task.term.name, "held": task.subjects})
        cursor.execute(_DAYS, [_until(task.term), task.before])
        days = [day for (day,) in cursor.fetchall()]
    for day in days:
        _class_of_day(task, day)
        yield
    _drop_empty_months(task.before)


@transaction.atomic
def _class_of_day(task: _Task, day: date) -> None:
    """Destroy one class of one sealed day; note whose rows stayed because they are held."""
    sealing.lock_day(day)
    numbers = task.numbers
    messages = values = 0
    with connection.cursor() as cursor:
        cursor.execute(_LEFT, [task.term.name, day, numbers, task.subjects])
        cursor.execute(_SHAPES, [numbers, day, task.subjects])
        for shape in cursor.fetchall():
            n, width, is_whole = _shape_of_day(
                cursor, shape, day, frozenset(numbers), task.subjects
            )
            messages += n if is_whole else 0
            values += n * width
        cursor.execute(_COUNT_LESS, [messages, values, day])
        cursor.execute(_SET_UNTIL, [task.term.name, day + timedelta(days=1)])
    if values:
        _told(task, f"readings of {day}", values)


def _shape_of_day(
    cursor: Any,
    shape: tuple[int, int, list[int], list[int]],
    day: date,
    gone: frozenset[int],
    held: list[UUID],
) -> tuple[int, int, bool]:
    """Take the codes that go out of the rows of a shape; return messages, codes, whole or not."""
    pk, mark, numbers, decimals = shape
    stay = [j for j, number in enumerate(numbers) if number not in gone]
    width = len(numbers) - len(stay)
    if not stay:
        cursor.execute(_WHOLE, [day, pk, held])
        return int(cursor.fetchone()[0]), width, True
    narrow = [mark, [numbers[j] for j in stay], [decimals[j] for j in stay]]
    cursor.execute(_NARROW_SHAPE, narrow)
    new = cursor.fetchone()[0]
    keep = [j + 1 for j in stay]
    cursor.execute(_NARROW, {"new": new, "keep": keep, "day": day, "old": pk, "held": held})
    return int(cursor.fetchone()[0]), width, False


def _drop_empty_months(before: date) -> None:
    """Drop months of sealed readings in which nothing is left."""
    for name in _months("reading_day", before):
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(name)))
            is_used = cursor.fetchone()[0]
        if not is_used:
            partitions.drop("reading_day", name, only_empty=True)


def _months(table: str, before: date) -> Iterator[str]:
    """Yield the monthly partitions whose last day is out of time."""
    for name in partitions.names(table):
        month = datetime.strptime(name[-6:], "%Y%m").replace(tzinfo=UTC).date()
        if (month + timedelta(days=31)).replace(day=1) <= before:
            yield name


def _hours(task: _Task) -> Iterator[None]:
    """Destroy hours by the month; a month in which somebody is held goes row by row."""
    for name in _months("reading_hour", task.before):
        if _has_held(name, task.subjects):
            while _hours_beside(task, name):
                yield
        else:
            _month_of_hours(task, name)
            yield


def _has_held(name: str, held: list[UUID]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE subject = ANY(%s::uuid[]))").format(
                sql.Identifier(name)
            ),
            [held],
        )
        return bool(cursor.fetchone()[0])


@transaction.atomic
def _month_of_hours(task: _Task, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)))
        count = int(cursor.fetchone()[0])
    if partitions.drop("reading_hour", name, only_empty=False) and count:
        _told(task, name, count)


@transaction.atomic
def _hours_beside(task: _Task, name: str) -> int:
    """Destroy a batch of a month's hours, those of who is held left out; return how many."""
    return _delete(task, name, name, "subject <> ALL(%(subjects)s::uuid[])", {})


@transaction.atomic
def _rows(task: _Task, table: str, column: str, of: str) -> int:
    """Destroy a batch of old rows; return how many."""
    old = sql.SQL("{} < %(limit)s AND ({}) IS NOT TRUE").format(sql.Identifier(column), sql.SQL(of))
    return _delete(task, table, table, old, {"limit": _limit(task, column)})


def _delete(
    task: _Task, table: str, what: str, where: str | sql.Composed, given: dict[str, Any]
) -> int:
    told = given | {"subjects": task.subjects, "devices": task.devices, "batch": BATCH}
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "DELETE FROM {table} WHERE ctid = ANY(ARRAY("
                "SELECT ctid FROM {table} WHERE {where} LIMIT %(batch)s))"
            ).format(
                table=sql.Identifier(table),
                where=sql.SQL(where) if isinstance(where, str) else where,
            ),
            told,
        )
        count: int = cursor.rowcount
    if count:
        _told(task, what, count)
    return count


def _limit(task: _Task, column: str) -> date | datetime:
    if column == "month":
        return (task.before.replace(day=1) - timedelta(days=31)).replace(day=1)
    return task.before if column == "day" else midnight(task.before)


def find(ask: Ask) -> Due:
    """Count what is out of time of one class; the oldest is that of what stands."""
    task = _task(ask)
    if task.term.name in kept.CLASSES:
        return _find_readings(task)
    if task.term.name == "hours":
        return _find_hours(task)
    count, oldest = 0, None
    for table, column, of in _ROWS[task.term.name]:
        found, first = _find_rows(task, table, column, of)
        count += found
        oldest = min(filter(None, (oldest, first)), default=None)
    return Due(count, oldest)


def _find_readings(task: _Task) -> Due:
    until, numbers = _until(task.term), set(task.numbers)
    given: dict[str, Any] = {"before": task.before, "until": until, "codes": list(numbers)}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, given | {"held": task.subjects, "term": task.term.name})
        count = sum(len(numbers & set(shape)) * int(n) for shape, n in cursor.fetchall())
        cursor.execute(_OLDEST, [until])
        day = cursor.fetchone()[0]
    return Due(count, midnight(day) if day else None)


def _find_hours(task: _Task) -> Due:
    count = 0
    with connection.cursor() as cursor:
        for name in _months("reading_hour", task.before):
            cursor.execute(
                sql.SQL("SELECT count(*) FROM {} WHERE subject <> ALL(%s::uuid[])").format(
                    sql.Identifier(name)
                ),
                [task.subjects],
            )
            count += int(cursor.fetchone()[0])
    first = next(iter(partitions.names("reading_hour")), None)
    oldest = datetime.strptime(first[-6:], "%Y%m").replace(tzinfo=UTC) if first else None
    return Due(count, oldest)


def _find_rows(task: _Task, table: str, column: str, of: str) -> tuple[int, datetime | None]:
    given: dict[str, Any] = {"limit": _limit(task, column)}
    given |= {"subjects": task.subjects, "devices": task.devices}
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "SELECT count(*) FILTER (WHERE {column} < %(limit)s), min({column}) FROM {table}"
                " WHERE ({of}) IS NOT TRUE"
            ).format(table=sql.Identifier(table), column=sql.Identifier(column), of=sql.SQL(of)),
            given,
        )
        count, first = cursor.fetchone()
    if first is not None and not isinstance(first, datetime):
        first = midnight(first)
    return int(count), first
