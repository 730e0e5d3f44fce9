"""A week planned anew: insertion, many small rebuildings, the best mixture of tours seen."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from random import Random

import msgspec

from songhe.engines.routing.greedy import nearest_free
from songhe.engines.routing.pool import Pool
from songhe.engines.routing.problem import Problem
from songhe.engines.routing.search import COLD, HOT, descend, fill, improve
from songhe.engines.routing.settling import plan_of
from songhe.engines.routing.state import State
from songhe.engines.routing.terms import Instance, Plan
from songhe.engines.routing.travel import Travel, as_the_crow_flies

# Removals a second, on one core of a small server.
_TURNS_PER_S = 2000
_STAGES = 6  # the tours seen are mixed so many times
_MIX_EFFORT = 1.0  # deterministic seconds of the solver each time and day
_FOR_SEARCH = 0.8  # of the time; the rest is for mixing and explaining


class Progress(msgspec.Struct, frozen=True):
    """Where a search is: share of its way (0 to 1) and what its best plan is like so far."""

    share: float
    cost: float
    travel_minutes: int
    unserved: int


def _silent(progress: Progress) -> None:
    """Tell nobody."""


def _never() -> bool:
    return False


def propose(
    instance: Instance,
    *,
    seconds: float = 45.0,
    seed: int = 0,
    steps: int = 0,
    progress: Callable[[Progress], None] = _silent,
    cancelled: Callable[[], bool] = _never,
    travel: Travel = as_the_crow_flies,
) -> Plan:
    """Return a plan that keeps every hard rule and costs little; see Weights for what costs.

    The same instance, seconds and seed give the same plan: seconds are turned into a number of
    steps (unless they are given) that takes less, and only where a machine is too slow for them
    the clock ends each part of the search in its turn. When cancelled() says so, the best plan so
    far is returned within seconds.
    """
    began = time.monotonic()
    problem = Problem(instance, travel)
    state = State(problem)
    random = Random(seed)  # noqa: S311 - a search, not a secret
    fill(state, range(len(problem.visits)))
    descend(state)
    pool = Pool(problem)
    pool.add(state)
    turns = steps or max(_STAGES, int(seconds * _FOR_SEARCH * _TURNS_PER_S))
    for stage in range(_STAGES):
        until = began + seconds * (stage + 1) / _STAGES
        is_over = partial(_is_over, until, cancelled)
        state = improve(
            state, random, turns // _STAGES, is_over,
            keep=pool.add, tell=partial(_tell, progress, stage),
            heat=(_heat(stage), _heat(stage + 1)),
        )  # fmt: skip
        state = pool.mixed(state, seed=seed, effort=_MIX_EFFORT, is_over=is_over)
    if not cancelled():
        descend(state)
    progress(_progress(state, 1.0))
    return plan_of(state)


def _is_over(until: float, cancelled: Callable[[], bool]) -> bool:
    return cancelled() or time.monotonic() > until


def _tell(progress: Callable[[Progress], None], stage: int, share: float, best: State) -> None:
    progress(_progress(best, (stage + share) / _STAGES))


def _heat(stage: int) -> float:
    """Return how warm the search is where a stage begins."""
    return HOT * math.pow(COLD / HOT, stage / _STAGES)


def _progress(state: State, share: float) -> Progress:
    return Progress(round(share, 3), state.spent, state.travel_minutes, len(state.missing))


def greedy(instance: Instance, travel: Travel = as_the_crow_flies) -> Plan:
    """Return the plan of giving each visit, as it comes due, to the nearest free worker."""
    return plan_of(nearest_free(Problem(instance, travel)), explain=False)
