"""Rules on how a value moved over days and weeks: judged over stored days by jobs, never live.

Readings as they come say nothing to such a rule: one weight is no trend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from songhe.kernel import codes
from songhe.kernel.detectors.rules import Rule
from songhe.kernel.detectors.state import Context, State
from songhe.kernel.trends.fall import fall, weeks
from songhe.kernel.trends.gain import gain
from songhe.kernel.wire import Finding, Reading

# Days with a value that each of the two weeks needs [E]: one may be somebody else on the scale.
DAYS_A_WEEK = 2


class Moved(msgspec.Struct, frozen=True):
    """From what to what a value moved, whether that reaches the limit, and what is said of it.

    spans: the days that it rests on, half open.
    """

    before: float
    after: float
    is_reached: bool
    spans: tuple[tuple[float, float], ...]
    said: dict[str, float]


class TrendState(State):
    """Nothing of its own: the days are stored."""


def codes_of(params: Mapping[str, Any]) -> frozenset[int]:
    """Return the code whose days are judged."""
    return frozenset({codes.by_key(params["code"]).number})


def idle(state: TrendState) -> bool:
    """Say whether a fresh state would judge the future the same: always."""
    return True


def step(
    state: TrendState, batch: Sequence[Reading], now_us: int, rule: Rule, context: Context
) -> tuple[TrendState, list[Finding]]:
    """Readings say nothing to a rule on trends, and neither does time."""
    return state, []


def judge(
    params: Mapping[str, Any], days: Sequence[float], values: Sequence[float], newest: float
) -> Moved | None:
    """Return how the value moved up to the last day; None of too few.

    values: medians of days. A loss (loss_pct) holds weeks against each other; a gain (gain_kg) the
    newest value against the days before, so that weighing again settles it within the hour.
    """
    over = float(params["over_days"])
    if "gain_kg" in params:
        rise = gain(days, [*values[:-1], newest], over)
        if rise is None:
            return None
        # What a scale shows in tenths is held against its limit in tenths.
        is_reached = round(rise.more, 1) >= params["gain_kg"]
        said = {"more": round(rise.more, 1)}
        return Moved(rise.before, rise.after, is_reached, ((rise.since, days[-1] + 1),), said)
    lost = fall(days, values, over, DAYS_A_WEEK)
    if lost is None:
        return None
    is_reached = lost.share_pct >= params["loss_pct"]
    said = {"share_pct": round(lost.share_pct, 1)}
    return Moved(lost.before, lost.after, is_reached, weeks(days[-1], over), said)


def stays(params: Mapping[str, Any], moved: Moved, before: float) -> bool:
    """Tell whether what was told holds on: a gain until most of it is gone again, not for days.

    before: the value that the finding was held against.
    """
    return "gain_kg" in params and round(moved.after - before, 1) >= params["gain_kg"] / 2
