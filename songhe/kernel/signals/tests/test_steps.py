"""Steps of a worn sensor: counted as they were, whatever the cuts, and none where nobody walks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluation.causal import broken_promises
from evaluation.streaming import START_US, signs, waves
from songhe.kernel.signals.steps import ACCELERATION, StepDetector, feet, trunk, walked
from songhe.kernel.signals.worn_features import STANDARD_GRAVITY

BACK = ("back x", "back y", "back z")
FEET = ("left foot x", "left foot y", "left foot z", "right foot x", "right foot y", "right foot z")
BEGIN_S, APART_S, COUNT = 5.0, 0.55, 20


def _walk(rate_hz: float = 50.0, seed: int = 3) -> NDArray[np.float32]:
    """Stand 5 s, take 20 steps of 0.55 s, stand 6 s: a trunk's acceleration, m/s2."""
    time = np.arange(round((BEGIN_S + COUNT * APART_S + 6) * rate_hz)) / rate_hz
    up = np.full_like(time, STANDARD_GRAVITY)
    for step in range(COUNT):
        at = BEGIN_S + step * APART_S
        up += 3.0 * np.exp(-(((time - at) / 0.07) ** 2)) - 1.5 * np.exp(
            -(((time - at - 0.25) / 0.1) ** 2)
        )
    felt = np.stack([0.1 * up, 0.2 * up, up], axis=1)
    felt += np.random.default_rng(seed).normal(0, 0.03, felt.shape)
    return felt.astype(np.float32)


def _feet(rate_hz: float = 50.0) -> NDArray[np.float32]:
    """Ten swings of each foot, 0.4 s of every 1.1 s, m/s2."""
    time = np.arange(round(22 * rate_hz)) / rate_hz
    felt = np.zeros((len(time), 6))
    felt[:, [2, 5]] = STANDARD_GRAVITY
    for foot in range(2):
        for step in range(10):
            begin = BEGIN_S + foot * 0.55 + step * 1.1
            swing = (time >= begin) & (time < begin + 0.4)
            felt[swing, foot * 3 + 2] += 9 * np.cos(9 * np.pi * (time[swing] - begin) / 0.4)
            felt[swing, foot * 3] += 7
    return felt.astype(np.float32)


def _times_s(samples: NDArray[np.float32], rate_hz: float, leads: tuple[str, ...]) -> list[float]:
    told = signs(StepDetector(), waves(samples, rate_hz, ACCELERATION, leads=leads))
    return [
        (sign.at_us - START_US) / 1_000_000 + ms / 1000
        for sign in told
        for ms in sign.facts["steps_ms"]
    ]


@pytest.mark.parametrize("rate_hz", [20.0, 32.0, 50.0, 100.0])
def test_every_step_is_found_when_it_was(rate_hz: float) -> None:
    times = _times_s(_walk(rate_hz), rate_hz, BACK)
    expected = BEGIN_S + np.arange(COUNT) * APART_S
    assert len(times) == COUNT
    assert np.abs(np.array(times) - expected).max() < 0.08


def test_stride_and_cadence() -> None:
    (sign,) = signs(StepDetector(), waves(_walk(), 50.0, ACCELERATION, leads=BACK))
    assert sign.facts["stride_s"] == pytest.approx(2 * APART_S, abs=0.02)
    assert sign.facts["cadence_per_min"] == pytest.approx(60 / APART_S, abs=2)
    assert sign.facts["stride_sd_ms"] < 40


def test_a_long_walk_is_told_in_parts_and_no_step_twice() -> None:
    samples = _walk()
    begin, end = round(BEGIN_S * 50), round((BEGIN_S + COUNT * APART_S) * 50)
    long = np.concatenate([samples[:begin], *[samples[begin:end]] * 4, samples[end:]])
    told = signs(StepDetector(), waves(long, 50.0, ACCELERATION, leads=BACK))
    assert len(told) == 3
    assert sum(sign.facts["steps"] for sign in told) == 4 * COUNT


def test_both_feet_count_each_step_once() -> None:
    times = _times_s(_feet(), 50.0, FEET)
    assert len(times) == 20
    assert np.diff(times) == pytest.approx(0.55, abs=0.06)


def _all_three(rate_hz: float = 50.0) -> NDArray[np.float32]:
    """Both feet as above, and a back that bumps when each foot ends its swing."""
    felt = _feet(rate_hz)
    time = np.arange(len(felt)) / rate_hz
    up = np.full(len(felt), STANDARD_GRAVITY)
    for step in range(20):
        up += 3.0 * np.exp(-(((time - BEGIN_S - 0.45 - step * 0.55) / 0.07) ** 2))
    zero = np.zeros_like(up)
    return np.column_stack([zero, zero, up, felt]).astype(np.float32)


def test_a_foot_that_was_lost_for_a_while_is_filled_by_the_back() -> None:
    felt = _all_three()
    whole = _times_s(felt, 50.0, (*BACK, *FEET))
    assert len(whole) == 20
    lost = felt.copy()
    lost[(9 * 50) : (12 * 50), 3:6] = (0, 0, STANDARD_GRAVITY)
    assert len(_times_s(lost[:, 3:], 50.0, FEET)) < 20
    filled = _times_s(lost, 50.0, (*BACK, *FEET))
    assert filled == pytest.approx(whole, abs=0.2)
    assert broken_promises(StepDetector(), lost, 50.0, ACCELERATION, leads=(*BACK, *FEET)) == []


def test_landings_and_bumps_are_each_step_once() -> None:
    left, right = [100, 155, 210], [128, 183]
    assert sorted(walked(left, right, [])) == [100, 128, 155, 183, 210]
    # A bump between feet that take turns is no step; one where a landing is missing is.
    assert len(walked(left, right, [114, 140])) == 5
    assert 128 in walked(left, [183], [128, 97])
    # Feet that land together: one of the sensors is late.
    assert sorted(walked([100, 155], [103, 158], [128])) == [100, 128, 155]


@pytest.mark.parametrize("size", [0.02, 0.3])
def test_standing_and_fidgeting_are_no_walk(size: float) -> None:
    noise = np.random.default_rng(5).normal((0, 0, STANDARD_GRAVITY), size, (3000, 3))
    samples = noise.astype(np.float32)
    assert _times_s(samples, 50.0, BACK) == []


def test_three_steps_are_no_walk() -> None:
    samples = _walk()
    end = round((BEGIN_S + 2.5 * APART_S) * 50)
    still = np.repeat(samples[:1], 400, axis=0)
    assert _times_s(np.concatenate([samples[:end], still]), 50.0, BACK) == []


@pytest.mark.parametrize(("samples", "leads"), [(_walk(), BACK), (_feet(), FEET)])
def test_cuts_and_the_future_change_nothing(samples, leads) -> None:
    assert broken_promises(StepDetector(), samples, 50.0, ACCELERATION, leads=leads) == []


def test_feet_by_their_leads() -> None:
    assert feet(FEET) == (0, 1)
    assert feet((*BACK, *FEET)) == (1, 2)
    assert feet(BACK) == feet(FEET[:3]) == ()
    assert (trunk(BACK), trunk((*FEET, *BACK)), trunk(FEET)) == (0, 2, None)


def test_a_calm_hour_costs_no_look_and_the_walk_after_it_is_found() -> None:
    calm = np.repeat(_walk()[:1], 50 * 30, axis=0)
    samples = np.concatenate([calm, _walk()])
    assert len(_times_s(samples, 50.0, BACK)) == COUNT
    assert broken_promises(StepDetector(), samples, 50.0, ACCELERATION, leads=BACK) == []


def test_a_walk_that_nothing_follows_is_told_after_a_while() -> None:
    samples = _walk()[: round((BEGIN_S + COUNT * APART_S) * 50)]
    detector, state = StepDetector(), StepDetector().new()
    for wave in waves(samples, 50.0, ACCELERATION, leads=BACK):
        state, told = detector.step(state, (wave,), wave.end_us, {})
        assert told == []
    assert state.due_us is not None
    early, told = detector.step(state, (), state.due_us - 1, {})
    assert told == []
    late, [sign] = detector.step(early, (), state.due_us, {})
    # The last seconds stay unsaid: what came after them is not known.
    assert COUNT - 5 <= sign.facts["steps"] <= COUNT
    assert detector.step(late, (), state.due_us + 60_000_000, {})[1] == []


def test_a_gap_ends_a_walk_and_what_follows_is_another() -> None:
    whole = list(waves(_walk(), 50.0, ACCELERATION, leads=BACK))
    detector, state = StepDetector(), StepDetector().new()
    told = []
    for wave in [*whole[:12], *whole[14:]]:
        state, now = detector.step(state, (wave,), wave.end_us, {})
        told += now
    assert [sign.facts["steps"] >= 8 for sign in told] == [True]
    assert told[0].at_us < whole[12].started_us
