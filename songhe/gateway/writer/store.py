"""The one transaction of a batch: readings, what the rules found, and all that hangs on them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterable, Sequence, Set
from datetime import UTC, date, datetime
from typing import Any, Self

import msgspec
import psycopg
from psycopg import sql

from songhe.gateway import waves
from songhe.gateway.batch import Batch, Letter, Replayed
from songhe.gateway.database import Connection, connect
from songhe.gateway.writer import rows, seen
from songhe.gateway.writer.talk import Part, say
from songhe.kernel.time import DAY_US, from_us, to_us
from songhe.kernel.wire import CHANNEL_FINDING, Finding, Reading

Cursor = psycopg.AsyncCursor[tuple[object, ...]]

_PREPARE = """
CREATE TEMP TABLE incoming_reading (LIKE reading_hot) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE incoming_latest (LIKE latest) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE incoming_seen (LIKE device_seen) ON COMMIT DELETE ROWS;
"""
_COPY_READINGS = f"COPY incoming_reading ({rows.READING_COLUMNS}) FROM STDIN (FORMAT BINARY)"
_COPY_DIRECT = f"COPY reading_hot ({rows.READING_COLUMNS}) FROM STDIN (FORMAT BINARY)"
_INSERT_READINGS = f"""
INSERT INTO reading_hot ({rows.READING_COLUMNS})
SELECT {rows.READING_COLUMNS} FROM incoming_reading ON CONFLICT DO NOTHING
"""  # noqa: S608 (constants only)
# Which rows of this batch are new. On a repeated try the first one may have been committed without
# our hearing of it: rows that carry this batch's own time of receipt are ours all the same.
_NEW_READINGS = """
SELECT t.subject, t.device, t.effective_at, t.fingerprint
FROM incoming_reading t
JOIN reading_hot r USING (subject, device, effective_at, fingerprint)
WHERE r.xmin = pg_current_xact_id()::xid OR (%s AND r.received_at = t.received_at)
"""
_COPY_LATEST = f"COPY incoming_latest ({rows.LATEST_COLUMNS}) FROM STDIN (FORMAT BINARY)"
_UPSERT_LATEST = f"""
INSERT INTO latest ({rows.LATEST_COLUMNS}) SELECT {rows.LATEST_COLUMNS} FROM incoming_latest
ON CONFLICT (subject) DO UPDATE SET subject_kind = EXCLUDED.subject_kind,
  codes = EXCLUDED.codes, times = EXCLUDED.times, vals = EXCLUDED.vals,
  devices = EXCLUDED.devices, updated_at = EXCLUDED.updated_at
"""  # noqa: S608 (constants only)
_COPY_SEEN = f"COPY incoming_seen ({seen.COLUMNS}) FROM STDIN (FORMAT BINARY)"
_FINDING_COLUMNS = """id, rule, rule_version, phase, "of", level, subject_kind, subject, person,
  device, onset_at, decided_at, late, summary, evidence, params"""
# One that is there already stays as it is.
_INSERT_FINDINGS = """
INSERT INTO finding ({columns}) SELECT {columns}
FROM jsonb_populate_recordset(NULL::finding, {rows}) ON CONFLICT DO NOTHING
"""
_INSERT_WAVEFORM = f"""
INSERT INTO waveform ({waves.COLUMNS})
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""  # noqa: S608 (constants only)
_INSERT_LETTER = """
INSERT INTO dead_letter (id, received_at, device, device_key, topic, payload, reason, detail, state)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'new') ON CONFLICT DO NOTHING
"""
_ANSWER_COMMAND = """
UPDATE device_command SET state = %s, result_at = %s, detail = %s
WHERE id = %s AND device_id = %s AND state NOT IN ('done', 'refused', 'failed')
"""
_REPLAYED = "UPDATE dead_letter SET state = 'replayed', replayed_at = %s WHERE id = %s"
_NOT_REPLAYED = "UPDATE dead_letter SET state = 'new', reason = %s, detail = %s WHERE id = %s"


class Work(msgspec.Struct):
    """What one transaction writes. latest and seen are COPY streams, empty when there is nothing.

    readings too, of these days; counted are those that signals made. batches tell what more there
    is, at the time (epoch microseconds) beside them.
    """

    batches: Sequence[tuple[Batch, int]]
    days: frozenset[int] = frozenset()
    readings: bytes = b""
    latest: bytes = b""
    seen: bytes = b""
    findings: Sequence[Finding] = ()
    counted: Sequence[Reading] = ()


class Store:
    """One connection's statements. A new connection needs a new one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._days: set[int] = set()

    @classmethod
    async def open(cls, url: str, name: str, *, waits_for_disk: bool = True) -> Self:
        """Connect. waits_for_disk: whether what is committed survives the machine's fall."""
        connection = await connect(url, name, autocommit=True)
        if not waits_for_disk:
            await connection.execute("SET synchronous_commit = off")
        await connection.execute(_PREPARE)
        return cls(connection)

    async def write(self, work: Work) -> None:
        """Write new readings and all else in one transaction; UniqueViolation: not all are new."""
        await self._ensure_days(work.days | days_of(work.counted))
        parts = self._rest(work)
        if work.readings:
            parts.insert(0, (_COPY_DIRECT, work.readings))
        if any(batch.has_more for batch, _ in work.batches):
            async with self._connection.transaction():
                await self._say(parts)
                await self._write_more(work)
        else:
            await self._say(parts)

    async def announce(self) -> None:
        """Tell whoever makes alarms that findings are committed.

        Not in their own transaction: notifying ones are committed one after another, and the
        readings would wait for others' syncs.
        """
        await self._connection.execute("SELECT pg_notify(%s, '')", (CHANNEL_FINDING,))

    async def begin(self, batch: Batch) -> list[Reading]:
        """Begin a transaction, insert those readings that are not stored yet, and return them."""
        readings = batch.readings
        await self._ensure_days(days_of(readings.values()))
        await self._connection.execute("BEGIN")
        await self._say([(_COPY_READINGS, packed((batch,)))])
        cursor = await self._connection.execute(_INSERT_READINGS)
        if cursor.rowcount == len(readings):
            return list(readings.values())
        await cursor.execute(_NEW_READINGS, (batch.retried,))
        found: list[Any] = await cursor.fetchall()
        keys = {(row[0].int, row[1].int, to_us(row[2]), row[3]) for row in found}
        return [reading for key, reading in readings.items() if key in keys]

    async def finish(self, work: Work) -> None:
        """Write what belongs to the readings of `begin`, and commit."""
        await self._ensure_days(days_of(work.counted))
        await self._say(self._rest(work))
        await self._write_more(work)
        await self._connection.execute("COMMIT")

    async def _ensure_days(self, days: Set[int]) -> None:
        """Make the partitions of days, each asked for once a connection."""
        for day in sorted(days - self._days):
            await self._connection.execute("SELECT ensure_reading_day(%s)", (_date(day),))
            self._days.add(day)

    async def _say(self, parts: Sequence[Part]) -> None:
        if parts:
            await say(self._connection, parts)

    def _rest(self, work: Work) -> list[Part]:
        """Return the statements of everything but the readings that batches nearly always bring."""
        parts: list[Part] = []
        if work.counted:
            found = [rows.reading(reading, reading.fingerprint) for reading in work.counted]
            parts += [(_COPY_READINGS, rows.stream(found)), (_INSERT_READINGS, None)]
        if work.latest:
            parts += [(_COPY_LATEST, work.latest), (_UPSERT_LATEST, None)]
        if work.seen:
            parts += [(_COPY_SEEN, work.seen), (seen.UPSERT, None)]
        if work.findings:
            said = msgspec.json.encode([_finding(one) for one in work.findings]).decode()
            told = sql.quote(said, self._connection)
            parts += [(_INSERT_FINDINGS.format(columns=_FINDING_COLUMNS, rows=told), None)]
        return parts

    async def _write_more(self, work: Work) -> None:
        cursor = self._connection.cursor()
        for batch, now_us in work.batches:
            if batch.waves:
                told = [row for item in batch.waves for row in waves.rows(item)]
                await cursor.executemany(_INSERT_WAVEFORM, told)
            if batch.letters:
                await cursor.executemany(_INSERT_LETTER, [_letter(row) for row in batch.letters])
            if batch.answers:
                answers = [
                    (a.result, from_us(now_us), a.detail, a.command, device.id)
                    for device, a in batch.answers
                ]
                await cursor.executemany(_ANSWER_COMMAND, answers)
            for replayed in batch.replayed:
                await _end_replay(cursor, replayed, now_us)

    async def roll_back(self) -> None:
        """End a failed transaction, unless the connection is gone with it."""
        if not self._connection.closed and not self._connection.broken:
            await self._connection.rollback()

    def break_off(self) -> None:
        """Cut the line to a server that says nothing: whoever waits for its answer gets an error.

        What was under way may be carried out all the same when the server comes to life.
        """
        with contextlib.suppress(OSError, psycopg.Error):
            number = os.dup(self._connection.pgconn.socket)
            with socket.socket(fileno=number) as line:
                line.shutdown(socket.SHUT_RDWR)

    async def close(self) -> None:
        """Drop the connection."""
        with contextlib.suppress(psycopg.Error):
            await asyncio.shield(self._connection.close())


async def _end_replay(cursor: Cursor, replayed: Replayed, now_us: int) -> None:
    refused = replayed.refused
    if refused is None:
        await cursor.execute(_REPLAYED, (from_us(now_us), replayed.letter))
    else:
        await cursor.execute(_NOT_REPLAYED, (refused.reason, refused.detail, replayed.letter))


def days_of(readings: Iterable[Reading]) -> frozenset[int]:
    """Return the days that readings fall into, counted from the epoch."""
    return frozenset({reading.effective_us // DAY_US for reading in readings})


def packed(batches: Iterable[Batch]) -> bytes:
    """Return the readings of batches as a COPY stream; of none, nothing."""
    out = [
        rows.reading(reading, key[3])
        for batch in batches
        for key, reading in batch.readings.items()
    ]
    return rows.stream(out) if out else b""


def _date(day: int) -> date:
    return datetime.fromtimestamp(day * 86_400, UTC).date()


def _finding(found: Finding) -> dict[str, object]:
    return {
        "id": found.id,
        "rule": found.rule,
        "rule_version": found.rule_version,
        "phase": found.phase,
        "of": found.of,
        "level": found.level,
        "subject_kind": found.subject_kind,
        "subject": found.subject,
        "person": found.person,
        "device": found.device,
        "onset_at": from_us(found.onset_us),
        "decided_at": from_us(found.decided_us),
        "late": found.late,
        "summary": found.summary,
        "evidence": found.evidence,
        "params": found.params,
    }


def _letter(letter: Letter) -> tuple[object, ...]:
    return (
        letter.id,
        from_us(letter.received_us),
        letter.device,
        letter.device_key,
        letter.topic,
        letter.payload,
        letter.reason,
        letter.detail,
    )
