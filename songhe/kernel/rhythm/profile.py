"""A person's normal day as learned so far: what pages draw and what rules judge by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal

import msgspec
import numpy as np

from songhe.kernel.rhythm.days import HALVES, Day
from songhe.kernel.rhythm.habits import Habit, habits_of, marked, quantile, weights
from songhe.kernel.rhythm.quiet import MOST_MINUTES, limits, out_limit, up_by

# Usual days at home before anything is said, and before it is said without reserve.
LEAST_DAYS = 7
FULL_DAYS = 14
TABLE_VERSION = 1
Stage = Literal["learning", "provisional", "stands"]


class Profile(msgspec.Struct, frozen=True):
    """A person's normal day.

    as_of: the last day it knows. stage: learning (nothing is judged), provisional (7 days and more)
    or stands (14 and more); days_used: usual days at home; away_days and guest_days: left out.
    heat: usual minutes with a sign of life by half hour (48 values from midnight, 0 to 30), with
    heat_low and heat_high, within which eight of ten days lie. limits: by half hour for how many
    minutes a silence that begins in it may last. up_by and up_by_weekend: minute of the day by
    which she has shown herself in a room of the day; None when getting up cannot be seen.
    out_limit: minutes of one outing.
    """

    as_of: str
    stage: Stage
    days_used: int
    away_days: int
    guest_days: int
    heat: tuple[float, ...]
    heat_low: tuple[float, ...]
    heat_high: tuple[float, ...]
    limits: tuple[int, ...]
    out_limit: int
    up_by: int | None
    up_by_weekend: int | None
    habits: tuple[Habit, ...]

    @property
    def days_needed(self) -> int:
        """Return after how many usual days at home it stands."""
        return FULL_DAYS

    def habit(self, key: str) -> Habit | None:
        """Return one habit, None where it was not seen often enough."""
        return next((habit for habit in self.habits if habit.key == key), None)


def learn(days: Sequence[Day]) -> Profile:
    """Learn a person's normal day from her days in order, as `days_of` gives them.

    Pure, and learned anew each night from the kept days. Days of absence, without any reading and
    with guests are left out.
    """
    known = marked(days)
    usual = [day for day in known if day.kind == "usual"]
    as_of = days[-1].date if days else date.min
    stage: Stage = "learning"
    if len(usual) >= LEAST_DAYS:
        stage = "stands" if len(usual) >= FULL_DAYS else "provisional"
    low, middle, high = _heat(usual, as_of)
    judged = stage != "learning"
    habits = habits_of(usual, as_of) if judged else ()
    up = next((habit for habit in habits if habit.key == "up"), None)
    by = [up_by(up, usual, free, "seen_up") for free in (False, True)]
    left = [up_by(up, usual, weekend=free) for free in (False, True)]
    latest = max((minute for minute in left if minute is not None), default=None)
    return Profile(
        as_of=as_of.isoformat(),
        stage=stage,
        days_used=len(usual),
        away_days=sum(1 for day in known if day.kind == "away"),
        guest_days=sum(1 for day in known if day.kind == "guests"),
        heat=middle,
        heat_low=low,
        heat_high=high,
        limits=limits(usual, as_of, latest) if judged else (MOST_MINUTES,) * HALVES,
        out_limit=out_limit(usual, as_of),
        up_by=by[0],
        up_by_weekend=by[1],
        habits=habits,
    )


def _heat(usual: Sequence[Day], as_of: date) -> tuple[tuple[float, ...], ...]:
    if not usual:
        return ((0.0,) * HALVES,) * 3
    weight = weights(usual, as_of)
    active = np.array([day.active for day in usual], dtype=float)
    return tuple(
        tuple(round(quantile(active[:, half], weight, share), 1) for half in range(HALVES))
        for share in (0.1, 0.5, 0.9)
    )


def table(profile: Profile, sensors: Mapping[str, str]) -> dict[str, Any]:
    """Return what the rules of rhythm need, for `RuleScope.facts`: plain, small and stable.

    sensors: the channel of each device at home by its id (`sensing.channel_of_device`). Enter it as
    fact "rhythm", with fact "rhythm_stands" true, once the stage is no longer learning.
    """
    return {
        "version": TABLE_VERSION,
        "as_of": profile.as_of,
        "days": profile.days_used,
        "limits": list(profile.limits),
        "out_limit": profile.out_limit,
        "up_from": _up_from(profile),
        "up_by": profile.up_by,
        "up_by_weekend": profile.up_by_weekend,
        "sensors": dict(sorted(sensors.items())),
    }


def _up_from(profile: Profile) -> int:
    """Return from when on a sign in a room of the day means that she is up."""
    up = profile.habit("up")
    spans = [] if up is None else [up.range.low, *([up.weekend.low] if up.weekend else [])]
    return max(3 * 60, round(min(spans, default=6 * 60)) - 120)


def facts(profile: Profile, sensors: Mapping[str, str]) -> dict[str, Any]:
    """Return the facts of a person's rule scope; none while still learning."""
    if profile.stage == "learning":
        return {}
    return {"rhythm_stands": True, "rhythm": table(profile, sensors)}
