"""Waves as rows of the table `waveform`, one a lead, and back again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from songhe.kernel.time import to_us
from songhe.kernel.wire import Wave

COLUMNS = """subject, subject_kind, device, code, started_at, seq, rate_hz, samples, person,
  received_at, lead, recording, quality, frame"""
Row = tuple[object, ...]


def together(leads: Sequence[NDArray[np.float32]], frame: Sequence[int] | None) -> Any:
    """Return samples by instant: (n, leads), or (n, rows, columns) of one lead of frames."""
    if frame is not None and tuple(frame) != (1, 1) and len(leads) == 1:
        return leads[0].reshape(-1, *frame)
    return np.stack(leads, axis=1)


def waves_of(found: Iterable[Row]) -> Iterator[Wave]:
    """Yield the waves of rows of COLUMNS, which stand in the order of time, device and code."""
    for key, group in groupby(found, lambda row: (row[4], row[2], row[3], row[0])):
        leads: list[Any] = list(group)
        first: Any = leads[0]
        samples = [np.frombuffer(row[7], dtype="<f4") for row in leads]
        least = min(len(part) for part in samples)
        started: Any = key[0]
        yield Wave(
            subject_kind=first[1],
            subject=first[0],
            device=first[2],
            code=first[3],
            started_us=to_us(started),
            rate_hz=first[6],
            received_us=to_us(first[9]),
            samples=together([part[:least] for part in samples], first[13]),
            leads=tuple(row[10] for row in leads),
            quality=first[12],
            person=first[8],
        )
