"""How far back a rule on signals is tried: as far as some minutes of a processor reach.

A month of one array is hours of work. What is stored is counted from the newest day back, its cost
is estimated, and the time that is judged begins where the minutes are used up.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from songhe.domains.telemetry.selectors import stored
from songhe.domains.telemetry.selectors.stored import WaveKey
from songhe.kernel.signals.catalogue import DETECTORS, warmup_s

# So long may a person who asked wait, and so long a nightly suggestion may take for one change.
BUDGET_S, NIGHTLY_BUDGET_S = 300.0, 60.0
# Seconds of a processor for a second of signal: reading it, and stepping each detector over it
# (measured: docs/decisions/0024, bench detectors; the array with somebody under it).
READ_COST = 1e-4
STEP_COST: Mapping[str, float] = {
    "worn-fall": 1.2e-5, "heart": 7e-4, "array": 2.1e-3, "radar": 1.7e-3,
}  # fmt: skip
_UNMEASURED = 1e-3
_BOOKS = 2  # as the rule holds, and as it is tried
_DAY = timedelta(days=1)


def codes_of(detector: str) -> frozenset[int]:
    """Return the numbers of the codes whose waves a detector judges."""
    return DETECTORS[detector].codes


def begins(
    keys: Collection[WaveKey],
    detector: str,
    since: datetime,
    until: datetime,
    budget_s: float = BUDGET_S,
) -> datetime:
    """Return from when on waves can be judged within a budget (s of a processor); since at best.

    Counts day by day backward and stops where the budget ends; within that day evenly. A query a
    day, which reads no sample.
    """
    each = READ_COST + _BOOKS * STEP_COST.get(detector, _UNMEASURED)
    left_s, end = budget_s, until
    while end > since and keys:
        start = max(since, end - _DAY)
        cost_s = each * sum(stored.wave_lengths(keys, start, end).values())
        if cost_s > left_s:
            return max(since, end - (end - start) * (left_s / cost_s))
        left_s, end = left_s - cost_s, start
    return since


def warm_up() -> timedelta:
    """Return how long before the time that is told detectors must have heard."""
    return timedelta(seconds=warmup_s())
