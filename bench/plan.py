"""Planning a week of visits: the proposal beside the nearest free worker, and a worker falling ill.

Several made towns, each planned by both on the same file, once with the prices that ship (who
usually comes, wishes, even work) and once for short ways alone, as the nearest free worker is
chosen. `--scale` is the number of towns, `--seconds` how long each search may last.
"""

from __future__ import annotations

import math
import time

import msgspec

from bench.options import Options
from songhe.engines.routing import (
    Instance,
    Plan,
    WorkerAway,
    check,
    greedy,
    propose,
    replan,
    settle,
    travel_lower_bound,
)
from songhe.engines.routing.testing import county_week

SEEDS = 4
SECONDS = 45.0
ILL_AT = 2 * 1440 + 9 * 60 + 30  # the third day, half past nine


def run(options: Options) -> dict[str, float]:
    """Return the worst of all towns where a bound is to be kept, means and spread elsewhere."""
    rows = []
    for seed in range(1, int(options.scale or SEEDS) + 1):
        row = _town(seed, options.seconds or SECONDS)
        told = ", ".join(f"{name} {value:.4g}" for name, value in row.items())
        options.say(f"town {seed}: {told}")
        rows.append(row)
    found: dict[str, float] = {"towns": len(rows), "visits": rows[0]["visits"]}
    worst = (
        "seconds", "late_minutes", "unserved", "ways_alone_unserved", "replan_seconds", "conflicts",
    )  # fmt: skip
    for name in worst:
        found[name] = max(row[name] for row in rows)
    mean = (
        "travel_ratio_to_greedy", "ways_alone_ratio_to_greedy", "lower_bound_ratio",
        "replan_changed", "replan_least",
        "replan_unserved", "travel_minutes", "greedy_travel_minutes", "greedy_unserved",
        "greedy_late_minutes", "continuity_share", "greedy_continuity_share", "wishes_share",
        "greedy_wishes_share", "load_spread", "greedy_load_spread",
    )  # fmt: skip
    for name in mean:
        found[name] = sum(row[name] for row in rows) / len(rows)
    for name in mean[:4]:
        found[f"{name}_least"] = min(row[name] for row in rows)
        found[f"{name}_most"] = max(row[name] for row in rows)
    return found


def _town(seed: int, seconds: float) -> dict[str, float]:
    week = Instance.from_json(county_week(seed).to_json())
    base = greedy(week)
    began = time.monotonic()
    plan = propose(week, seconds=seconds, seed=seed)
    took_s = time.monotonic() - began
    short = propose(_for_ways_alone(week), seconds=seconds, seed=seed)
    conflicts = len(check(week, short.placements))
    conflicts += len(check(week, plan.placements)) + len(check(week, base.placements))
    ours, theirs = _same_visits(week, plan, base)
    shortest, theirs_too = _same_visits(week, short, base)
    served = {one.visit for one in plan.assignments}
    bound = travel_lower_bound(week, served)
    # Who is ill is the worker with most visits still to come that day.
    day = ILL_AT // 1440
    left: dict[str, set[str]] = {}
    for one in plan.assignments:
        if one.start > ILL_AT and one.start // 1440 == day:
            left.setdefault(one.worker, set()).add(one.visit)
    ill = max(sorted(left), key=lambda worker: len(left[worker]))
    began = time.monotonic()
    mended = replan(week, plan, [WorkerAway(ill, ILL_AT, (day + 1) * 1440)], now=ILL_AT, seed=seed)
    mended_s = time.monotonic() - began
    conflicts += len(check(mended.instance, mended.plan.placements))
    return {
        "visits": len(week.visits),
        "seconds": took_s,
        "travel_ratio_to_greedy": ours / theirs,
        "ways_alone_ratio_to_greedy": shortest / theirs_too,
        "ways_alone_unserved": short.figures.unserved,
        "travel_minutes": plan.figures.travel_minutes,
        "greedy_travel_minutes": base.figures.travel_minutes,
        "late_minutes": plan.figures.late_minutes,
        "greedy_late_minutes": base.figures.late_minutes,
        "unserved": plan.figures.unserved,
        "greedy_unserved": base.figures.unserved,
        "lower_bound_ratio": plan.figures.travel_minutes / bound if bound else math.inf,
        "continuity_share": plan.figures.continuity_share,
        "greedy_continuity_share": base.figures.continuity_share,
        "wishes_share": plan.figures.wishes_share,
        "greedy_wishes_share": base.figures.wishes_share,
        "load_spread": plan.figures.load_spread,
        "greedy_load_spread": base.figures.load_spread,
        "replan_seconds": mended_s,
        "replan_changed": len(mended.changed),
        "replan_least": len(left[ill]),
        "replan_unserved": mended.plan.figures.unserved,
        "conflicts": conflicts,
    }


def _for_ways_alone(week: Instance) -> Instance:
    """Return the week with nothing to pay for but ways, lateness and visits nobody makes."""
    free = msgspec.structs.replace(week.weights, stranger=0, face=0, wish=0, uneven=0)
    return msgspec.structs.replace(week, weights=free)


def _same_visits(week: Instance, plan: Plan, base: Plan) -> tuple[int, int]:
    """Return the minutes on the way of both plans with only the visits that both serve."""
    both = {one.visit for one in plan.assignments} & {one.visit for one in base.assignments}

    def ways(one: Plan) -> int:
        kept = [placed for placed in one.placements if placed.visit in both]
        return settle(week, kept).figures.travel_minutes

    return ways(plan), ways(base)
