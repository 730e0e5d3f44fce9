"""Daily values of one person: slope with an interval, change points, forecast with an interval.

Robust against single odd days and days without a value; nothing is said from too few days. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

Floats = NDArray[np.float64]

DAY_S = 86_400.0
# What is needed before anything is said [E].
DAYS_FOR_A_SLOPE = 7
VALUES_FOR_A_SLOPE = 5
VALUES_A_SIDE = 7
VALUES_FOR_A_FORECAST = 14
_MAD_TO_SD = 1.4826
# A change point must be this unlikely to come from order alone, over all places tried.
_CHANCE = 0.01
_SHUFFLES = 400
_SEED = 20260101
# The share of a slope that a forecast still has a day later: a trend does not go on for ever.
_DAMPING = 0.9
_SMOOTHING = 0.3
_TREND_SMOOTHING = 0.1
# Past forecasts of one distance that an interval may be read from.
_FEWEST_OFF = 8


class Slope(msgspec.Struct, frozen=True):
    """How fast a value moves: per day, with its 95 % interval; the median level; from what.

    clear: the interval does not hold zero.
    """

    per_day: float
    low: float
    high: float
    level: float
    values: int
    days: float

    @property
    def clear(self) -> bool:
        """Say whether the value moves at all, as far as can be told."""
        return self.low > 0 or self.high < 0


class Change(msgspec.Struct, frozen=True):
    """A lasting change of level: on which day it began, from what to what, and how sure."""

    day: float
    before: float
    after: float
    certainty: float


class Forecast(msgspec.Struct, frozen=True):
    """What is expected on a coming day, with the interval that holds 9 of 10 such days."""

    day: float
    expected: float
    low: float
    high: float


def _known(days: Sequence[float], values: Sequence[float]) -> tuple[Floats, Floats]:
    """Return the known values in order of their days; several of one day are their median."""
    at, y = np.asarray(days, dtype=float), np.asarray(values, dtype=float)
    told = np.isfinite(at) & np.isfinite(y)
    at, y = at[told], y[told]
    each = np.unique(at)
    return each, np.array([float(np.median(y[at == day])) for day in each])


def slope(days: Sequence[float], values: Sequence[float]) -> Slope | None:
    """Return the Theil-Sen slope of values over days; None of too few.

    The interval is Sen's (1968), by Kendall's statistic with ties left out, and widened for values
    that hang together from day to day (lag-1 correlation of the residuals, Hamed and Rao 1998 in
    its simplest form).
    """
    at, y = _known(days, values)
    count = len(y)
    if count < VALUES_FOR_A_SLOPE or at[-1] - at[0] < DAYS_FOR_A_SLOPE - 1:
        return None
    first, second = np.triu_indices(count, 1)
    slopes = np.sort((y[second] - y[first]) / (at[second] - at[first]))
    middle = float(np.median(slopes))
    rest = y - middle * at
    rest = rest - np.median(rest)
    spread = float((rest * rest).sum())
    lag = float((rest[1:] * rest[:-1]).sum()) / spread if spread > 0 else 0.0
    lag = min(max(lag, 0.0), 0.9)
    variance = count * (count - 1) * (2 * count + 5) / 18 * (1 + lag) / (1 - lag)
    half = float(norm.ppf(0.975)) * math.sqrt(variance)
    low = int(max(0, math.floor((len(slopes) - half) / 2)))
    high = int(min(len(slopes) - 1, math.ceil((len(slopes) + half) / 2)))
    return Slope(
        middle, float(slopes[low]), float(slopes[high]), float(np.median(y)), count,
        float(at[-1] - at[0]),
    )  # fmt: skip


def changes(days: Sequence[float], values: Sequence[float]) -> list[Change]:
    """Return lasting changes of level in order of time, by binary segmentation on ranks.

    The ranks of each stretch are held against the rest, as Pettitt (1979) does for a step; the
    greatest difference counts when fewer than 1 % of shuffled series show one as great. Series
    are shuffled in blocks of a week, so that a weekly rhythm and days that hang together are no
    change. Never nearer to an end, or to another, than VALUES_A_SIDE values.
    """
    at, y = _known(days, values)
    found: list[Change] = []
    _split(at, y, 0, len(y), found)
    edges = [0, *(int(np.searchsorted(at, c.day)) for c in sorted(found, key=_day)), len(y)]
    told = []
    for place, change in enumerate(sorted(found, key=_day)):
        before = float(np.median(y[edges[place] : edges[place + 1]]))
        after = float(np.median(y[edges[place + 1] : edges[place + 2]]))
        told.append(msgspec.structs.replace(change, before=before, after=after))
    return told


def _day(change: Change) -> float:
    return change.day


def _split(at: Floats, y: Floats, begin: int, end: int, found: list[Change]) -> None:
    part = y[begin:end]
    if len(part) < 2 * VALUES_A_SIDE:
        return
    stretch, height = _greatest(part)
    # One series, one sequence of shuffles: the same data always say the same.
    draw = np.random.default_rng(_SEED + len(part))
    blocks = np.array_split(part, max(2, math.ceil(len(part) / 7)))
    beaten = 0
    for _ in range(_SHUFFLES):
        order = draw.permutation(len(blocks))
        beaten += _greatest(np.concatenate([blocks[k] for k in order]))[1] >= height
    chance = (beaten + 1) / (_SHUFFLES + 1)
    if chance > _CHANCE:
        return
    places = [place for place in stretch if 0 < place < len(part)]
    found += [Change(float(at[begin + place]), 0.0, 0.0, 1 - chance) for place in places]
    for low, high in pairwise([0, *places, len(part)]):
        _split(at, y, begin + low, begin + high, found)


def _greatest(part: Floats) -> tuple[tuple[int, int], float]:
    """Return the stretch [first, end) whose ranks differ most from the rest, and by how much.

    A stretch to the end is a step; one in the middle is a level that came and went (the epidemic
    alternative of Levin and Kline 1985). Neither it nor what is left beside it is short.
    """
    count = len(part)
    sums = np.concatenate(([0.0], np.cumsum(rankdata(part) - (count + 1) / 2)))
    edges = np.r_[0, np.arange(VALUES_A_SIDE, count - VALUES_A_SIDE + 1), count]
    length = edges[None, :] - edges[:, None]
    fits = (length >= VALUES_A_SIDE) & (count - length >= VALUES_A_SIDE)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.abs(sums[edges][None, :] - sums[edges][:, None])
        scaled = np.where(fits, scaled / np.sqrt(length * (count - length)), -1.0)
    first, last = np.unravel_index(int(np.argmax(scaled)), scaled.shape)
    return (int(edges[first]), int(edges[last])), float(scaled[first, last])


def forecast(
    days: Sequence[float], values: Sequence[float], ahead_days: int, share: float = 0.9
) -> list[Forecast]:
    """Return the coming days after the last, by a damped local trend; nothing from too few values.

    Odd days are pulled in before they move the level. The interval comes from how far off the same
    forecasts were in the past, each distance for itself, and never narrows with distance; share of
    them lies inside.
    """
    at, y = _known(days, values)
    if len(y) < VALUES_FOR_A_FORECAST:
        return []
    grid, filled = _filled(at, y)
    spread = _spread(filled)
    past = _states(filled, spread)
    found: list[Forecast] = []
    widest = 0.0
    for ahead in range(1, ahead_days + 1):
        reach = np.array([_reach(level, trend, ahead) for level, trend in past])
        start = min(7, len(filled) // 2)
        off = np.abs(filled[ahead + start :] - reach[start : len(filled) - ahead])
        off = off[np.isfinite(off)]
        if len(off) >= _FEWEST_OFF:
            widest = max(widest, _upper(off, share))
        else:
            widest = max(widest, spread) * math.sqrt((ahead + 1) / ahead)
        expected = float(reach[-1])
        day = float(grid[-1] + ahead)
        found.append(Forecast(day, expected, expected - widest, expected + widest))
    return found


def _upper(off: Floats, share: float) -> float:
    """Return the distance that a share of coming ones keeps, allowing for how few were seen."""
    place = math.ceil(share * (len(off) + 1))
    ordered = np.sort(off)
    if place <= len(ordered):
        return float(ordered[place - 1])
    return float(ordered[-1]) * 1.25


def _filled(at: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return every day from the first to the last, NaN where there was no value."""
    grid = np.arange(math.floor(at[0]), math.floor(at[-1]) + 1, dtype=float)
    filled = np.full(len(grid), np.nan)
    filled[(np.floor(at) - grid[0]).astype(int)] = y
    return grid, filled


def _spread(filled: Floats) -> float:
    steps = np.diff(filled[np.isfinite(filled)])
    return float(np.median(np.abs(steps - np.median(steps)))) * _MAD_TO_SD / math.sqrt(2)


def _states(filled: Floats, spread: float) -> list[tuple[float, float]]:
    """Return level and trend after each day; a day without a value moves by the damped trend."""
    known = filled[np.isfinite(filled)]
    level, trend = float(np.median(known[:VALUES_A_SIDE])), 0.0
    found = []
    for value in filled:
        expected = level + _DAMPING * trend
        if math.isnan(value):
            level, trend = expected, _DAMPING * trend
        else:
            off = float(value) - expected
            most = 3 * spread if spread > 0 else math.inf
            off = max(-most, min(most, off))
            before = level
            level = expected + _SMOOTHING * off
            trend = _DAMPING * trend + _TREND_SMOOTHING * (level - before - _DAMPING * trend)
        found.append((level, trend))
    return found


def _reach(level: float, trend: float, ahead: int) -> float:
    return level + trend * sum(_DAMPING**k for k in range(1, ahead + 1))
