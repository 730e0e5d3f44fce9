"""Wandering patterns, home radius, speed and return, on walks made by geometry."""

from __future__ import annotations

import math
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhe.kernel.position.outdoor import (
    Fix,
    fixes,
    home_radius_m,
    not_back,
    places,
    plausible,
    speed_m_s,
    walks,
    wandering,
)
from songhe.kernel.time import DAY_US, parse_us
from songhe.kernel.wire import Reading

HOME = (31.2, 121.5)
NORTH = 1 / 111_195.08
EAST = NORTH / math.cos(math.radians(HOME[0]))
START = parse_us("2026-03-03T09:00:00+08:00")


def walk(
    corners: list[tuple[float, float]], *, seed: int = 1, noise_m: float = 4.0, speed: float = 0.9
) -> list[Fix]:
    """Walk from corner to corner (metres east, north) with a fix every 15 s."""
    draw = np.random.default_rng(seed)
    at, found, place = START, [], corners[0]
    for corner in corners[1:]:
        way = math.dist(place, corner)
        for step in range(int(way / (speed * 15))):
            part = step * speed * 15 / way
            x = place[0] + part * (corner[0] - place[0]) + draw.normal(0, noise_m)
            y = place[1] + part * (corner[1] - place[1]) + draw.normal(0, noise_m)
            found.append(Fix(at, HOME[0] + y * NORTH, HOME[1] + x * EAST, 8.0))
            at += 15_000_000
        place = corner
    return found


SQUARE = [(0.0, 0.0), (80.0, 0.0), (80.0, 80.0), (0.0, 80.0)]
DRAW = np.random.default_rng(8)
RANDOM_CORNERS = [(0.0, 0.0), *[(float(x), float(y)) for x, y in DRAW.uniform(0, 110, (22, 2))]]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    ("corners", "pattern"),
    [
        ([(0, 0), (600, 0)], "direct"),
        ([(0, 0), (300, 0), (300, 300), (600, 300)], "direct"),
        ([(0, 0), (120, 0)] * 5, "pacing"),
        ([(0, 0), (45, 20)] * 6, "pacing"),
        ([*SQUARE * 4, (0, 0)], "lapping"),
        (RANDOM_CORNERS, "random"),
    ],
)
def test_patterns_of_walks(corners: list[tuple[float, float]], pattern: str, seed: int) -> None:
    found = wandering(walk(corners, seed=seed))
    assert found is not None
    assert found.pattern == pattern
    assert 0 < found.certainty <= 1


def test_one_way_there_and_back_is_an_errand() -> None:
    found = wandering(walk([(0, 0), (400, 0), (0, 0)]))
    assert found is not None
    assert found.pattern not in ("pacing", "lapping")


def test_standing_about_is_no_walk() -> None:
    assert wandering(walk([(0, 0), (20, 0)] * 20)) is None
    assert wandering([]) is None


def test_rests_and_rides_part_walks() -> None:
    first = walk([(0, 0), (200, 0)])
    rest_us = 20 * 60 * 1_000_000
    second = [Fix(f.at_us + first[-1].at_us - START + rest_us, f.lat, f.lon, 8.0) for f in first]
    assert [len(w) for w in walks([*first, *second])] == [len(first), len(first)]
    ride = [Fix(START + i * 15_000_000, HOME[0] + i * 200 * NORTH, HOME[1], 5.0) for i in range(10)]
    assert max(len(w) for w in walks(ride)) == 1


def position(second: float, east_m: float, accuracy_m: float | None = 8.0) -> Reading:
    at_us = START + int(second * 1e6)
    numbers: tuple[int, ...] = (50, 51)
    values: tuple[float, ...] = (HOME[0], HOME[1] + east_m * EAST)
    if accuracy_m is not None:
        numbers, values = (*numbers, 52), (*values, accuracy_m)
    return Reading(1, UUID(int=1), UUID(int=2), at_us, at_us, numbers, values)


def test_a_jump_that_nobody_can_make_is_left_out_until_it_is_confirmed() -> None:
    there = [position(10 * i, 5.0 * i) for i in range(6)]
    jump = position(60, 9_000)
    told = fixes([*there, jump, position(70, 35)])
    assert [round((f.lon - HOME[1]) / EAST) for f in told] == [0, 5, 10, 15, 20, 25, 35]
    stays = [position(60 + 10 * i, 9_000 + i) for i in range(4)]
    assert len(fixes([*there, *stays])) == 6 + 4
    assert fixes([position(0, 0, 400.0)]) == []
    assert fixes([position(0, 0, None)])[0].accuracy_m == 30


def test_speed_allows_for_both_errors() -> None:
    a, b = Fix(START, *HOME, 20.0), Fix(START + 10_000_000, HOME[0] + 100 * NORTH, HOME[1], 20.0)
    assert speed_m_s(a, b) == pytest.approx(6.0, abs=0.01)
    assert plausible(a, b)
    assert not plausible(a, Fix(START, HOME[0] + 1000 * NORTH, HOME[1], 20.0))
    assert speed_m_s(a, Fix(START, HOME[0] + 30 * NORTH, HOME[1], 20.0)) == 0


def test_the_home_radius_holds_most_days_and_waits_for_a_week() -> None:
    days = [200, 220, 240, 260, 280, 300, 320, 340, 360, 5_000]
    told = [
        Fix(START + day * DAY_US + hour * 3_600_000_000, HOME[0] + away * NORTH * part, HOME[1], 8)
        for day, away in enumerate(days)
        for hour, part in ((1, 0.2), (2, 1.0))
    ]
    assert home_radius_m(told, HOME) == pytest.approx(360, abs=1)
    assert home_radius_m(told[:12], HOME) is None
    assert home_radius_m([], HOME) is None


def test_not_back_by_says_when_it_does_not_know() -> None:
    begin = parse_us("2026-03-03T18:30:00+08:00")
    out = Fix(begin + 600_000_000, HOME[0] + 800 * NORTH, HOME[1], 20.0)
    near = Fix(begin + 600_000_000, HOME[0] + 110 * NORTH, HOME[1], 20.0)
    old = Fix(begin - 600_000_000, *out.point, 20.0)
    assert not_back(out, HOME, 100, begin) is True
    assert not_back(near, HOME, 100, begin) is False
    assert not_back(old, HOME, 100, begin) is None
    assert not_back(None, HOME, 100, begin) is None


@given(
    st.lists(
        st.tuples(st.floats(-300, 300), st.floats(-300, 300), st.integers(1, 300)), max_size=40
    )
)
def test_whatever_way_somebody_goes_the_figures_hold(steps: list[tuple[float, float, int]]) -> None:
    at, told = START, []
    for east, north, seconds in steps:
        at += seconds * 1_000_000
        told.append(Fix(at, HOME[0] + north * NORTH, HOME[1] + east * EAST, 8.0))
    assert sum(len(part) for part in walks(told)) == len(told)
    assert len(places(told)) <= len(told)
    found = wandering(told)
    if found is not None:
        assert 0 <= found.straight <= 1 + 1e-9
        assert found.since_us < found.until_us
        assert 0 <= found.certainty <= 1
        assert (found.repeats >= 2) == (found.pattern in ("pacing", "lapping"))
