"""Rules on how a value moved over weeks: judged once a night over stored days, never live.

Readings as they come say nothing to such a rule: one weight is no trend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from songhe.kernel import codes
from songhe.kernel.detectors.rules import Rule
from songhe.kernel.detectors.state import Context, State
from songhe.kernel.trends.fall import Fall, fall
from songhe.kernel.wire import Finding, Reading

# Days with a value that each of the two weeks needs [E]: one may be somebody else on the scale.
DAYS_A_WEEK = 2


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
    params: Mapping[str, Any], days: Sequence[float], values: Sequence[float]
) -> tuple[Fall, bool] | None:
    """Return the fall up to the last day and whether it reaches the limit; None of too few."""
    found = fall(days, values, params["over_days"], DAYS_A_WEEK)
    return None if found is None else (found, found.share_pct >= params["loss_pct"])
