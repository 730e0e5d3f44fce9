"""How far a value fell over a time: the middle of its last week against a week before."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

Series = Sequence[float] | NDArray[np.float64]
WEEK_DAYS = 7


class Fall(msgspec.Struct, frozen=True):
    """Medians of the week before and of the last week; share_pct is positive for a loss."""

    before: float
    after: float

    @property
    def share_pct(self) -> float:
        """Return how much of the earlier value is gone, in percent of it."""
        return 100 * (self.before - self.after) / self.before


def weeks(end: float, over_days: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the two weeks that are held against each other, half open; end: the last day."""
    first = end - over_days
    return (first, first + WEEK_DAYS), (end - WEEK_DAYS + 1, end + 1)


def fall(days: Series, values: Series, over_days: float, least: int = 1) -> Fall | None:
    """Return the fall of daily values up to the last; None of fewer than `least` in either week."""
    at, y = np.asarray(days, dtype=float), np.asarray(values, dtype=float)
    if not len(at):
        return None
    held = [y[(at >= begin) & (at < end)] for begin, end in weeks(float(at.max()), over_days)]
    if any(len(week) < least for week in held):
        return None
    before, after = (float(np.median(week)) for week in held)
    return Fall(before, after) if before > 0 else None
