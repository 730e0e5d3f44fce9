"""Maps that fit themselves and rooms with hysteresis, in layouts made by physics."""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhe.kernel.position.fingerprint import FingerprintMap, TooFewPoints, fit
from songhe.kernel.position.rooms import HOLD_S, RoomChange, RoomState, step
from songhe.kernel.wire import Reading

SOURCES = np.array([[0.0, 0.0], [6.0, 0.0], [3.0, 5.0], [6.0, 5.0]])
POINTS = np.array([[x, y] for x in np.arange(0.5, 6, 1.0) for y in np.arange(0.5, 5, 1.0)])
START_US = 1_767_225_600_000_000
ROOMS = [UUID(int=100 + i) for i in range(3)]


def strengths(at: np.ndarray, noise_db: float, seed: int = 1) -> np.ndarray:
    apart = np.maximum(np.hypot(*(at[:, None] - SOURCES[None]).transpose(2, 0, 1)), 0.5)
    return -60 - 25 * np.log10(apart) + np.random.default_rng(seed).normal(0, noise_db, apart.shape)


@pytest.fixture(scope="module")
def layout() -> FingerprintMap:
    heard = strengths(POINTS, 2.0)
    return fit(POINTS, {str(i): heard[:, i] for i in range(4)})


def errors(layout: FingerprintMap, beacons: int, noise_db: float = 2.0) -> np.ndarray:
    asked = np.random.default_rng(5).uniform([0.3, 0.3], [5.7, 4.7], (60, 2))
    heard = strengths(asked, noise_db, 9)
    off = []
    for at, row in zip(asked, heard, strict=True):
        place = layout.locate({str(i): float(row[i]) for i in range(beacons)})
        assert place is not None
        assert place.beacons == beacons
        off.append(np.hypot(place.x_m - at[0], place.y_m - at[1]))
    return np.array(off)


def test_places_between_the_walked_ones_are_found(layout: FingerprintMap) -> None:
    middle = np.hypot(*(np.random.default_rng(5).uniform([0.3, 0.3], [5.7, 4.7], (60, 2))
                        - POINTS.mean(axis=0)).T)  # fmt: skip
    assert errors(layout, 4).mean() < 0.9 < 0.5 * middle.mean() + 0.1


def test_a_missing_beacon_costs_accuracy_and_breaks_nothing(layout: FingerprintMap) -> None:
    all_four, three, two = (errors(layout, n).mean() for n in (4, 3, 2))
    assert all_four <= three + 0.05
    assert three < two + 0.05
    assert two < 2.2
    assert layout.locate({}) is None
    assert layout.locate({"0": float("nan"), "strange": -60.0}) is None


def test_how_far_off_it_may_be_is_told_honestly(layout: FingerprintMap) -> None:
    asked = np.random.default_rng(6).uniform([0.5, 0.5], [5.5, 4.5], (80, 2))
    heard = strengths(asked, 2.0, 12)
    nearer = 0
    for at, row in zip(asked, heard, strict=True):
        place = layout.locate({str(i): float(row[i]) for i in range(4)})
        assert place is not None
        nearer += np.hypot(place.x_m - at[0], place.y_m - at[1]) <= place.within_m
    assert 0.3 < nearer / len(asked) < 0.75


def test_a_body_before_one_beacon_does_not_throw_the_place_away(layout: FingerprintMap) -> None:
    at = np.array([[1.5, 1.5]])
    row = strengths(at, 0.0)[0]
    row[0] -= 15
    place = layout.locate({str(i): float(row[i]) for i in range(4)})
    assert place is not None
    assert np.hypot(place.x_m - 1.5, place.y_m - 1.5) < 1.5


def test_silence_of_a_beacon_that_was_listened_for_tells_something() -> None:
    heard = strengths(POINTS, 1.0)
    far = np.where(heard[:, 0] < -72, -np.inf, heard[:, 0])
    layout = fit(POINTS, {"near": far, "other": heard[:, 1]})
    row = {"other": float(strengths(np.array([[3.0, 4.0]]), 0.0)[0, 1])}
    unsaid = layout.locate(row)
    silent = layout.locate({**row, "near": float("-inf")})
    assert unsaid is not None
    assert silent is not None
    assert np.hypot(silent.x_m, silent.y_m) > np.hypot(unsaid.x_m, unsaid.y_m)


def test_too_few_places_are_refused_with_the_number() -> None:
    with pytest.raises(TooFewPoints, match="3 were given"):
        fit(POINTS[:3], {"a": [-60.0, -61.0, -62.0]})


def sighting(second: float, room: int, dbm: float) -> Reading:
    at_us = START_US + int(second * 1e6)
    return Reading(1, UUID(int=1), UUID(int=9), at_us, at_us, (54,), (dbm,), place=ROOMS[room])


def walked(readings: list[Reading], sizes: list[int] | None = None) -> list[RoomChange]:
    state, told = RoomState(), []
    begin = turn = 0
    while begin < len(readings):
        size = 1 if sizes is None else sizes[turn % len(sizes)]
        part = readings[begin : begin + size]
        state, changes = step(state, part, part[-1].effective_us)
        told += changes
        begin, turn = begin + size, turn + 1
    if state.due_us is not None:
        told += step(state, (), state.due_us)[1]
    return told


def evening(seed: int = 2) -> list[Reading]:
    """Two minutes in room 0, two in room 1, the other always heard 12 dB weaker, 4 dB of noise."""
    draw = np.random.default_rng(seed)
    found = []
    for second in range(240):
        here = 0 if second < 120 else 1
        found += [
            sighting(second + 0.1 * room, room, (-65 if room == here else -77) + draw.normal(0, 4))
            for room in (0, 1)
        ]
    return found


def test_a_walk_between_rooms_is_one_change_and_silence_ends_it() -> None:
    told = walked(evening())
    assert [change.place for change in told] == [ROOMS[0], ROOMS[1], None]
    moved = (told[1].known_us - START_US) / 1e6
    assert 120 + HOLD_S <= moved < 145
    assert told[1].certainty > 0.8
    assert all(a.known_us <= b.known_us for a, b in pairwise(told))


def test_equal_rooms_do_not_flicker_and_say_that_they_are_unsure() -> None:
    draw = np.random.default_rng(4)
    readings = [
        sighting(second + 0.1 * room, room, -70 + draw.normal(0, 4))
        for second in range(600)
        for room in (0, 1)
    ]
    changes = [c for c in walked(readings) if c.place is not None]
    assert len(changes) <= 3


@given(st.lists(st.integers(1, 60), min_size=1, max_size=5))
def test_cutting_changes_nothing(sizes: list[int]) -> None:
    assert walked(evening(), sizes) == walked(evening())


def test_a_beacon_of_no_room_and_a_late_sighting_say_nothing() -> None:
    reading = sighting(5, 0, -60)
    nowhere = Reading(1, reading.subject, reading.device, START_US, 0, (54,), (-40,))
    state, told = step(RoomState(), [nowhere, reading, sighting(1, 1, -30)], START_US)
    assert [c.place for c in told] == [ROOMS[0]]
    assert len(state.heard) == 1
