"""Stored readings as they came, for rules tried on the past and for replay: no actor, no mask."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from songhe.domains.telemetry.selectors.waves import SOURCES
from songhe.kernel.signals.stored import COLUMNS, waves_of
from songhe.kernel.time import to_us
from songhe.kernel.wire import Reading, Wave

CHUNK_ROWS = 20_000
# So many subjects' days are one query: what the server sorts for it stays small, and of few
# persons weeks come at once. The client holds chunk_rows either way.
SUBJECT_DAYS = 1_400
_PIECE = """
SELECT subject_kind, subject, device, effective_at, received_at, codes_of, vals, flags, person
  FROM readings(%s, %s, %s, %s)
 ORDER BY effective_at, device, fingerprint, subject
"""


def stream(
    *,
    subjects: Collection[UUID] | None,
    since: datetime,
    until: datetime,
    chunk_rows: int = CHUNK_ROWS,
    codes: Collection[int] | None = None,
) -> Iterator[Reading]:
    """Yield what is stored from since until before until, each once, by effective time and device.

    Hot and sealed days are read as one. subjects None means all of them; codes: only readings
    with one of these. `place` is not stored: it is None. Memory holds chunk_rows at a time; one
    query is a UTC day of many subjects, or as many days of few. For the system's own use: the
    caller answers for who may see.
    """
    if since >= until:
        return
    wanted = None if subjects is None else list(subjects)
    only = None if codes is None else list(codes)
    whole_days = timedelta(days=days_at_once(wanted))
    start = since
    while start < until:
        midnight = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        end = min(until, midnight + whole_days)
        with connection.chunked_cursor() as cursor:
            cursor.execute(_PIECE, [wanted, only, start, end])
            while rows := cursor.fetchmany(chunk_rows):
                yield from map(_reading, rows)
        start = end


def days_at_once(subjects: Sequence[UUID] | None) -> int:
    """Return how many UTC days of some subjects are read by one query; None means all subjects."""
    return 1 if subjects is None else max(1, SUBJECT_DAYS // max(1, len(subjects)))


def _reading(row: Any) -> Reading:
    kind, subject, device, effective_at, received_at, codes, values, flags, person = row
    return Reading(
        kind,
        subject,
        device,
        to_us(effective_at),
        to_us(received_at),
        tuple(codes),
        tuple(values),
        flags,
        person,
    )


@dataclass(frozen=True, slots=True)
class WaveKey:
    """Whose waves of one code from one device; leads: their names."""

    subject: UUID
    device: UUID
    code: int
    leads: tuple[str, ...]


WAVE_ROWS = 400  # an array's second is some 10 kB: memory holds a few megabytes
WAVES_AT_ONCE = timedelta(hours=1)
_OF_KEYS = "unnest(%s::uuid[], %s::uuid[], %s::smallint[], %s::text[])"
_WAVES = f"""
SELECT {COLUMNS} FROM (SELECT w.* FROM {_OF_KEYS} AS k(s, d, c, l), LATERAL (
  SELECT * FROM waveform v WHERE (v.subject, v.device, v.code, v.lead) = (k.s, k.d, k.c, k.l)
     AND v.started_at >= %s AND v.started_at < %s) w) found
 ORDER BY started_at, device, code, subject, lead
"""  # noqa: S608 (constants only)
_LENGTHS = f"""
SELECT k.c, sum(octet_length(v.samples) / 4.0 / (v.frame[1] * v.frame[2]) / v.rate_hz)
  FROM {_OF_KEYS} AS k(s, d, c, l) JOIN waveform v
    ON (v.subject, v.device, v.code, v.lead) = (k.s, k.d, k.c, k.l)
   AND v.started_at >= %s AND v.started_at < %s
 GROUP BY 1
"""  # noqa: S608 (constants only)


def wave_keys(subjects: Collection[UUID], codes: Collection[int]) -> list[WaveKey]:
    """Return which waves of some codes are stored of subjects; 1 query, stepping along the key."""
    found: dict[tuple[UUID, UUID, int], list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(SOURCES, [list(subjects)])
        for subject, device, code, lead, *_ in cursor.fetchall():
            if code in codes:
                found.setdefault((subject, device, code), []).append(lead)
    return [WaveKey(*key, tuple(leads)) for key, leads in found.items()]


def wave_lengths(keys: Collection[WaveKey], since: datetime, until: datetime) -> dict[int, float]:
    """Return how many seconds of signal are stored, by code; samples are not read; 1 query."""
    first = [(key.subject, key.device, key.code, key.leads[0]) for key in keys]
    if not first:
        return {}
    with connection.cursor() as cursor:
        columns = [list(column) for column in zip(*first, strict=True)]
        cursor.execute(_LENGTHS, [*columns, since, until])
        return {code: float(length) for code, length in cursor.fetchall()}


def waves(keys: Collection[WaveKey], *, since: datetime, until: datetime) -> Iterator[Wave]:
    """Yield stored waves that begin within a time, all devices in the order of time.

    An hour a query, WAVE_ROWS rows in memory. For the system's own use, as `stream`.
    """
    each = [(k.subject, k.device, k.code, lead) for k in keys for lead in k.leads]
    columns = [list(column) for column in zip(*each, strict=True)]
    start = since
    while each and start < until:
        end = min(until, start + WAVES_AT_ONCE)
        yield from waves_of(_wave_rows([*columns, start, end]))
        start = end


def _wave_rows(asked: list[Any]) -> Iterator[Any]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_WAVES, asked)
        while rows := cursor.fetchmany(WAVE_ROWS):
            yield from rows
