"""Minutes on the way between places: great-circle distance, a detour, a speed, time at the door."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from songhe.engines.routing.terms import Mode
from songhe.kernel.geo import EARTH_M, Point

Minutes = NDArray[np.int64]
# Minutes from each place (row) to each place (column). Must keep the triangle inequality: that
# leaving a visit out never makes a tour longer is what the planner rests on.
Travel = Callable[[Sequence[Point], Mode], Minutes]


def as_the_crow_flies(places: Sequence[Point], mode: Mode) -> Minutes:
    """Return whole minutes, rounded up, between places (lat, lon in degrees); 0 at one place."""
    lat, lon = np.radians(np.asarray(places, dtype=np.float64).reshape(-1, 2)).T
    h = (
        np.sin((lat[:, None] - lat) / 2) ** 2
        + np.cos(lat)[:, None] * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    )
    metres = 2 * EARTH_M * np.arcsin(np.minimum(1.0, np.sqrt(h)))
    ways = np.ceil(metres * mode.detour / (mode.speed_kmh * 1000 / 60) - 1e-9) + mode.fixed_minutes
    is_same = (lat[:, None] == lat) & (lon[:, None] == lon)
    return np.where(is_same, 0, ways).astype(np.int64)
