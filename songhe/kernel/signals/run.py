"""An unbroken run of one device's waves: samples counted from its first, the last seconds kept."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from songhe.kernel.signals.detector import SignalState
from songhe.kernel.wire import Wave

Floats32 = NDArray[np.float32]
# A wave may begin this much beside its predecessor's end and still go on.
_SEAM_US = 250_000
# Less than this is the rounding of times, more is a clock's drift against its rate.
_ROUNDING_US = 5_000


class Run(SignalState, eq=False):
    """The last seconds of one device.

    origin_us: the time of sample 0 of this unbroken run; count: its samples until now; kept: the
    waves of the last seconds as (began, samples), the first of which begins with sample kept_at.
    """

    rate_hz: float = 0.0
    leads: tuple[str, ...] = ()
    origin_us: int = 0
    count: int = 0
    kept: tuple[tuple[int, Floats32], ...] = ()
    kept_at: int = 0

    def at_us(self, sample: int) -> int:
        """Return when a sample of the run was."""
        return self.origin_us + round(sample * 1_000_000 / self.rate_hz)

    def joined(self) -> tuple[Floats32, int]:
        """Return the kept samples in one piece, and which of the run is the first."""
        return np.concatenate([samples for _, samples in self.kept]), self.kept_at

    def evidence_us(self, from_us: int, until_us: int) -> tuple[int, ...]:
        """Return the beginnings of the kept waves that overlap a time."""
        each_us = 1_000_000 / self.rate_hz
        return tuple(
            began
            for began, samples in self.kept
            if began < until_us and began + len(samples) * each_us > from_us
        )


AnyRun = TypeVar("AnyRun", bound=Run)


def appended(run: AnyRun, wave: Wave, keep_s: float) -> AnyRun:
    """Return the run with one more wave: it goes on, or a new one begins with nothing known."""
    count = len(wave.samples)
    aside_us = wave.started_us - run.at_us(run.count) if run.rate_hz else _SEAM_US + 1
    same = wave.rate_hz == run.rate_hz and wave.leads == run.leads
    if not same or abs(aside_us) > _SEAM_US:
        fresh: Any = type(run)
        begun: AnyRun = fresh(
            end_us=wave.end_us,
            rate_hz=wave.rate_hz,
            leads=wave.leads,
            origin_us=wave.started_us,
            count=count,
            kept=((wave.started_us, wave.samples),),
        )
        return begun
    kept, kept_at = (*run.kept, (wave.started_us, wave.samples)), run.kept_at
    oldest = run.count - keep_s * run.rate_hz
    drop = 0
    while kept_at + len(kept[drop][1]) <= oldest:
        kept_at += len(kept[drop][1])
        drop += 1
    return msgspec.structs.replace(
        run,
        end_us=wave.end_us,
        # A device's clock drifts against its rate: its own times win, rounding aside.
        origin_us=run.origin_us + (aside_us if abs(aside_us) > _ROUNDING_US else 0),
        count=run.count + count,
        kept=kept[drop:] if drop else kept,
        kept_at=kept_at,
    )
