"""What is usual for one person: robust ranges of each habit, newer days weighing more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec
import numpy as np
from numpy.typing import NDArray

from songhe.kernel.rhythm.change import Break, Drift, drift, last_break
from songhe.kernel.rhythm.days import Day

Doubles = NDArray[np.float64]

HALF_LIFE_DAYS = 28.0
# Beyond this a day says nothing of how she lives now.
MEMORY_DAYS = 120
_LOW, _HIGH = 0.1, 0.9
_LEAST_WEEKDAYS, _LEAST_WEEKENDS = 8, 4
_MAD = 1.4826
# A day with guests: activity, or rooms alive at once, this many spreads above her own median.
_GUEST_SPREADS = 4.0
_GUEST_LEAST_MINUTES, _GUEST_LEAST_CROSSINGS = 45.0, 6.0
_GUEST_DAYS = 7
_SEASON_DAYS = 21
_NOW_DAYS = 14


class Kind(msgspec.Struct, frozen=True):
    """A habit we know: clock (minutes after midnight), minutes, or times a day.

    least: the smallest change that means something to people, in its unit.
    """

    key: str
    unit: str
    least: float


KINDS = (
    Kind("up", "clock", 30),
    Kind("bed", "clock", 30),
    Kind("night_toilet", "times", 1),
    Kind("bed_exits", "times", 1),
    Kind("toilet", "times", 2),
    Kind("breakfast", "clock", 30),
    Kind("lunch", "clock", 30),
    Kind("dinner", "clock", 30),
    Kind("kitchen", "times", 1),
    Kind("outings", "times", 1),
    Kind("out_minutes", "minutes", 45),
    Kind("active_minutes", "minutes", 45),
)


class Range(msgspec.Struct, frozen=True):
    """The middle and the borders within which eight of ten days lie."""

    usual: float
    low: float
    high: float
    days: int


class Change(msgspec.Struct, frozen=True):
    """A break: the first day of the new way, what was usual before and since."""

    since: str
    before: float
    after: float


class Habit(msgspec.Struct, frozen=True):
    """One habit of one person. weekend: where it is another one; then `range` is of weekdays.

    seasonal: what moved is as it was at this time last year.
    """

    key: str
    unit: str
    range: Range
    weekend: Range | None = None
    change: Change | None = None
    drift: Drift | None = None
    seasonal: bool = False


def weights(days: Sequence[Day], as_of: date) -> Doubles:
    """Return how much each day counts: half after four weeks."""
    ages = np.array([(as_of - day.date).days for day in days], dtype=float)
    found: Doubles = 0.5 ** (np.maximum(ages, 0) / HALF_LIFE_DAYS)
    return found


def quantile(values: Doubles, weight: Doubles, share: float) -> float:
    """Return a weighted quantile, linear between values at the middles of their weights."""
    order = np.argsort(values, kind="stable")
    value, mass = values[order], weight[order]
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    return float(np.interp(share, middle, value))


def range_of(values: Doubles, weight: Doubles) -> Range:
    """Return the usual range of values."""
    usual, low, high = (quantile(values, weight, share) for share in (0.5, _LOW, _HIGH))
    return Range(round(usual, 1), round(low, 1), round(high, 1), len(values))


def marked(days: Sequence[Day]) -> list[Day]:
    """Return days with those marked that had guests, by what is usual for this person herself.

    More than one person at home: rooms alive in the same minute, or activity, far above.
    """
    usual = [day for day in days if day.kind == "usual"]
    if len(usual) < _GUEST_DAYS:
        return list(days)
    active = np.array([day.values.get("active_minutes", 0.0) for day in usual])
    crossing = np.array([float(day.crossings) for day in usual])
    most_active = _far_above(active, _GUEST_LEAST_MINUTES)
    most_crossing = _far_above(crossing, _GUEST_LEAST_CROSSINGS)
    return [
        msgspec.structs.replace(day, kind="guests")
        if day.kind == "usual"
        and (day.values.get("active_minutes", 0.0) > most_active or day.crossings > most_crossing)
        else day
        for day in days
    ]


def _far_above(values: Doubles, least: float) -> float:
    median = float(np.median(values))
    spread = float(_MAD * np.median(np.abs(values - median)))
    return median + max(_GUEST_SPREADS * spread, least)


def habits_of(days: Sequence[Day], as_of: date) -> tuple[Habit, ...]:
    """Return the habits that these days show; only days marked usual may be among them."""
    recent = [day for day in days if (as_of - day.date).days <= MEMORY_DAYS]
    found = []
    for kind in KINDS:
        own = [day for day in recent if kind.key in day.values]
        # A meal or a night that is hardly ever seen is no habit.
        if len(own) < max(5, len(recent) // 3):
            continue
        found.append(_habit(kind, own, days, as_of))
    return tuple(found)


def _habit(kind: Kind, own: Sequence[Day], days: Sequence[Day], as_of: date) -> Habit:
    values = np.array([day.values[kind.key] for day in own])
    broken, slow = _change(kind, own, values), None
    if broken is None:
        slow = drift([float(day.date.toordinal()) for day in own], values.tolist(), kind.least)
    now = float(np.median(values[-_NOW_DAYS:]))
    seasonal = (broken is not None or slow is not None) and _as_last_year(kind, days, as_of, now)
    span, weekend = _ranges(kind, own, values, as_of, broken)
    return Habit(kind.key, kind.unit, span, weekend, broken, slow, seasonal)


def _ranges(
    kind: Kind, own: Sequence[Day], values: Doubles, as_of: date, broken: Change | None
) -> tuple[Range, Range | None]:
    """Return what is usual, at weekends where that differs; a new way counts after two weeks."""
    weight = weights(own, as_of)
    if broken is not None:
        new = np.array([day.on >= broken.since for day in own])
        if new.sum() >= _NOW_DAYS:
            weight = np.where(new, weight, 0.0)
    counted = weight > 0
    values, weight = values[counted], weight[counted]
    span = range_of(values, weight)
    free = np.array([day.weekend for day in own])[counted]
    if (~free).sum() >= _LEAST_WEEKDAYS and free.sum() >= _LEAST_WEEKENDS:
        week, rest = (range_of(values[part], weight[part]) for part in (~free, free))
        if abs(week.usual - rest.usual) > max(kind.least, (span.high - span.low) / 2.56):
            return week, rest
    return span, None


def _change(kind: Kind, own: Sequence[Day], values: Doubles) -> Change | None:
    found: Break | None = last_break(values.tolist(), kind.least)
    if found is None:
        return None
    return Change(own[found.place].on, round(found.before, 1), round(found.after, 1))


def _as_last_year(kind: Kind, days: Sequence[Day], as_of: date, now: float) -> bool:
    then = [
        day.values[kind.key]
        for day in days
        if kind.key in day.values and abs((as_of - day.date).days - 365) <= _SEASON_DAYS
    ]
    if len(then) < _GUEST_DAYS:
        return False
    return abs(float(np.median(then)) - now) <= kind.least
