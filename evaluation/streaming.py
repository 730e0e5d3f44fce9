"""Whole recordings through a detector's step, in chunks, as a device would send them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from songhe.kernel.signals import Detector, Sign
from songhe.kernel.wire import SubjectKind, Wave

CHUNK_S = 1.0
# 2026-01-01T00:00:00Z: recordings without hours begin here.
START_US = 1_767_225_600_000_000
_WHO = UUID(int=1)
_DEVICE = UUID(int=2)


def waves(
    samples: NDArray[Any],
    rate_hz: float,
    code: int,
    *,
    leads: Sequence[str] = ("",),
    start_us: int = START_US,
    sizes: Sequence[int] | None = None,
) -> Iterator[Wave]:
    """Yield a signal cut into waves of at most one second, or of these sizes over and over."""
    sizes = sizes or (max(1, int(rate_hz * CHUNK_S)),)
    begin = turn = 0
    while begin < len(samples):
        part = samples[begin : begin + sizes[turn % len(sizes)]]
        at_us = start_us + round(begin * 1_000_000 / rate_hz)
        wave = Wave(
            subject_kind=int(SubjectKind.PERSON),
            subject=_WHO,
            device=_DEVICE,
            code=code,
            started_us=at_us,
            rate_hz=rate_hz,
            received_us=0,
            samples=np.ascontiguousarray(part, dtype=np.float32),
            leads=tuple(leads),
        )
        yield wave
        begin, turn = begin + len(part), turn + 1


def signs(
    detector: Detector,
    stream: Iterator[Wave],
    params: Mapping[str, Any] | None = None,
    *,
    then_silent: bool = False,
) -> list[Sign]:
    """Return what a detector says of a stream, each wave judged when it is complete.

    Time goes on by the stream's own clock. then_silent: after the last wave too, until nothing is
    due any more, as when a device breaks or loses its link there; else what a recording's end
    leaves open stays unsaid.
    """
    state: Any = detector.new()
    told: list[Sign] = []
    for wave in stream:
        if state.due_us is not None and state.due_us <= wave.started_us:
            state, now = detector.step(state, (), wave.started_us, params or {})
            told += now
        state, now = detector.step(state, (wave,), wave.end_us, params or {})
        told += now
    while then_silent and state.due_us is not None:
        state, now = detector.step(state, (), state.due_us, params or {})
        told += now
    return told
