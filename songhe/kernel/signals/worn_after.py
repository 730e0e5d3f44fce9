"""What follows a fall that a worn sensor felt: got up again, or lies without moving."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from songhe.kernel.signals.detector import Sign
from songhe.kernel.signals.worn_features import CELL_S, angle_deg

Floats = NDArray[np.float64]

# A look each second, at the last four.
LOOK_S = 4.0
WATCH_S = 120.0
STILL_S = 15
# Upright: the trunk hangs as before the fall (within 30 degrees), having lain clearly otherwise.
_UPRIGHT_DEG, _LAIN_DEG, _UPRIGHT_LOOKS = 30.0, 45.0, 3
# A doubtful fall of the trunk is told after as many looks, unless the person stands again.
WAIT_LOOKS = _UPRIGHT_LOOKS
# Walking: a rhythm of 0.35 to 1.3 s in the size of acceleration, for two looks on end.
_STEP_CELLS = (round(0.35 / CELL_S), round(1.3 / CELL_S))
_RHYTHM, _LEAST_G, _WALK_LOOKS = 0.5, 0.06, 2
# Lying still: less than a hand's fidgeting, more than breathing and the sensor's noise.
_STILL_G = 0.05


class After(msgspec.Struct, frozen=True):
    """What is known of the time after a fall.

    hit: the impact's size squared (m2/s4). before and lying: the direction of gravity (g, sensor
    axes) before the fall and just after it. trunk: whether the sensor's turning tells how the
    trunk stands. waits: its own sign while it is not told yet. silent: told because the device fell
    silent, and not looked at whole yet. The counts are looks on end.
    """

    at: int
    at_us: int
    hit: float
    certainty: float
    before: tuple[float, ...]
    lying: tuple[float, ...]
    position: int
    trunk: bool
    waits: Sign | None = None
    silent: bool = False
    looks: int = 0
    upright: int = 0
    walking: int = 0
    still: int = 0


def looked(after: After, cells: Floats, whole: bool) -> After:
    """Return what is known after one more second; cells: (80, 3) of the last 4 s, g.

    whole: whether all of them came after the impact, so that its own swing is no walking.
    """
    size = np.sqrt((cells * cells).sum(axis=1))
    last = cells[-round(1 / CELL_S) :]
    spread = float(np.sqrt(last.var(axis=0).sum()))
    upright = after.trunk and _stands(after, cells[-round(1.5 / CELL_S) :].mean(axis=0))
    return msgspec.structs.replace(
        after,
        looks=after.looks + 1,
        upright=after.upright + 1 if upright else 0,
        walking=after.walking + 1 if whole and _walks(size) else 0,
        still=after.still + 1 if spread < _STILL_G else 0,
    )


def got_up(after: After) -> str | None:
    """Return how it shows that the person stands again, or None."""
    if after.walking >= _WALK_LOOKS:
        return "walking"
    return "upright" if after.upright >= _UPRIGHT_LOOKS else None


def is_over_waiting(after: After) -> bool:
    """Return whether a doubtful fall is to be told now: long enough looked, and nobody stands."""
    return after.waits is not None and after.looks >= WAIT_LOOKS and after.upright == 0


def _stands(after: After, now: Floats) -> bool:
    before, lying = np.array(after.before), np.array(after.lying)
    return angle_deg(lying, before) > _LAIN_DEG and angle_deg(now, before) < _UPRIGHT_DEG


def _walks(size: Floats) -> bool:
    swing = size - size.mean()
    power = float(swing @ swing) / len(swing)
    if power < _LEAST_G**2:
        return False
    shortest, longest = _STEP_CELLS
    rhythm = max(
        float(swing[lag:] @ swing[:-lag]) / (len(swing) - lag)
        for lag in range(shortest, longest + 1)
    )
    # One stroke leaves a rhythm of its own echo: each of the four seconds must move.
    seconds = swing.reshape(4, -1).std(axis=1)
    return rhythm / power > _RHYTHM and bool(seconds.min() > _LEAST_G / 2)
