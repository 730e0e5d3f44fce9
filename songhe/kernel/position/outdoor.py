"""Outdoors: wandering patterns, home radius, plausible speed, and "not back by".

Patterns by Martino-Saltzman et al. 1991 (pacing, lapping, random, direct), turned into rules on
sequences of visited places as Vuong et al. 2011 and Lin et al. 2012 do. Status M: the rules are
from memory, the figures are engineering choices [E]; both want a clinician's confirmation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from songhe.kernel import codes, geo
from songhe.kernel.time import MINUTE_US, SECOND_US
from songhe.kernel.wire import Reading

Pattern = Literal["direct", "pacing", "lapping", "random"]

# Engineering choices [E]. A place is a cell that a fix's own error does not leave.
CELL_M = 25.0
MOST_ACCURACY_M = 50.0
# An old person on foot, and anybody in a vehicle on land.
WALKING_M_S, FASTEST_M_S = 2.5, 45.0
PAUSE_S = 600.0
# Repeated to and fro, or round, so often is a pattern (Lin 2012: more than one repetition).
REPEATS = 2
# A walk shorter or smaller than this tells nothing beside the error of its fixes.
_LEAST_PLACES = 4
_LEAST_WAY_M = 90.0
_LEAST_REACH_M = 40.0
# Pacing: the width of the way as a share of its length, and how near to an end turns count.
_NARROW = 0.3
_END = 0.3
_ONE_SENSE = 0.6
_SHARP_DEG = 75.0
_RANDOM_STRAIGHT = 0.35
_RANDOM_SHARP = 0.25

Floats = NDArray[np.float64]


class Fix(msgspec.Struct, frozen=True):
    """One position: degrees WGS 84, and its own accuracy in metres."""

    at_us: int
    lat: float
    lon: float
    accuracy_m: float

    @property
    def point(self) -> geo.Point:
        """Return (lat, lon)."""
        return self.lat, self.lon


class Wandering(msgspec.Struct, frozen=True):
    """What a walk was like. certainty: how purely it kept to the pattern, 0 to 1.

    straight: the way as the crow flies over the way gone; repeats: how often to and fro or round.
    """

    pattern: Pattern
    since_us: int
    until_us: int
    way_m: float
    straight: float
    repeats: int
    certainty: float


def fixes(readings: Sequence[Reading], default_accuracy_m: float = 30.0) -> list[Fix]:
    """Return the usable positions of readings in order of time.

    Left out: those less accurate than MOST_ACCURACY_M, and those that nobody could have reached
    from the one before (FASTEST_M_S, both errors allowed); after three such in a row the jump is
    believed.
    """
    lat, lon, accuracy = (codes.by_key(key).number for key in ("lat", "lon", "accuracy"))
    found: list[Fix] = []
    refused: list[Fix] = []
    for reading in readings:
        values = dict(zip(reading.codes, reading.values, strict=True))
        if lat not in values or lon not in values:
            continue
        accuracy_m = values.get(accuracy, default_accuracy_m)
        if accuracy_m > MOST_ACCURACY_M:
            continue
        fix = Fix(reading.effective_us, values[lat], values[lon], accuracy_m)
        if found and not plausible(found[-1], fix):
            refused.append(fix)
            if len(refused) >= 3 and all(plausible(a, b) for a, b in pairwise(refused[-3:])):
                found += refused[-3:]
                refused = []
            continue
        found.append(fix)
        refused = []
    return found


def speed_m_s(before: Fix, after: Fix) -> float:
    """Return the least speed between two fixes, given how wrong both may be."""
    apart_m = geo.haversine_m(before.point, after.point)
    apart_m = max(0.0, apart_m - before.accuracy_m - after.accuracy_m)
    took_s = (after.at_us - before.at_us) / SECOND_US
    if took_s <= 0:
        return 0.0 if apart_m == 0 else math.inf
    return apart_m / took_s


def plausible(before: Fix, after: Fix) -> bool:
    """Say whether anybody could have come from one fix to the other over land."""
    return speed_m_s(before, after) <= FASTEST_M_S


def home_radius_m(
    told: Sequence[Fix], home: geo.Point, share: float = 0.9, least_days: int = 7
) -> float | None:
    """Return the radius about home that holds this share of days, each by its farthest fix.

    None while fewer than least_days are known (days of 24 h from the first fix).
    """
    if not told:
        return None
    farthest: dict[int, float] = {}
    for fix in told:
        day = (fix.at_us - told[0].at_us) // (1440 * MINUTE_US)
        apart_m = geo.haversine_m(fix.point, home)
        farthest[day] = max(farthest.get(day, 0.0), apart_m)
    if len(farthest) < least_days:
        return None
    ordered = sorted(farthest.values())
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def not_back(last: Fix | None, home: geo.Point, radius_m: float, since_us: int) -> bool | None:
    """Say whether somebody is still out after since_us, by when they should be back.

    None when it is not known: no fix, or none since then. A fix counts as out only when it is
    beyond the radius by more than its own error.
    """
    if last is None or last.at_us < since_us:
        return None
    return geo.haversine_m(last.point, home) - last.accuracy_m > radius_m


def places(told: Sequence[Fix]) -> list[Fix]:
    """Return the fixes at which a new place was reached: CELL_M or its own error away."""
    found: list[Fix] = []
    for fix in told:
        if not found:
            found.append(fix)
            continue
        reach_m = max(CELL_M, fix.accuracy_m, found[-1].accuracy_m)
        if geo.haversine_m(fix.point, found[-1].point) >= reach_m:
            found.append(fix)
    return found


def walks(told: Sequence[Fix]) -> list[list[Fix]]:
    """Return stretches on foot: parted by rests of more than PAUSE_S and by rides."""
    found: list[list[Fix]] = []
    for fix in told:
        last = found[-1][-1] if found else None
        if (
            last is None
            or fix.at_us - last.at_us > PAUSE_S * SECOND_US
            or speed_m_s(last, fix) > WALKING_M_S
        ):
            found.append([fix])
        else:
            found[-1].append(fix)
    return found


def wandering(told: Sequence[Fix]) -> Wandering | None:
    """Return what one walk was like, None when it is too short to say.

    Pacing: to and fro along one line. Lapping: round and round the same middle in one sense.
    Random: no such order, many sharp turns, and the way far longer than the distance gained. One
    way there and back is an errand, not wandering.
    """
    steps = places(told)
    if len(steps) < _LEAST_PLACES:
        return None
    way_m = sum(geo.haversine_m(a.point, b.point) for a, b in pairwise(steps))
    points = _metres(told)
    reach_m = float(np.ptp(points, axis=0).max())
    if way_m < _LEAST_WAY_M or reach_m < _LEAST_REACH_M:
        return None
    straight = min(1.0, geo.haversine_m(steps[0].point, steps[-1].point) / way_m)
    pattern, repeats, certainty = _pattern(points, _metres(steps), straight)
    return Wandering(
        pattern, told[0].at_us, told[-1].at_us, way_m, straight, repeats, min(1.0, certainty)
    )


def _pattern(points: Floats, turns_at: Floats, straight: float) -> tuple[Pattern, int, float]:
    """Return the pattern, how often it was repeated, and how purely it was kept to."""
    ways, narrow = _to_and_fro(points)
    if narrow <= _NARROW:
        # As narrow as this no walk is a round; fewer repeats are an errand.
        return ("pacing", ways, 1 - narrow) if ways >= REPEATS else ("direct", 0, 1 - narrow)
    rounds, pure = _rounds(points)
    if rounds >= REPEATS and pure >= _ONE_SENSE:
        return "lapping", rounds, pure
    turned = [abs(turn) > _SHARP_DEG for turn in _turns(turns_at)]
    sharp = float(np.mean(turned)) if turned else 0.0
    if straight < _RANDOM_STRAIGHT and sharp >= _RANDOM_SHARP:
        return "random", 0, 0.5 + sharp
    return "direct", 0, max(straight, 1 - sharp)


def _to_and_fro(points: Floats) -> tuple[int, float]:
    """Return how often a walk goes to an end and back, and its width as a share of its length."""
    centred = points - points.mean(axis=0)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    if sizes[0] == 0:
        return 0, 1.0
    along = centred @ axes[0]
    share = (along - along.min()) / float(np.ptp(along))
    ends: list[bool] = []
    for value in share:
        if (value > 1 - _END or value < _END) and (not ends or ends[-1] != (value > 0.5)):
            ends.append(bool(value > 0.5))
    return max(0, (len(ends) - 1) // 2), float(sizes[1] / sizes[0])


def _rounds(points: Floats) -> tuple[int, float]:
    """Return how often a walk goes round its middle, and the share of its turning in that sense."""
    middle = (points.max(axis=0) + points.min(axis=0)) / 2
    bearing = np.arctan2(*(points - middle).T)
    turned = (np.diff(bearing) + math.pi) % (2 * math.pi) - math.pi
    total, gone = abs(float(turned.sum())), float(np.abs(turned).sum())
    # A round that is not quite closed is one.
    return int(total / (2 * math.pi) + 0.1), total / gone if gone else 0.0


def _metres(steps: Sequence[Fix]) -> Floats:
    """Return (n, 2) metres east and north of the first."""
    lat, lon = np.array([s.lat for s in steps]), np.array([s.lon for s in steps])
    scale = math.radians(geo.EARTH_M)
    east = (lon - lon[0]) * scale * math.cos(math.radians(lat[0]))
    return np.stack([east, (lat - lat[0]) * scale], axis=1)


def _turns(points: Floats) -> list[float]:
    """Return by how many degrees the way turns at each place but the ends."""
    heading = np.degrees(np.arctan2(*np.diff(points, axis=0).T))
    return [float((b - a + 180) % 360 - 180) for a, b in pairwise(heading)]
