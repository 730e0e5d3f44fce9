"""A night in epochs of 30 s: what sleep or wakefulness is told from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

EPOCH_S = 30
# How many epochs before and after one are looked at: 20 minutes back, 10 ahead.
BEFORE, AHEAD = 40, 20
WIDTH = BEFORE + 1 + AHEAD

Floats = NDArray[np.float64]

_NEAR = 8
# Windows of epochs relative to the judged one, both ends included.
_WINDOWS = (
    (-4, -1), (-10, -1), (-20, -1), (-40, -1),
    (1, 4), (1, 10), (1, 20),
    (-2, 2), (-5, 5), (-10, 10), (-20, 20),
)  # fmt: skip
_LONG = 10
_PULSE_WINDOWS = (
    (-10, -1), (-20, -1), (-40, -1), (1, 10), (1, 20), (-5, 5), (-10, 10), (-20, 20)
)  # fmt: skip
# Activity counts that are a stir, a turn and a getting-up.
_STIRS = (1.0, 5.0, 20.0)
_MOVING = 1.0
_BEGINNING = 80
_LONGEST_H = 8.0
_UNKNOWN = -1.0


def windows(values: Floats) -> Floats:
    """Return (epochs, WIDTH): each epoch's surroundings, NaN beyond the ends; itself at BEFORE."""
    edge = np.full(BEFORE, np.nan), np.full(AHEAD, np.nan)
    padded = np.concatenate((edge[0], values, edge[1]))
    # Whole rows: a row's sums must not depend on how many rows are worked out with it.
    return np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(padded, WIDTH))


def features(counts: Floats, pulse: Floats, elapsed: Floats) -> NDArray[np.float32]:
    """Return float32 (epochs, features) of surroundings of epochs.

    counts: (epochs, WIDTH) activity counts. pulse: the same of heart rate deviation, its own
    measure without a unit. elapsed: (epochs,) epochs since the recording began. NaN is not known.
    """
    moved = np.log1p(counts)
    rows = [moved[:, BEFORE + k] for k in range(-_NEAR, _NEAR + 1)]
    for first, last in _WINDOWS:
        part = moved[:, BEFORE + first : BEFORE + last + 1]
        mean, spread = _mean_and_spread(part)
        rows += [mean, _most(part)]
        if last - first + 1 >= _LONG:
            raw = counts[:, BEFORE + first : BEFORE + last + 1]
            known = np.maximum(np.isfinite(raw).sum(axis=1), 1)
            rows += [spread, (raw > _MOVING).sum(axis=1) / known]
    for stir in _STIRS:
        rows += [_until(counts[:, BEFORE::-1] > stir), _until(counts[:, BEFORE:] > stir)]
    rows.append(pulse[:, BEFORE])
    for first, last in _PULSE_WINDOWS:
        part = pulse[:, BEFORE + first : BEFORE + last + 1]
        rows += [_mean_and_spread(part)[0], _most(part)]
    rows += [np.minimum(elapsed, _BEGINNING), np.minimum(elapsed * EPOCH_S / 3600, _LONGEST_H)]
    table = np.stack(rows, axis=1)
    return np.where(np.isfinite(table), table, _UNKNOWN).astype(np.float32)


def _mean_and_spread(part: Floats) -> tuple[Floats, Floats]:
    known = np.isfinite(part)
    number = known.sum(axis=1)
    filled = np.where(known, part, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = filled.sum(axis=1) / number
        square = (filled * filled).sum(axis=1) / number
    return mean, np.sqrt(np.maximum(square - mean * mean, 0.0))


def _most(part: Floats) -> Floats:
    most: Floats = np.where(np.isfinite(part), part, -np.inf).max(axis=1)
    return most


def _until(hit: NDArray[np.bool_]) -> Floats:
    """Return the log of epochs until the first hit, the whole width where there is none."""
    found = np.where(hit.any(axis=1), hit.argmax(axis=1), hit.shape[1])
    until: Floats = np.log1p(found)
    return until
