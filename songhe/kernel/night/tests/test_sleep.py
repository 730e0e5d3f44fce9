"""Asleep or awake: what is promised of the step, on nights made by rule."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songhe.kernel.night.epochs import AHEAD, features, windows
from songhe.kernel.night.sleep import (
    EPOCH_US,
    PAUSE_EPOCHS,
    SleepState,
    card,
    judge_night,
    shipped,
)
from songhe.kernel.wire import Reading

START_US = 1_767_279_600_000_000
JUDGE = shipped()


def epoch(place: int, count: float, pulse: float = 0.2) -> Reading:
    at_us = START_US + place * EPOCH_US
    return Reading(1, UUID(int=1), UUID(int=2), at_us, at_us, (45, 46), (count, pulse))


def night(seed: int = 3) -> list[Reading]:
    """An hour awake and moving, three asleep with short turns, half an hour up again."""
    draw = np.random.default_rng(seed)
    counts = np.concatenate(
        [draw.gamma(2.0, 15.0, 120), np.where(draw.random(360) < 0.03, 4.0, 0.0),
         draw.gamma(2.0, 15.0, 60)]
    )  # fmt: skip
    pulse = np.concatenate([np.full(120, 0.8), draw.gamma(4, 0.04, 360), np.full(60, 0.9)])
    return [
        epoch(i, float(c), float(p)) for i, (c, p) in enumerate(zip(counts, pulse, strict=True))
    ]


def streamed(readings: list[Reading], sizes: list[int]) -> list[object]:
    state, told = JUDGE.new(), []
    begin = turn = 0
    while begin < len(readings):
        part = readings[begin : begin + sizes[turn % len(sizes)]]
        state, epochs = JUDGE.step(state, part, part[-1].effective_us)
        told += epochs
        begin, turn = begin + len(part), turn + 1
    if state.due_us is not None:
        told += JUDGE.step(state, (), state.due_us)[1]
    return told


def test_a_night_is_told_apart_from_the_evening_before_it() -> None:
    told = judge_night(JUDGE, night())
    awake = np.array([e.awake for e in told])
    assert len(told) == 540
    assert awake[:110].mean() > 0.9
    assert awake[140:460].mean() < 0.05
    assert awake[490:].mean() > 0.9


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(1, 90), min_size=1, max_size=6))
def test_how_a_night_arrives_changes_nothing(sizes: list[int]) -> None:
    assert streamed(night(), sizes) == judge_night(JUDGE, night())


@pytest.mark.parametrize("end", [30, 121, 300])
def test_what_comes_later_changes_nothing_that_was_known(end: int) -> None:
    whole = judge_night(JUDGE, night())
    other = night()[:end] + [epoch(i, 300.0, 5.0) for i in range(end, 540)]
    known = START_US + end * EPOCH_US
    before = [e for e in whole if e.known_us <= known]
    assert before
    assert [e for e in judge_night(JUDGE, other) if e.known_us <= known] == before


def test_the_given_state_stays_as_it_was() -> None:
    state, _ = JUDGE.step(JUDGE.new(), night()[:100], 0)
    kept = (state.told, state.first, state.counts, state.due_us)
    JUDGE.step(state, night()[100:200], 0)
    assert (state.told, state.first, state.counts, state.due_us) == kept
    assert isinstance(state, SleepState)


def test_nothing_is_said_before_ten_minutes_have_gone_by_the_data() -> None:
    state, told = JUDGE.step(JUDGE.new(), night()[: AHEAD + 1], 0)
    assert told == []
    _, told = JUDGE.step(state, [night()[AHEAD + 1]], 0)
    assert [e.at_us for e in told] == [START_US]


def test_epochs_without_counts_are_not_judged_and_a_long_pause_begins_anew() -> None:
    first, second = night()[:200], night()[:100]
    gap = 200 + PAUSE_EPOCHS + 10
    later = [epoch(i + gap, r.values[0], r.values[1]) for i, r in enumerate(second)]
    told = judge_night(JUDGE, first[:50] + first[60:] + later)
    starts = {(e.at_us - START_US) // EPOCH_US for e in told}
    assert starts == {*range(50), *range(60, 200), *range(gap, gap + 100)}
    again = [e.wake for e in told if e.at_us >= later[0].effective_us]
    assert again == [e.wake for e in judge_night(JUDGE, second)]


def test_counts_and_pulse_may_come_in_messages_of_their_own() -> None:
    apart = []
    for reading in night():
        for code, value in zip(reading.codes, reading.values, strict=True):
            apart.append(
                Reading(1, UUID(int=1), UUID(int=2), reading.effective_us, 0, (code,), (value,))
            )
    assert judge_night(JUDGE, apart) == judge_night(JUDGE, night())


def test_features_of_an_epoch_do_not_depend_on_its_neighbours_in_the_table() -> None:
    counts = np.array([r.values[0] for r in night()])
    pulse = np.array([r.values[1] for r in night()])
    elapsed = np.arange(len(counts), dtype=float)
    whole = features(windows(counts), windows(pulse), elapsed)
    for place in (0, 77, 539):
        one = features(
            windows(counts)[place : place + 1], windows(pulse)[place : place + 1],
            elapsed[place : place + 1],
        )  # fmt: skip
        assert (one == whole[place]).all()


def test_the_weights_are_those_of_the_card() -> None:
    content = (files("songhe.kernel") / "data/models/sleep-wake.onnx").read_bytes()
    assert hashlib.sha256(content).hexdigest() == card()["sha256"]
    assert len(content) < 1_000_000
