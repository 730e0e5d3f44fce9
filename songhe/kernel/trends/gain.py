"""How much a value rose within days, safe against a day that was somebody else's."""

from __future__ import annotations

import msgspec
import numpy as np

from songhe.kernel.trends.fall import WEEK_DAYS, Series

# A day counts as hers when another of the days before now is as near [E]: kg of a scale.
_NEAR = 1.0


class Gain(msgspec.Struct, frozen=True):
    """The lowest day of the time before, on which day that was, and the last day."""

    before: float
    after: float
    since: float

    @property
    def more(self) -> float:
        """Return by how much the last day is above; negative when it is below."""
        return self.after - self.before


def gain(days: Series, values: Series, over_days: float) -> Gain | None:
    """Return the rise of daily values within over_days up to the last; None of too few.

    The lowest day of that time is what the last one is held against, if another day of it or of
    the week before lies within a kilogram: one light day is somebody else on the scale.
    """
    at, y = np.asarray(days, dtype=float), np.asarray(values, dtype=float)
    if len(at) < 2:
        return None
    last = int(at.argmax())
    end = float(at[last])
    known = (at >= end - over_days - WEEK_DAYS) & (at < end)
    recent = np.flatnonzero(known & (at >= end - over_days))
    for place in recent[np.argsort(y[recent], kind="stable")].tolist():
        near = np.abs(y[known] - y[place]) <= _NEAR
        if int(near.sum()) > 1:
            return Gain(float(y[place]), float(y[last]), float(at[place]))
    return None
