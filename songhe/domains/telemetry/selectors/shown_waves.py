"""The stored waves that an alarm's evidence names, by device and code, in the order of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection

from songhe.domains.telemetry.selectors.waves import Chunk
from songhe.kernel import codes
from songhe.kernel.time import from_us, to_us
from songhe.kernel.wire import EvidenceKey, fingerprint


@dataclass(frozen=True, slots=True)
class ShownWaves:
    """What one device sent of one code: its leads, each its chunks in the order of time."""

    device: UUID
    code: codes.Code
    leads: dict[str, list[Chunk]] = field(default_factory=dict)

    @property
    def span(self) -> tuple[datetime, datetime]:
        """Return when the first chunk begins and the last one ends."""
        chunks = [chunk for held in self.leads.values() for chunk in held]
        return min(chunk.at for chunk in chunks), max(chunk.ends_at for chunk in chunks)


@cache
def _wave_codes() -> dict[str, codes.Code]:
    return {
        str(fingerprint((code.number,))): code
        for code in codes.all_codes()
        if code.kind == "waveform"
    }


def is_wave(key: EvidenceKey) -> bool:
    """Tell whether a key of evidence names a wave, not a reading."""
    return key.fingerprint in _wave_codes()


_BY_KEYS = """
SELECT w.subject, w.device, w.code, w.lead, w.started_at, w.seq, w.rate_hz, w.samples, w.quality,
       w.recording, w.frame
  FROM unnest(%s::uuid[], %s::uuid[], %s::smallint[], %s::timestamptz[])
       AS k(subject, device, code, at)
  JOIN waveform w ON w.subject = k.subject AND w.device = k.device AND w.code = k.code
   AND w.started_at = k.at
 ORDER BY w.device, w.code, w.lead, w.started_at
"""


def waves_by_keys(keys: Iterable[EvidenceKey]) -> tuple[list[ShownWaves], list[EvidenceKey]]:
    """Return the stored waves of these keys, and the keys that are gone.

    For an alarm's evidence: the caller has narrowed the alarm. 1 query.
    """
    wanted = list(dict.fromkeys(keys))
    if not wanted:
        return [], []
    number = {key: _wave_codes()[key.fingerprint].number for key in wanted}
    columns: list[Any] = [
        [key.subject for key in wanted],
        [key.device for key in wanted],
        [number[key] for key in wanted],
        [from_us(key.at_us) for key in wanted],
    ]
    found: dict[tuple[UUID, int], ShownWaves] = {}
    there: set[tuple[UUID, UUID, int, int]] = set()
    with connection.cursor() as cursor:
        cursor.execute(_BY_KEYS, columns)
        for row in cursor.fetchall():
            subject, device, code, lead, at, seq, rate_hz, samples, quality, recording, frame = row
            there.add((subject, device, code, to_us(at)))
            held = found.setdefault((device, code), ShownWaves(device, codes.by_number(code)))
            values = np.frombuffer(samples, "<f4").reshape(-1, frame[0] * frame[1])
            chunk = Chunk(at, seq, rate_hz, values, quality, recording, tuple(frame))
            held.leads.setdefault(lead, []).append(chunk)
    gone = [k for k in wanted if (k.subject, k.device, number[k], k.at_us) not in there]
    return list(found.values()), gone
