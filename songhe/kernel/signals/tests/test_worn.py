"""Falls of a worn sensor: what is one, what is none, and that no cut changes it."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from evaluation.causal import broken_promises, plain
from evaluation.streaming import START_US, signs, waves
from songhe.kernel.signals.models import model
from songhe.kernel.signals.tests.made import WAIST, WRIST, fall, sit
from songhe.kernel.signals.worn import (
    ACCELERATION,
    FALL,
    LIES_STILL,
    FallDetector,
    card,
)
from songhe.kernel.signals.worn_features import NAMES, cells, features
from songhe.kernel.signals.worn_impacts import positions, worn_at


def _turned(samples: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return samples @ rotation


def _told(samples: NDArray[np.float32], rate_hz: float = 50.0, leads: tuple[str, ...] = WAIST):
    return signs(FallDetector(), waves(samples, rate_hz, ACCELERATION, leads=leads))


@pytest.mark.parametrize("rate_hz", [20.0, 32.0, 50.0, 100.0, 200.0])
def test_a_fall_is_found_at_any_rate(rate_hz: float) -> None:
    begun = [sign for sign in _told(fall(rate_hz), rate_hz) if sign.phase == "begin"]
    assert [sign.what for sign in begun] == [FALL]
    (begin,) = begun
    assert abs(begin.at_us - START_US - 5_650_000) < 150_000
    assert 2_000_000 < begin.known_us - begin.at_us < 2_250_000
    assert begin.facts["position"] == "waist"
    assert 3 < begin.facts["impact_g"] < 5
    assert 75 < begin.facts["tilt_deg"] < 100
    assert 0 < begin.facts["freefall_s"] < 0.6
    assert begin.evidence_us


@pytest.mark.parametrize("samples", [sit(), fall()[:230], np.zeros((500, 3), np.float32)])
def test_sitting_down_standing_and_a_dead_sensor_are_no_falls(samples) -> None:
    assert _told(samples) == []


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000))
def test_how_the_sensor_is_turned_changes_nothing(seed: int) -> None:
    samples = fall().astype(np.float64)
    straight, turned = _told(samples), _told(_turned(samples, seed))
    assert [sign.at_us for sign in turned] == [sign.at_us for sign in straight]
    assert turned[0].certainty == pytest.approx(straight[0].certainty, abs=0.03)


def test_getting_up_ends_it() -> None:
    begin, end = _told(fall(up=True))
    assert (begin.phase, end.phase) == ("begin", "end")
    assert end.facts["how"] in ("walking", "upright")
    assert end.known_us > begin.known_us


def test_lying_still_makes_it_surer_once() -> None:
    begin, still = _told(fall(then_s=40.0))
    assert (still.what, still.phase) == (LIES_STILL, "note")
    assert still.certainty > begin.certainty
    assert still.facts["still_s"] == 15


@pytest.mark.parametrize("leads", [WAIST, (*WAIST, "wrist x", "wrist y", "wrist z")])
@pytest.mark.parametrize("up", [False, True])
def test_cuts_and_the_future_change_nothing(up: bool, leads: tuple[str, ...]) -> None:
    samples = fall(up=up, then_s=18.0 if not up else 4.0)
    if len(leads) > 3:
        samples = np.concatenate([samples, np.roll(samples, 10, axis=0)], axis=1)
    samples = samples.astype(np.float32)
    assert broken_promises(FallDetector(), samples, 50.0, ACCELERATION, leads=leads) == []


def test_the_given_state_stays_as_it_was() -> None:
    detector, state, before = FallDetector(), FallDetector().new(), []
    for wave in waves(fall(), 50.0, ACCELERATION, leads=WAIST):
        was = msgspec.structs.asdict(state)
        after, first = detector.step(state, (wave,), wave.end_us, {})
        again, second = detector.step(state, (wave,), wave.end_us, {})
        assert plain(first) == plain(second)
        assert all(msgspec.structs.asdict(state)[name] is was[name] for name in ("kept", "after"))
        assert state.count == was["count"]
        assert again.count == after.count
        before, state = before + first, after
    assert len(before) == 1


def test_a_wave_that_comes_again_is_not_heard_twice() -> None:
    stream = [w for w in waves(fall(), 50.0, ACCELERATION, leads=WAIST) for _ in range(2)]
    assert len(signs(FallDetector(), iter(stream))) == 1


def test_a_gap_begins_anew() -> None:
    stream = list(waves(fall(), 50.0, ACCELERATION, leads=WAIST))
    state = FallDetector().new()
    for wave in (*stream[:3], *stream[5:7]):
        state, _ = FallDetector().step(state, (wave,), wave.end_us, {})
    assert state.count == 100
    assert state.origin_us == stream[5].started_us


def test_values_that_are_missing_are_no_falls_and_no_errors() -> None:
    samples = fall()
    samples[270:300] = np.nan
    assert _told(samples) == []


def test_thresholds_are_parameters() -> None:
    stream = waves(fall(), 50.0, ACCELERATION, leads=WAIST)
    assert signs(FallDetector(), stream, {"least_score_trunk": 1.01}) == []


def test_positions_by_their_leads() -> None:
    assert positions(WAIST) == ("waist",)
    assert positions(("x", "y", "z")) == ("",)
    assert positions((*WAIST, "wrist x", "wrist y", "wrist z")) == ("waist", "wrist")
    assert worn_at("waist") == (0.0, 1.0)
    assert worn_at("") == worn_at("wrist") == (1.0, 0.0)


@given(st.floats(20, 200), st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_figures_are_finite_whatever_is_felt(rate_hz: float, seed: int) -> None:
    felt = np.random.default_rng(seed).normal(0, 3, (round(5 * rate_hz), 3))
    for at, late in ((0, False), (len(felt) // 2, True), (len(felt) - 1, True)):
        found = features(cells(felt, rate_hz, at, late=late))
        assert len(found) == len(NAMES) - 2
        assert np.isfinite(found).all()


def test_the_weights_are_those_of_the_card() -> None:
    content = (files("songhe.kernel") / "data/models/fall-worn.onnx").read_bytes()
    assert hashlib.sha256(content).hexdigest() == card()["sha256"]
    assert len(content) < 1_000_000
    rows = np.zeros((3, len(NAMES)), dtype=np.float32)
    assert model("fall-worn")(rows).shape == (3, 1)


def _doubted(samples: NDArray[np.float32], leads: tuple[str, ...] = WAIST):
    stream = waves(samples, 50.0, ACCELERATION, leads=leads)
    return signs(FallDetector(), stream, {"sure_score_trunk": 1.1})


def test_a_doubtful_fall_of_the_trunk_is_told_when_nobody_stands_after_five_seconds() -> None:
    (sure,), (doubtful,) = _told(fall()), _doubted(fall())
    assert doubtful.at_us == sure.at_us
    assert doubtful.known_us - sure.known_us == 3_000_000
    assert doubtful.certainty == sure.certainty
    assert len(_doubted(fall()[: 50 * 10])) == 0


def test_a_doubtful_fall_after_which_the_person_stands_is_never_told() -> None:
    up = fall(up=True, then_s=-1.4)
    assert [sign.phase for sign in _told(up)] == ["begin", "end"]
    assert _doubted(up) == []
    assert not broken_promises(
        FallDetector(), up, 50.0, ACCELERATION, leads=WAIST, params={"sure_score_trunk": 1.1}
    )


def _worn_twice(samples: NDArray[np.float32], first: float, second: float):
    """Judge a wrist with one score at its first look and another at its second."""
    late = NAMES.index("activity_late_g")

    def scorer(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.where(rows[:, [late]] < 0, np.float32(first), np.float32(second))

    stream = waves(samples, 50.0, ACCELERATION, leads=WRIST)
    params = {"sure_score_wrist": 0.8, "least_score_wrist": 0.5}
    return [s for s in signs(FallDetector(scorer), stream, params) if s.what == FALL]


def test_a_wrist_is_judged_once_more_a_second_later_unless_it_was_sure() -> None:
    (sure,), (later,) = _worn_twice(fall(), 0.9, 0.9), _worn_twice(fall(), 0.7, 0.6)
    assert later.at_us == sure.at_us
    assert later.known_us - sure.known_us == 1_000_000
    assert (sure.certainty, later.certainty) == (0.9, 0.6)
    # What the first look was sure of, the second does not take back; nor is it told twice.
    assert len(_worn_twice(fall(), 0.9, 0.1)) == 1
    assert _worn_twice(fall(), 0.7, 0.4) == []
    # A recording that ends between the looks leaves it unsaid.
    assert _worn_twice(fall()[: 50 * 8], 0.7, 0.6) == []


@pytest.mark.parametrize("sure", [0.3, 1.1])
def test_cuts_change_nothing_at_a_wrist(sure: float) -> None:
    params = {"sure_score_wrist": sure, "least_score_wrist": 0.1}
    for up in (False, True):
        samples = fall(up=up, then_s=4.0)
        told = signs(FallDetector(), waves(samples, 50.0, ACCELERATION, leads=WRIST), params)
        assert told
        assert not broken_promises(
            FallDetector(), samples, 50.0, ACCELERATION, leads=WRIST, params=params
        )


def test_a_harder_impact_counts_while_a_fall_is_open() -> None:
    soft, hard = fall(then_s=1.0), fall(then_s=6.0)
    hard[round(5.5 * 50) : round(5.8 * 50)] *= 1.5
    told = _told(np.concatenate([soft, hard]))
    begun = [sign for sign in told if sign.phase == "begin"]
    assert len(begun) == 2
    assert begun[1].facts["impact_g"] > begun[0].facts["impact_g"]
