"""The one transaction of a batch: readings, what the rules found, and all that hangs on them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from psycopg import AsyncCursor
from psycopg.types.json import Jsonb

from songhe.gateway.batch import Batch, Key, Letter, Replayed
from songhe.gateway.database import Connection
from songhe.gateway.normalise import StoredWaveform
from songhe.gateway.writer import rows, seen
from songhe.kernel.time import DAY_US, from_us, to_us
from songhe.kernel.wire import CHANNEL_FINDING, Finding, Reading

Cursor = AsyncCursor[tuple[object, ...]]

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
_INSERT_FINDING = """
INSERT INTO finding (id, rule, rule_version, phase, "of", level, subject_kind, subject, person,
  device, onset_at, decided_at, late, summary, evidence, params)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_INSERT_WAVEFORM = """
INSERT INTO waveform (subject, subject_kind, device, code, started_at, seq, rate_hz, samples,
  person, received_at, lead, recording, quality, frame)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
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


class Store:
    """One connection's statements. A new connection needs a new one."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._days: set[int] = set()

    async def prepare(self) -> None:
        """Make the connection's temporary tables."""
        await self.connection.execute(_PREPARE)

    async def ensure_days(self, readings: Iterable[Reading]) -> None:
        """Make the partitions that readings fall into, each asked for once a connection."""
        days = {reading.effective_us // DAY_US for reading in readings}
        for day in sorted(days - self._days):
            await self.connection.execute("SELECT ensure_reading_day(%s)", (_date(day),))
            self._days.add(day)

    async def copy_readings(self, cursor: Cursor, readings: dict[Key, Reading]) -> None:
        """Insert readings that are expected to be new; raises UniqueViolation when one is not."""
        async with cursor.copy(_COPY_DIRECT) as copy:
            await copy.write(_packed(readings))

    async def insert_readings(self, cursor: Cursor, batch: Batch) -> list[Reading]:
        """Insert those of a batch's readings that were not stored before, and return them."""
        readings = batch.readings
        async with cursor.copy(_COPY_READINGS) as copy:
            await copy.write(_packed(readings))
        await cursor.execute(_INSERT_READINGS)
        if cursor.rowcount == len(readings):
            return list(readings.values())
        await cursor.execute(_NEW_READINGS, (batch.retried,))
        found: list[Any] = await cursor.fetchall()
        keys = {(row[0].int, row[1].int, to_us(row[2]), row[3]) for row in found}
        return [reading for key, reading in readings.items() if key in keys]

    async def write_latest(self, cursor: Cursor, packed: bytes) -> None:
        """Replace rows of latest."""
        async with cursor.copy(_COPY_LATEST) as copy:
            await copy.write(packed)
        await cursor.execute(_UPSERT_LATEST)

    async def write_seen(self, cursor: Cursor, packed: bytes) -> None:
        """Replace rows of device_seen."""
        async with cursor.copy(_COPY_SEEN) as copy:
            await copy.write(packed)
        await cursor.execute(seen.UPSERT)

    async def write_rest(
        self,
        cursor: Cursor,
        batch: Batch,
        findings: Sequence[Finding],
        now_us: int,
    ) -> None:
        """Write everything beside the readings."""
        if findings:
            await self.write_findings(cursor, findings)
        if batch.waveforms:
            await cursor.executemany(_INSERT_WAVEFORM, [_waveform(w) for w in batch.waveforms])
        if batch.letters:
            await cursor.executemany(_INSERT_LETTER, [_letter(row) for row in batch.letters])
        if batch.answers:
            answers = [
                (a.result, from_us(now_us), a.detail, a.command, device.id)
                for device, a in batch.answers
            ]
            await cursor.executemany(_ANSWER_COMMAND, answers)
        for replayed in batch.replayed:
            await self._replayed(cursor, replayed, now_us)

    async def write_findings(self, cursor: Cursor, findings: Sequence[Finding]) -> None:
        """Write findings and announce them; one that is there already stays as it is."""
        await cursor.executemany(_INSERT_FINDING, [_finding(f) for f in findings])
        await cursor.execute("SELECT pg_notify(%s, '')", (CHANNEL_FINDING,))

    @staticmethod
    async def _replayed(cursor: Cursor, replayed: Replayed, now_us: int) -> None:
        refused = replayed.refused
        if refused is None:
            await cursor.execute(_REPLAYED, (from_us(now_us), replayed.letter))
        else:
            await cursor.execute(_NOT_REPLAYED, (refused.reason, refused.detail, replayed.letter))

    async def roll_back(self) -> None:
        """End a failed transaction, unless the connection is gone with it."""
        if not self.connection.closed and not self.connection.broken:
            await self.connection.rollback()

    async def close(self) -> None:
        """Drop the connection."""
        await asyncio.shield(self.connection.close())


def _packed(readings: dict[Key, Reading]) -> bytes:
    return rows.stream(rows.reading(reading, key[3]) for key, reading in readings.items())


def _date(day: int) -> date:
    return datetime.fromtimestamp(day * 86_400, UTC).date()


def _finding(found: Finding) -> tuple[object, ...]:
    return (
        found.id,
        found.rule,
        found.rule_version,
        found.phase,
        found.of,
        found.level,
        found.subject_kind,
        found.subject,
        found.person,
        found.device,
        from_us(found.onset_us),
        from_us(found.decided_us),
        found.late,
        Jsonb(msgspec.to_builtins(found.summary)),
        Jsonb(msgspec.to_builtins(found.evidence)),
        Jsonb(msgspec.to_builtins(found.params)),
    )


def _waveform(wave: StoredWaveform) -> tuple[object, ...]:
    bound = wave.binding
    return (
        bound.subject,
        bound.subject_kind,
        wave.device,
        wave.code,
        from_us(wave.started_us),
        wave.seq,
        wave.rate_hz,
        wave.samples,
        bound.person,
        from_us(wave.received_us),
        wave.lead,
        wave.recording,
        wave.quality,
        wave.frame,
    )


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
