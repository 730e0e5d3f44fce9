"""How long a silence is usual for one person, by the time of day at which it began."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import ceil, exp, log, sqrt
from statistics import NormalDist

import numpy as np

from songhe.kernel.rhythm.days import HALVES, Day
from songhe.kernel.rhythm.habits import Doubles, Habit, quantile, weights

# One wrong call in so many days of one person, shared by the independent parts of a day.
ONE_WRONG_IN_DAYS = 80
_PARTS_OF_DAY = 8
Z = NormalDist().inv_cdf(1 - 1 / (ONE_WRONG_IN_DAYS * _PARTS_OF_DAY))
# Silences of one hour of the day spread by so much (in logs) before anything is known of her, and
# that counts as so many days.
_SPREAD = 0.35
_SPREAD_DAYS = 10
# Nothing shorter is worth a call. Half a day is what fixed rules wait for: no more, unless she has
# been seen to be silent for as long, and never beyond MOST_MINUTES.
LEAST_MINUTES = 60
_FIXED_MINUTES = 12 * 60
MOST_MINUTES = 18 * 60
# What was already seen is usual, with this margin: as wide as the days are few.
_SEEN_MARGIN = 0.1
# However wide the law: never more than twice the longest silence seen at that time of day.
_MOST_OF_SEEN = 2.0
_RECENT_DAYS = 60
_DAY_MINUTES = 24 * 60
_MORNING_MINUTES = 4 * 60
_UP_Z = NormalDist().inv_cdf(1 - 1 / ONE_WRONG_IN_DAYS)
_UP_LEAST_SPREAD, _UP_LEAST_MINUTES = 25.0, 45.0
_OUT_LEAST_MINUTES = 4 * 60


def limits(days: Sequence[Day], as_of: date, up_by_minute: int | None) -> tuple[int, ...]:
    """Return by half hour (48) for how many minutes a silence that begins in it may last.

    Each day gives the longest silence that began around that time, or went on at it; days on which
    she was out say nothing. Their logs are taken as normal: median, and the spread of the upper
    half shrunk towards what is common. The limit lies where that law is passed once in
    ONE_WRONG_IN_DAYS days in all, and as far above the longest of two months as few days ask for.
    up_by_minute: by when she is up; no silence need be waited for beyond it, but what was seen.
    """
    recent = [day for day in days if (as_of - day.date).days <= _RECENT_DAYS]
    weight = weights(recent, as_of)
    table = np.array([_around(day.quiet) for day in recent]).reshape(len(recent), HALVES)
    found = []
    for half in range(HALVES):
        column = table[:, half]
        known = column > 0
        found.append(_limit(column[known], weight[known], _until(up_by_minute, half)))
    return tuple(_smooth(found))


def _until(up_by_minute: int | None, half: int) -> int | None:
    """Return for how long from a half hour of the night she may sleep, None beside the night.

    Who shows herself in the hours before she must be up may already be up.
    """
    if up_by_minute is None:
        return None
    minutes = (up_by_minute - half * 30) % _DAY_MINUTES
    return minutes if _MORNING_MINUTES <= minutes <= MOST_MINUTES else None


def _around(quiet: Sequence[float]) -> list[float]:
    """Return for each half hour the longest silence begun in it or the halves beside it."""
    given = list(quiet)
    return [
        max(given[half], given[(half - 1) % HALVES], given[(half + 1) % HALVES])
        for half in range(HALVES)
    ]


def _limit(values: Doubles, weight: Doubles, until_up: float | None) -> int | None:
    count = len(values)
    if count < 3:
        return None
    logs = np.log(np.maximum(values, 1.0))
    median, high = quantile(logs, weight, 0.5), quantile(logs, weight, 0.9)
    own = max(high - median, 0.0) / NormalDist().inv_cdf(0.9)
    spread = sqrt((count * own**2 + _SPREAD_DAYS * _SPREAD**2) / (count + _SPREAD_DAYS))
    # A median of few days is itself uncertain.
    by_law = exp(median + Z * spread * sqrt(1 + 1.57 / count))
    seen = float(values.max())
    # The longest of few days lies this many spreads above the middle; rare ones lie beyond.
    reached = NormalDist().inv_cdf(1 - 1 / (count + 1))
    by_eye = seen * max(exp(spread * (Z - reached)), 1 + _SEEN_MARGIN)
    found = max(min(by_law, _MOST_OF_SEEN * seen), by_eye, LEAST_MINUTES)
    most = _FIXED_MINUTES if until_up is None else min(until_up, _FIXED_MINUTES)
    found = min(found, max(most, seen * (1 + _SEEN_MARGIN)))
    return ceil(min(max(found, LEAST_MINUTES), MOST_MINUTES))


def _smooth(found: list[int | None]) -> list[int]:
    """Fill halves that nothing is known of from their neighbours, the longer of the two."""
    if all(value is None for value in found):
        return [MOST_MINUTES] * HALVES
    filled = []
    for half in range(HALVES):
        value = found[half]
        if value is None:
            near = [
                next(v for k in range(1, HALVES) if (v := found[(half + step * k) % HALVES]))
                for step in (1, -1)
            ]
            value = max(near)
        filled.append(value)
    return filled


def out_limit(days: Sequence[Day], as_of: date) -> int:
    """Return for how many minutes she may be out before it is unusual, at most a day."""
    recent = [day for day in days if (as_of - day.date).days <= _RECENT_DAYS]
    out = np.array([day.values.get("out_minutes", 0.0) for day in recent])
    out = out[out > 0]
    if len(out) < 3:
        return 12 * 60
    logs = np.log(out)
    by_law = exp(float(np.median(logs)) + Z * max(float(np.std(logs)), log(1.3)))
    return ceil(min(max(by_law, float(out.max()) * 1.25, _OUT_LEAST_MINUTES), 24 * 60))


def up_by(habit: Habit | None, days: Sequence[Day], weekend: bool, sign: str = "up") -> int | None:
    """Return the minute of the day by which she is up on all but one in ONE_WRONG_IN_DAYS days.

    sign: "up", when the bed is left, which ends a silence; or "seen_up", a sign in a room of the
    day, which may come long after: what is judged by a sign is learned from the same. Days kept
    from before that was noted count with when the bed was left.
    """
    if habit is None:
        return None
    values = np.array(
        [
            day.values.get(sign, day.values["up"]) for day in days
            if "up" in day.values and (habit.weekend is None or day.weekend == weekend)
        ]
    )  # fmt: skip
    if len(values) < 5:
        return None
    median = float(np.median(values))
    spread = max(1.4826 * float(np.median(np.abs(values - median))),
                 (float(np.quantile(values, 0.9)) - median) / 1.28, _UP_LEAST_SPREAD)  # fmt: skip
    late = median + _UP_Z * spread * sqrt(1 + 1.57 / len(values))
    return ceil(max(late, float(values.max()) + 15, median + _UP_LEAST_MINUTES))
