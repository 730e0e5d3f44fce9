"""Impacts that worn sensors feel: where in a signal they are, and the moment around each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from songhe.kernel.signals.run import Floats32
from songhe.kernel.signals.worn_features import (
    AFTER_S,
    BEFORE,
    CELL_S,
    LATE_S,
    STANDARD_GRAVITY,
    cells,
    known_cells,
)

# Impacts weaker than this are no falls; of several within a second the strongest is judged.
GATE_G = 1.4
ALONE_S = 1.0
GATE = (GATE_G * STANDARD_GRAVITY) ** 2
# Two sensors of one device feel the same impact within these times of the stronger one.
_EARLIER_S, _LATER_S = 0.75, 0.5
_TRUNK = frozenset({"waist", "chest", "trunk", "back", "hip", "belt", "pelvis", "sternum"})


def positions(leads: Sequence[str]) -> tuple[str, ...]:
    """Return where the sensors of a message are worn: `waist x, waist y, waist z` is the waist."""
    return tuple(lead.rpartition(" ")[0].casefold() for lead in leads[::3])


def worn_at(position: str) -> tuple[float, float]:
    """Return a position as the model takes it: (wrist, trunk); unknown ones count as a wrist."""
    return (0.0, 1.0) if position in _TRUNK else (1.0, 0.0)


def alone(squares: NDArray[Any], rate_hz: float, first: int, last: int) -> list[int]:
    """Return the impacts from first to last: above the gate, the strongest within a second."""
    reach = round(ALONE_S * rate_hz)
    found = []
    for at in (np.flatnonzero(squares[first : last + 1] > GATE) + first).tolist():
        begin = max(0, at - reach)
        top = squares[at]
        if top >= squares[at : at + reach + 1].max() and (
            at == begin or top > squares[begin:at].max()
        ):
            found.append(at)
    return found


def needed_after(rate_hz: float, sensors: int, *, late: bool = False) -> int:
    """Return how many samples after an impact must be there before it is judged, or once more."""
    more_s = (_LATER_S if sensors > 1 else 0.0) + (LATE_S if late else 0.0)
    return int((AFTER_S + CELL_S + more_s) * rate_hz) + 1


@lru_cache(maxsize=256)
def judged_twice(leads: tuple[str, ...]) -> bool:
    """Return whether a device has no sensor at the trunk: its impacts are judged twice."""
    return not any(worn_at(where)[1] for where in positions(leads))


def squared(samples: Floats32) -> NDArray[Any]:
    """Return the squared size of acceleration of each sample, of the strongest sensor.

    Column by column: a sample's figure must not depend on its neighbours, to the last bit.
    """
    parts = [
        samples[:, i] ** 2 + samples[:, i + 1] ** 2 + samples[:, i + 2] ** 2
        for i in range(0, samples.shape[1], 3)
    ]
    squares = parts[0]
    for part in parts[1:]:
        squares = np.fmax(squares, part)
    return squares


def is_quiet(samples: Floats32) -> bool:
    """Return whether surely nothing is above the gate; values that are missing are not sure."""
    low, high = float(samples.min()), float(samples.max())
    most = max(-low, high)
    # Three axes of at most this size cannot reach the gate together.
    if 3 * most * most < GATE:
        return True
    by_sensor = samples.reshape(len(samples), -1, 3)
    return float(np.einsum("npk,npk->np", by_sensor, by_sensor).max()) < GATE * 0.999


def _window(whole: Floats32, rate_hz: float, at: int, late: bool) -> tuple[NDArray[Any], int]:
    """Return the samples that the cells around one need, the same however waves were cut."""
    begin = max(0, at - int((BEFORE + 1) * CELL_S * rate_hz) - 2)
    end = at + int((AFTER_S + CELL_S + (LATE_S if late else 0.0)) * rate_hz) + 2
    return whole[begin:end].astype(np.float64) / STANDARD_GRAVITY, at - begin


def moments_of(
    whole: Floats32, rate_hz: float, place: int, sensors: int, late: bool
) -> dict[int, tuple[NDArray[np.float64], int]]:
    """Return the moment of an impact as each sensor felt it, and how many cells after it there are.

    A sensor without values has none.
    """
    found = {}
    for sensor in range(sensors):
        part = whole[:, sensor * 3 : sensor * 3 + 3]
        at = place
        if sensors > 1:
            begin = max(0, place - round(_EARLIER_S * rate_hz))
            near = squared(part[begin : place + round(_LATER_S * rate_hz) + 1])
            if np.isnan(near).all():
                continue
            at = begin + int(np.nanargmax(near))
        window, middle = _window(part, rate_hz, at, late)
        if np.isnan(window).any():
            continue
        known = known_cells(len(whole) - 1 - at, rate_hz)
        found[sensor] = cells(window, rate_hz, middle, late=late), known
    return found
