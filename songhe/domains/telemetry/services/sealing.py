"""Sealing: closed days of reading_hot become arrays, piece by piece, while the gateway writes on.

A piece (some subjects of one day) moves in one transaction: the rows leave reading_hot and stand
in reading_day, or nothing has happened. So a reading is always in one of the two, whatever is
killed; what arrives meanwhile stays hot, and the next run merges it. An emptied day's partition is
dropped under a lock that is only asked for so briefly that nobody waits for us.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from psycopg import sql

from songhe.domains.telemetry import kept
from songhe.domains.telemetry.services import partitions
from songhe.domains.telemetry.services.packing import Key, midnight, repack
from songhe.domains.telemetry.services.regions import ask_for_regions
from songhe.domains.telemetry.services.rollups import roll_up

PIECE_MESSAGES = 20_000
LOCK_SPACE = 0x50F7  # first half of the advisory locks of days; the second is the day's number
_COUNT_DAY = """
INSERT INTO sealed_day AS d (day, messages, readings, bytes, first_sealed_at, sealed_at)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (day) DO UPDATE SET messages = d.messages + EXCLUDED.messages,
  readings = d.readings + EXCLUDED.readings, bytes = d.bytes + EXCLUDED.bytes,
  sealed_at = EXCLUDED.sealed_at
"""
_IS_SEALED = "SELECT EXISTS (SELECT FROM reading_day WHERE subject = %s AND day = %s)"

Progress = Callable[[int, int], bool]


def keep_going(_done: int, _total: int) -> bool:
    """Take no note of progress; never stop."""
    return True


def leaf_of(day: date) -> str:
    """Return the name of the partition of reading_hot that holds a UTC day."""
    return f"reading_hot_{day:%Y%m%d}"


def closed_days(at: datetime) -> list[date]:
    """Return the days that stand in reading_hot and are old enough to be sealed, oldest first."""
    newest = (at - timedelta(days=kept.settings().hot_days)).astimezone(UTC).date()
    days = [date.fromisoformat(name[-8:]) for name in partitions.names("reading_hot")]
    return [day for day in days if day < newest]


def lock_day(day: date) -> None:
    """Take the day for this transaction: sealing, merging and voiding come one after the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_SPACE, day.toordinal()])


def seal_day(day: date, *, at: datetime, progress: Progress = keep_going) -> bool:
    """Seal what stands in reading_hot of a closed day, or merge what came late into it.

    progress(messages moved, messages found) is called after each piece; when it says False the
    work stops there, and the next run goes on. True: nothing of the day is hot any more.
    Raises SealBroken when what was written is not what was read; then the piece stays hot.
    """
    counts = _subjects(day)
    total, done = sum(n for _, n in counts), 0
    for piece, messages in _pieces(counts):
        _seal_piece(day, piece, at)
        done += messages
        if not progress(done, total):
            return False
    ask_for_regions(midnight(day), midnight(day) + timedelta(hours=23))
    return drop_leaf(day)


def _subjects(day: date) -> list[tuple[UUID, int]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [leaf_of(day)])
        if cursor.fetchone()[0] is None:
            return []
        cursor.execute(
            sql.SQL("SELECT subject, count(*) FROM {} GROUP BY subject ORDER BY subject").format(
                sql.Identifier(leaf_of(day))
            )
        )
        return list(cursor.fetchall())


def _pieces(counts: Sequence[tuple[UUID, int]]) -> Iterator[tuple[list[UUID], int]]:
    piece: list[UUID] = []
    messages = 0
    for subject, n in counts:
        if piece and messages + n > PIECE_MESSAGES:
            yield piece, messages
            piece, messages = [], 0
        piece.append(subject)
        messages += n
    if piece:
        yield piece, messages


@transaction.atomic
def _seal_piece(day: date, subjects: Sequence[UUID], at: datetime) -> None:
    lock_day(day)
    _write(day, subjects, at, leaf=leaf_of(day))


def _write(
    day: date,
    subjects: Sequence[UUID],
    at: datetime,
    *,
    leaf: str | None,
    without: Key | None = None,
) -> None:
    change = repack(day, subjects, leaf=leaf, without=without)
    roll_up(day, subjects)
    with connection.cursor() as cursor:
        row: list[Any] = [day, change.messages, change.readings, change.bytes, at, at]
        cursor.execute(_COUNT_DAY, row)


def unseal_reading(key: Key, *, at: datetime) -> None:
    """Take one reading out of its sealed day, if it stands there; the caller holds the day's lock.

    Regions follow with their next roll-up, which is asked for here.
    """
    day = key[2].astimezone(UTC).date()
    with connection.cursor() as cursor:
        cursor.execute(_IS_SEALED, [key[0], day])
        is_sealed = cursor.fetchone()[0]
    if is_sealed:
        _write(day, [key[0]], at, leaf=None, without=key)
    ask_for_regions(key[2])


def drop_leaf(day: date) -> bool:
    """Drop a day's partition of reading_hot if nothing is left in it; True when it is gone."""
    partitions.shrink(leaf_of(day))
    return partitions.drop("reading_hot", leaf_of(day), only_empty=True)
