"""Whether a habit has changed: a break at a day, or a slow drift; robust against single days."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush, heappushpop
from math import sqrt

import msgspec
import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

# Days that a new way of living must last before it is said.
LEAST_DAYS = 7
# What a break must save of the sum of absolute deviations (in scales), as a multiple of log n: a
# penalised median (an L1 cost as in Fearnhead and Rigaill, 2019, with Schwarz's penalty). With this
# factor noise of 90 days (normal, heavy-tailed, counts) hardly ever breaks (tests).
PENALTY = 3.0
# Two-sided 95 % of the normal law.
_Z = 1.96
_MAD = 1.4826


class Break(msgspec.Struct, frozen=True):
    """A habit that changed: place is the index of the first value after it."""

    place: int
    before: float
    after: float


class Drift(msgspec.Struct, frozen=True):
    """A habit that moves slowly: by day, with the 95 % interval; span in days."""

    per_day: float
    low: float
    high: float
    span_days: float

    @property
    def moved(self) -> float:
        """Return by how much it has moved in all."""
        return self.per_day * self.span_days


def scale_of(values: Doubles, least: float) -> float:
    """Return the robust spread from day to day, no less than `least`: breaks do not widen it."""
    if len(values) < 3:
        return least
    steps = np.abs(np.diff(values))
    return max(float(_MAD * np.median(steps) / sqrt(2)), float(np.mean(steps) / 2), least)


def last_break(values: Sequence[float], least: float) -> Break | None:
    """Return the newest break of a series of days in order, None when there is none.

    least: the smallest spread and the smallest change that means something, in the series' unit.
    Optimal partitioning with the sum of absolute deviations from each part's median.
    """
    series = np.asarray(values, dtype=float)
    count = len(series)
    if count < 2 * LEAST_DAYS:
        return None
    scale = scale_of(series, least / 2)
    cost = _costs(series) / scale
    penalty = PENALTY * np.log(count)
    best = np.full(count + 1, np.inf)
    best[0] = -penalty
    cut = np.zeros(count + 1, dtype=int)
    for end in range(LEAST_DAYS, count + 1):
        starts = np.arange(0, end - LEAST_DAYS + 1)
        options = best[starts] + cost[starts, end] + penalty
        cut[end] = int(starts[options.argmin()])
        best[end] = float(options.min())
    place = int(cut[count])
    if place == 0:
        return None
    before = float(np.median(series[int(cut[place]) : place]))
    after = float(np.median(series[place:]))
    return Break(place, before, after) if abs(after - before) >= least else None


def _costs(series: Doubles) -> Doubles:
    """Return the sum of absolute deviations from the median of series[start:end].

    Two heaps hold the lower and the upper half; the upper sum less the lower is the cost.
    """
    count = len(series)
    found = np.full((count + 1, count + 1), np.inf)
    values = series.tolist()
    for start in range(count - LEAST_DAYS + 1):
        low: list[float] = []
        high: list[float] = []
        lower = upper = 0.0
        for end in range(start, count):
            value = values[end]
            if low and value < -low[0]:
                moved = -heappushpop(low, -value)
                lower += value - moved
            else:
                moved = value
            heappush(high, moved)
            upper += moved
            if len(high) > len(low) + 1:
                back = heappop(high)
                upper -= back
                heappush(low, -back)
                lower += back
            odd = high[0] if len(high) > len(low) else 0.0
            if end + 1 - start >= LEAST_DAYS:
                found[start, end + 1] = upper - odd - lower
    return found


def drift(days: Sequence[float], values: Sequence[float], least: float) -> Drift | None:
    """Return the slow drift of a series, None when it may as well be none.

    Theil and Sen's slope with Sen's interval (Sen 1968; the variance of Kendall's S with ties). The
    interval must leave out zero and the whole way must be at least `least`.
    """
    at, series = np.asarray(days, dtype=float), np.asarray(values, dtype=float)
    count = len(series)
    if count < 3 * LEAST_DAYS:
        return None
    first, second = np.triu_indices(count, 1)
    apart = at[second] - at[first]
    slopes = np.sort((series[second] - series[first])[apart > 0] / apart[apart > 0])
    _, ties = np.unique(series, return_counts=True)
    tied = float((ties * (ties - 1) * (2 * ties + 5)).sum())
    deviation = sqrt(max(count * (count - 1) * (2 * count + 5) - tied, 0.0) / 18)
    # Neighbouring days are alike: their correlation widens the interval (Yue and Wang 2004).
    deviation *= sqrt(_inflation(series - np.median(slopes) * at))
    margin = _Z * deviation
    total = len(slopes)
    low = float(slopes[max(0, int((total - margin) / 2))])
    high = float(slopes[min(total - 1, int((total + margin) / 2) + 1)])
    found = Drift(float(np.median(slopes)), low, high, float(at[-1] - at[0]))
    if low <= 0 <= high or abs(found.moved) < least:
        return None
    return found


def _inflation(rest: Doubles) -> float:
    centred = rest - np.median(rest)
    power = float((centred**2).sum())
    if power == 0:
        return 1.0
    share = float((centred[1:] * centred[:-1]).sum()) / power
    share = min(max(share, 0.0), 0.8)
    return (1 + share) / (1 - share)
