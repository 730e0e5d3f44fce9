"""An array on a wall, looking across the room: the warm body's middle drops fast and stays low.

Geometry alone, nothing is learned: rows count from the top of what the array sees, and the foot of
its view is taken to be the floor some metres away.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from songhe.kernel.signals.array_view import View

# Shares of the view's height: lower than the first is lying on the floor, and a drop of the second
# within two seconds is faster than sitting down and lying down; a body holds still to half of it.
LOW, DROP, WITHIN_S = 0.7, 0.2, 2.0


def judged(view: View, tick_s: float) -> NDArray[np.float32]:
    """Return the chances of upright, sitting, lying, fallen: of a rule, so 0 or 1."""
    seen = [g.row for g in view.glances if g.shape[0]]
    now = seen[-1]
    if now < LOW:
        return np.array([1, 0, 0, 0], dtype=np.float32)
    # How long it has been low, and how high it was just before.
    low = 0
    while low < len(seen) and seen[-1 - low] >= LOW:
        low += 1
    before = seen[: len(seen) - low][-max(1, round(WITHIN_S / tick_s)) :]
    fell = bool(before) and now - min(before) >= DROP
    return np.array([0, 0, not fell, fell], dtype=np.float32)
