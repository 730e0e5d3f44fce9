"""One person seen from other sides: leads that nobody recorded, and an axis that moves.

An electrode placed elsewhere, a body that turns and a breath change the direction from which the
heart is seen, and with it every wave's shape, while the rhythm stays. A turned phase (the signal
and its Hilbert transform mixed) is such a view, made from one lead alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import hilbert

Floats = NDArray[np.float64]

_FURTHEST = 1.3  # radians
_HEIGHTS = (0.5, 1.2)
# How long a view is held and how long it takes to change, seconds.
_HELD_S, _MOVED_S = (10.0, 90.0), (0.5, 8.0)
_KEPT_AWAY = 0.3  # how often one strange view follows another instead of the usual one


def other_lead(mv: Floats, draw: np.random.Generator) -> Floats:
    """Return the signal (mV) as one other lead may show it."""
    turn = draw.uniform(-_FURTHEST, _FURTHEST)
    return _turned(mv, np.full(len(mv), turn), np.full(len(mv), draw.uniform(*_HEIGHTS)))


def moving_axis(mv: Floats, rate_hz: float, draw: np.random.Generator) -> Floats:
    """Return the signal (mV) of a person whose axis moves away and back, again and again."""
    times, turns, heights = [0.0], [0.0], [1.0]
    length_s = len(mv) / rate_hz
    while times[-1] < length_s:
        hold, move = draw.uniform(*_HELD_S), draw.uniform(*_MOVED_S)
        away = turns[-1] == 0 or draw.random() < _KEPT_AWAY
        times += [times[-1] + hold, times[-1] + hold + move]
        turns += [turns[-1], draw.uniform(-_FURTHEST, _FURTHEST) if away else 0.0]
        heights += [heights[-1], draw.uniform(*_HEIGHTS)]
    at = np.arange(len(mv)) / rate_hz
    return _turned(mv, np.interp(at, times, turns), np.interp(at, times, heights))


def _turned(mv: Floats, turn: Floats, height: Floats) -> Floats:
    level = mv - np.median(mv)
    found: Floats = height * (np.cos(turn) * level + np.sin(turn) * np.imag(hilbert(level)))
    return found
