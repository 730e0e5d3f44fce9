"""The cheapest tour of a shift is the one that trying every tour finds."""

from __future__ import annotations

import itertools
import random as chance

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songhe.engines.routing.pricing import Shift
from songhe.engines.routing.problem import Problem
from songhe.engines.routing.testing import county_week
from songhe.engines.routing.timing import quick, way_minutes

MOST = 5


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.integers(0, 60))
def test_the_cheapest_tour_is_that_of_trying_all(seed: int, dear: int) -> None:
    problem = Problem(county_week(seed, visits=40, workers=12))
    random = chance.Random(seed)
    inside: dict[int, list[int]] = {}
    for v, slots in enumerate(problem.fits):
        for t in slots:
            inside.setdefault(t, []).append(v)
    t = random.choice(sorted(inside))
    visits = inside[t] if len(inside[t]) <= MOST else random.sample(inside[t], MOST)
    worth = {v: random.uniform(-5, dear) for v in visits}
    slot = problem.slots[t]
    tried = [
        way_minutes(problem, slot, tour) - sum(worth[v] for v in tour)
        for count in range(1, len(visits) + 1)
        for tour in itertools.permutations(visits, count)
        if quick(problem, slot, tour, {}) is not None
    ]
    found = Shift(problem, slot, visits).cheapest(worth)
    assert (found[0][0] if found else 0.0) == pytest.approx(min([0.0, *tried]), abs=1e-5)
    for cost, tour in found:
        assert quick(problem, slot, tour, {}) is not None
        assert cost == pytest.approx(way_minutes(problem, slot, tour) - sum(worth[v] for v in tour))
