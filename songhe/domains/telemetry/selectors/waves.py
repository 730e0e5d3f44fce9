"""Waveforms as they are stored: what a person has, the newest, and a stretch of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from songhe.base.access.actor import Actor
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView, Rooms
from songhe.domains.telemetry.policies import open_classes
from songhe.domains.telemetry.terms import class_of
from songhe.kernel import codes

LONGEST_S = 600
RECORDING_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WaveSource:
    """One device's waveform of one code. ends_at: the end of its newest chunk; frame: rows and
    columns of one instant, of which rate_hz counts."""

    subject: UUID
    device: UUID
    code: codes.Code
    leads: tuple[str, ...]
    ends_at: datetime
    rate_hz: float
    frame: tuple[int, int]

    @property
    def is_array(self) -> bool:
        """Tell whether an instant is a frame of many values."""
        return self.frame != (1, 1)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One stored piece. values: float32 (instants, values of one), canonical unit, NaN where
    none is; frame: rows and columns of an instant."""

    at: datetime
    seq: int
    rate_hz: float
    values: NDArray[np.float32]
    quality: float | None
    recording: str
    frame: tuple[int, int] = (1, 1)

    @property
    def ends_at(self) -> datetime:
        """Return when the sample after its last one would be."""
        return self.at + timedelta(microseconds=round(len(self.values) * 1e6 / self.rate_hz))


# From one (device, code, lead) to the next by the key: as quick with a year of chunks as with one.
SOURCES = """
WITH RECURSIVE k AS (
  SELECT f.* FROM unnest(%s::uuid[]) AS s(subject), LATERAL (
    SELECT w.subject, w.device, w.code, w.lead FROM waveform w WHERE w.subject = s.subject
     ORDER BY w.device, w.code, w.lead LIMIT 1) f
  UNION ALL
  SELECT f.* FROM k, LATERAL (
    SELECT w.subject, w.device, w.code, w.lead FROM waveform w
     WHERE w.subject = k.subject AND (w.device, w.code, w.lead) > (k.device, k.code, k.lead)
     ORDER BY w.device, w.code, w.lead LIMIT 1) f
)
SELECT k.subject, k.device, k.code, k.lead, n.started_at, n.rate_hz, n.frame,
       octet_length(n.samples) / 4 / (n.frame[1] * n.frame[2])
  FROM k, LATERAL (
    SELECT w.* FROM waveform w
     WHERE (w.subject, w.device, w.code, w.lead) = (k.subject, k.device, k.code, k.lead)
     ORDER BY w.started_at DESC LIMIT 1) n
 ORDER BY k.subject, k.device, k.code, k.lead
"""


def wave_sources(
    actor: Actor,
    person: PersonView,
    home_id: UUID | None,
    *,
    at: datetime,
    rooms: Rooms | None = None,
) -> list[WaveSource]:
    """Return the waveforms of a person and the rooms of a home that are open, newest first.

    rooms: the home's for this person, for a caller who has read them. 2 queries at most.
    """
    classes = open_classes(actor, person)
    subjects = person.ids if "health" in classes else []
    if home_id is not None and "home" in classes:
        if rooms is None:
            rooms = people.rooms_for(person.id, home_id, at=at)
        subjects += [room.pk for room in rooms]
    if not subjects:
        return []
    with connection.cursor() as cursor:
        cursor.execute(SOURCES, [subjects])
        rows = cursor.fetchall()
    found: dict[tuple[UUID, UUID, int], list[Any]] = {}
    for row in rows:
        found.setdefault(row[:3], []).append(row)
    sources = [_source(held) for held in found.values()]
    return sorted(
        (one for one in sources if class_of(one.code) in classes),
        key=lambda one: (one.ends_at, -one.code.number),
        reverse=True,
    )


def _source(rows: Sequence[Any]) -> WaveSource:
    subject, device, number, _, _, rate_hz, frame, _ = rows[0]
    ends = [began + timedelta(seconds=n / rate) for _, _, _, _, began, rate, _, n in rows]
    leads = tuple(row[3] for row in rows)
    code = codes.by_number(number)
    return WaveSource(subject, device, code, leads, max(ends), rate_hz, tuple(frame))


_CHUNKS = """
SELECT k.i, w.lead, w.started_at, w.seq, w.rate_hz, w.samples, w.quality, w.recording, w.frame
  FROM unnest(%s::int[], %s::uuid[], %s::uuid[], %s::smallint[], %s::text[],
              %s::timestamptz[], %s::timestamptz[])
       AS k(i, subject, device, code, lead, since, until),
  LATERAL (
    SELECT w.* FROM waveform w
     WHERE (w.subject, w.device, w.code, w.lead) = (k.subject, k.device, k.code, k.lead)
       AND w.started_at < k.until
       AND w.started_at >= coalesce((
         SELECT max(b.started_at) FROM waveform b
          WHERE (b.subject, b.device, b.code, b.lead) = (k.subject, k.device, k.code, k.lead)
            AND b.started_at <= k.since), k.since)) w
 ORDER BY k.i, w.lead, w.started_at
"""
Stretch = tuple[WaveSource, datetime, datetime]


def wave_chunks(stretches: Sequence[Stretch]) -> list[dict[str, list[Chunk]]]:
    """Return the chunks of each (source, start, end) by lead, in time order; 1 query.

    The first one may have begun before start. Sources come from `wave_sources`, which has asked
    what is open. A stretch is at most 10 minutes long.
    """
    found: list[dict[str, list[Chunk]]] = [
        {lead: [] for lead in source.leads} for source, _, _ in stretches
    ]
    keys = [
        (i, source.subject, source.device, source.code.number, lead, start, end)
        for i, (source, start, end) in enumerate(stretches)
        for lead in source.leads
    ]
    for _, start, end in stretches:
        if end - start > timedelta(seconds=LONGEST_S):
            raise ValueError("a read of a waveform is bounded: at most 10 minutes")
    if not keys:
        return found
    with connection.cursor() as cursor:
        cursor.execute(_CHUNKS, [list(column) for column in zip(*keys, strict=True)])
        for i, lead, at, seq, rate_hz, samples, quality, recording, frame in cursor.fetchall():
            values = np.frombuffer(samples, "<f4").reshape(-1, frame[0] * frame[1])
            chunk = Chunk(at, seq, rate_hz, values, quality, recording, tuple(frame))
            if chunk.ends_at > stretches[i][1]:
                found[i][lead].append(chunk)
    return found


_BESIDE = """
SELECT max(b.at), min(a.at) FROM unnest(%s::text[]) AS k(lead),
  LATERAL (SELECT max(w.started_at) AS at FROM waveform w
            WHERE (w.subject, w.device, w.code, w.lead) = (%s, %s, %s, k.lead)
              AND w.started_at < %s) b,
  LATERAL (SELECT min(w.started_at) AS at FROM waveform w
            WHERE (w.subject, w.device, w.code, w.lead) = (%s, %s, %s, k.lead)
              AND w.started_at >= %s) a
"""


def beside(
    source: WaveSource, start: datetime, end: datetime
) -> tuple[datetime | None, datetime | None]:
    """Return where the last chunk before start and the first one from end on begin; 1 query."""
    key: list[Any] = [source.subject, source.device, source.code.number]
    with connection.cursor() as cursor:
        cursor.execute(_BESIDE, [[*source.leads], *key, start, *key, end])
        before, after = cursor.fetchone()
    return before, after


_BOUNDS = """
SELECT min(started_at), max(started_at) FROM waveform
 WHERE subject = %s AND device = %s AND code = %s AND lead = %s AND recording = %s
   AND started_at BETWEEN %s AND %s
"""


def recording_bounds(
    source: WaveSource, recording: str, at: datetime
) -> tuple[datetime, datetime] | None:
    """Return where the first and the last chunk of a recording begin, a day around at; 1 query."""
    span = (at - RECORDING_WITHIN, at + RECORDING_WITHIN)
    key: list[Any] = [source.subject, source.device, source.code.number, source.leads[0]]
    with connection.cursor() as cursor:
        cursor.execute(_BOUNDS, [*key, recording, *span])
        first, last = cursor.fetchone()
    return None if first is None else (first, last)
