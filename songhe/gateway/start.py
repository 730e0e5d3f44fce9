"""What the gateway must know before it opens its ports: the past, streamed from the database."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog

from songhe.gateway import waves
from songhe.gateway.database import Connection
from songhe.gateway.registry import Registry
from songhe.gateway.writer.latest import Latest
from songhe.gateway.writer.seen import Facts, Seen
from songhe.kernel.detectors import Evaluator
from songhe.kernel.signals.catalogue import warmup_s
from songhe.kernel.signals.stored import waves_of
from songhe.kernel.time import HOUR_US, from_us, to_us
from songhe.kernel.wire import EvidenceKey, Finding, Reading

log = structlog.get_logger("songhe.gateway.start")

CHUNK = 5000
OPEN_FINDINGS_DAYS = 92
_READINGS = """
SELECT subject_kind, subject, device, effective_at, received_at, codes, vals, flags, person
FROM reading_hot WHERE effective_at >= %s ORDER BY effective_at
"""
_WAVES = f"""
SELECT {waves.COLUMNS} FROM waveform WHERE received_at >= %s AND started_at >= %s
ORDER BY started_at, device, code, subject, lead
"""  # noqa: S608 (constants only)
_OPEN = """
SELECT f.id, f.rule, f.rule_version, f.phase, f.level, f.subject_kind, f.subject, f.person,
  f.device, f.onset_at, f.decided_at, f.late, f.summary, f.evidence, f.params
FROM finding f
WHERE f.phase = 'raised' AND f.decided_at >= now() - make_interval(days => %s)
  AND NOT EXISTS (SELECT 1 FROM finding c WHERE c."of" = f.id AND c.phase = 'cleared')
"""
_FINDING_COLUMNS = [
    "id",
    "rule",
    "rule_version",
    "phase",
    "level",
    "subject_kind",
    "subject",
    "person",
    "device",
    "onset_us",
    "decided_us",
    "late",
    "summary",
    "evidence",
    "params",
]


async def load_latest(database: Connection, latest: Latest) -> None:
    """Fill the memory of newest values."""
    async with database.cursor("latest") as cursor:
        await cursor.execute(
            "SELECT subject, subject_kind, codes, times, vals, devices FROM latest"
        )
        async for row in cursor:
            subject, kind, codes, times, values, devices = _any(row)
            cells = zip((to_us(time) for time in times), values, devices, strict=True)
            latest.put(subject, kind, dict(zip(codes, cells, strict=True)))


async def load_seen(database: Connection, seen: Seen, registry: Registry) -> None:
    """Fill the memory of what was heard; nobody is connected yet."""
    cursor = await database.execute(
        "SELECT device, last_at, received_at, online, battery_pct, rssi_dbm, firmware,"
        " clock_offset_s, reported FROM device_seen"
    )
    for row in await cursor.fetchall():
        device, last_at, received_at, online, battery, rssi, firmware, offset_s, reported = _any(
            row
        )
        offset_us = round((offset_s or 0.0) * 1_000_000)
        seen.put(
            device,
            Facts(
                None if last_at is None else to_us(last_at),
                None if received_at is None else to_us(received_at),
                False,
                battery,
                rssi,
                firmware,
                offset_us,
                reported,
            ),
        )
        if online:
            seen.dirty.add(device)
        known = registry.by_id.get(device)
        if known is not None:
            known.offset_us = offset_us


async def rebuild(
    database: Connection,
    evaluator: Evaluator,
    latest: Latest,
    registry: Registry,
    *,
    now_us: int,
    hours: float,
) -> int:
    """Bring the rules' states and the newest values up to what is stored; return how much.

    A process that was killed may have left table `latest` a moment behind the readings.
    """
    count = 0
    for device in registry.by_id.values():
        evaluator.rules.mount(device.snapshot)
    since = from_us(now_us - round(hours * HOUR_US))
    async with database.cursor("rebuild") as cursor:
        cursor.itersize = CHUNK
        await cursor.execute(_READINGS, (since,))
        while rows := await cursor.fetchmany(CHUNK):
            readings = [_reading(row, registry) for row in rows]
            evaluator.rebuild(readings)
            latest.merge(latest.plan(readings))
            count += len(readings)
    async with database.cursor("waves") as cursor:
        recent = from_us(now_us - round(warmup_s() * 1_000_000))
        await cursor.execute(_WAVES, (recent, recent))
        evaluator.rebuild((), waves_of(await cursor.fetchall()))
    open_findings = await database.execute(_OPEN, (OPEN_FINDINGS_DAYS,))
    evaluator.adopt([_finding(row) for row in await open_findings.fetchall()])
    return count


def note_absence(evaluator: Evaluator, registry: Registry, seen: Seen, now_us: int) -> None:
    """Tell the rules since when nobody listened: since the last that any device was heard."""
    last_us = max((seen.facts(device).received_us or 0 for device in registry.by_id), default=0)
    if last_us:
        evaluator.was_deaf(last_us, now_us)


def watch(evaluator: Evaluator, registry: Registry, seen: Seen) -> None:
    """Watch every device for silence from when it was last heard."""
    for device in registry.by_id.values():
        evaluator.watch(device.snapshot, seen.facts(device.id).received_us)


def _any(row: tuple[object, ...]) -> Any:
    return row


def _reading(row: tuple[object, ...], registry: Registry) -> Reading:
    kind, subject, device_id, effective_at, received_at, codes, values, flags, person = _any(row)
    effective_us = to_us(effective_at)
    device = registry.by_id.get(device_id)
    bound = device.bound_at(effective_us) if device is not None else None
    return Reading(
        kind,
        subject,
        device_id,
        effective_us,
        to_us(received_at),
        tuple(codes),
        tuple(values),
        flags,
        person,
        bound.place if bound is not None else None,
    )


def _finding(row: tuple[object, ...]) -> Finding:
    fields: dict[str, Any] = dict(zip(_FINDING_COLUMNS, row, strict=True))
    fields["onset_us"] = to_us(fields["onset_us"])
    fields["decided_us"] = to_us(fields["decided_us"])
    fields["evidence"] = msgspec.convert(fields["evidence"], list[EvidenceKey])
    return Finding(**fields)
