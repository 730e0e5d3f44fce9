"""What a radar's points say of one body: where it is, how high it reaches, how it moves.

Only points that move say that somebody is there: walls and furniture give points too, but stand
still. Everything else is read near the moving ones.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

BIN_S = 0.1
# The columns of a frame.
X, Y, Z, VELOCITY, STRENGTH = range(5)
# Nearer than this the antenna hears itself, m; a body reaches this far around its middle, m.
NEAREST_M, AROUND_M = 0.4, 0.6
_FOLLOW = 0.4  # share of a new middle that the track takes over in one bin
_TOP, _FOOT = 90, 10  # percentiles of height that stand for a body's top and foot
# One bin's figures, in their order; those that are places count by their change alone.
BIN = (
    "moving", "speed", "velocity", "x", "y", "z", "z_spread", "top", "foot", "near", "range",
    "fastest", "strength",
)  # fmt: skip
_PLACES = frozenset({"x", "y", "range", "strength"})
_WHOLE_SPAN = frozenset({"x", "y", "range"})
WINDOW_BINS = 30
COLUMNS = len(BIN) * 5


class Bin(msgspec.Struct, frozen=True):
    """A tenth of a second: its figures (NaN where nothing is known) and the track's middle."""

    values: tuple[float, ...]
    x: float
    y: float

    def get(self, name: str) -> float:
        """Return one figure by its name."""
        return self.values[BIN.index(name)]


NOTHING = Bin((0.0, 0.0, 0.0, *[np.nan] * 6, 0.0, np.nan, 0.0, np.nan), np.nan, np.nan)


def binned(points: Floats, before: Bin) -> Bin:
    """Return the figures of the points of one bin (rows of x, y, z, velocity, strength)."""
    points = points[np.isfinite(points[:, Z])]
    flat = np.hypot(points[:, X], points[:, Y])
    moving = points[(points[:, VELOCITY] != 0) & (flat > NEAREST_M)]
    x, y = before.x, before.y
    if len(moving):
        mx, my = float(np.median(moving[:, X])), float(np.median(moving[:, Y]))
        if np.isnan(x):
            x, y = mx, my
        else:
            x, y = x + _FOLLOW * (mx - x), y + _FOLLOW * (my - y)
    if np.isnan(x):
        return NOTHING
    near = points[np.hypot(points[:, X] - x, points[:, Y] - y) < AROUND_M]
    speed, z = np.abs(moving[:, VELOCITY]), moving[:, Z]
    some, close = len(moving) > 0, len(near) > 0
    top, foot = np.percentile(near[:, Z], (_TOP, _FOOT)) if close else (np.nan, np.nan)
    values = (
        float(len(moving)),
        float(speed.mean()) if some else 0.0,
        float(moving[:, VELOCITY].mean()) if some else 0.0,
        x,
        y,
        float(z.mean()) if some else np.nan,
        float(z.std()) if some else np.nan,
        float(top),
        float(foot),
        float(len(near)),
        float(np.median(np.hypot(moving[:, X], moving[:, Y]))) if some else np.nan,
        float(speed.max()) if some else 0.0,
        float(near[:, STRENGTH].mean()) if close else np.nan,
    )
    return Bin(values, x, y)


def figures(bins: tuple[Bin, ...]) -> Floats:
    """Return a window's figures: mean, spread, span, pace and slowness of each of the bins'."""
    table = np.array([b.values for b in bins], dtype=np.float64)
    row: list[float] = []
    taper = np.hanning(len(table))
    for column, name in enumerate(BIN):
        known = np.isfinite(table[:, column])
        if known.sum() < 3:
            row += [0.0] * 5
            continue
        own = table[known, column]
        filled = np.interp(np.arange(len(table)), np.nonzero(known)[0], own)
        power = np.abs(np.fft.rfft((filled - filled.mean()) * taper)) ** 2
        low, high = np.percentile(own, (0, 100) if name in _WHOLE_SPAN else (10, 90))
        row += [
            0.0 if name in _PLACES else float(own.mean()),
            float(own.std()),
            float(high - low),
            float(power[1:].argmax() + 1),
            float(power[1:4].sum() / (power[1:].sum() + 1e-9)),
        ]
    return np.array(row, dtype=np.float32)
