"""A worn sensor that falls silent after a blow: judged by what there is, until it comes back."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from evaluation.causal import plain
from evaluation.streaming import START_US, signs, waves
from songhe.kernel.signals import Sign
from songhe.kernel.signals.models import model
from songhe.kernel.signals.tests.made import WAIST, WRIST, fall, sit
from songhe.kernel.signals.worn import ACCELERATION, FALL, FallDetector, WornState, card
from songhe.kernel.signals.worn_features import (
    AFTER,
    CUT_NAMES,
    LATE,
    NAMES,
    cells,
    cut_features,
    features,
    known_cells,
)
from songhe.kernel.wire import Wave

RATE_HZ = 50.0
# The sample of the blow in a made fall.
BLOW = 282
BOTH = (*WAIST, *WRIST)


def _stream(samples: NDArray[np.float32], leads: tuple[str, ...] = WAIST) -> list[Wave]:
    return list(waves(samples, RATE_HZ, ACCELERATION, leads=leads))


def _silenced(
    samples: NDArray[np.float32],
    leads: tuple[str, ...] = WAIST,
    detector: FallDetector | None = None,
    params: dict[str, float] | None = None,
) -> list[Sign]:
    stream = iter(_stream(samples, leads))
    return signs(detector or FallDetector(), stream, params, then_silent=True)


def _says(score: float):
    return lambda rows: np.full((len(rows), 1), score, np.float32)


def _heard(detector: FallDetector, given: list[Wave], state: WornState | None = None):
    """Judge waves, each when it is complete; return the state and what was said."""
    state, told = state or detector.new(), []
    for wave in given:
        state, now = detector.step(state, (wave,), wave.end_us, {})
        told += now
    return state, told


@pytest.mark.parametrize("after_s", [0.3, 0.5, 1.0, 1.9])
@pytest.mark.parametrize("leads", [WAIST, WRIST, BOTH])
def test_a_fall_after_which_the_device_falls_silent_is_told_when_it_stays_so(
    leads: tuple[str, ...], after_s: float
) -> None:
    samples = fall()[: BLOW + round(after_s * RATE_HZ) + 1]
    if len(leads) > 3:
        samples = np.concatenate([samples, samples], axis=1)
    (told,) = _silenced(samples, leads)
    assert (told.what, told.phase) == (FALL, "begin")
    assert abs(told.at_us - START_US - 5_650_000) < 50_000
    assert told.facts["silent_after_s"] == pytest.approx(after_s, abs=0.05)
    assert told.facts["still_s"] <= after_s
    end_us = _stream(samples, leads)[-1].end_us
    assert told.known_us == end_us + 4_000_000
    # Without time passing nothing is said: an end of the signal is no evidence.
    assert signs(FallDetector(), iter(_stream(samples, leads))) == []


def test_no_impact_and_sitting_down_are_no_falls_however_the_signal_ends() -> None:
    assert _silenced(fall()[: BLOW - 30]) == []
    for end in range(270, 420, 15):
        assert _silenced(sit()[:end]) == []
        assert _silenced(sit()[:end], WRIST) == []


def test_what_was_judged_whole_is_not_judged_again_in_silence() -> None:
    never = FallDetector(None, _says(2.0))
    assert len(_silenced(fall(), detector=never)) == 1
    state, _ = _heard(never, _stream(fall()))
    assert state.due_us is None
    assert _silenced(sit(), detector=never) == []


def test_between_the_looks_of_a_wrist_the_model_of_silence_judges() -> None:
    samples = fall()[: BLOW + round(2.6 * RATE_HZ)]
    asked: list[NDArray[np.float32]] = []

    def silent(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        asked.append(rows)
        return _says(0.9)(rows)

    (told,) = _silenced(samples, WRIST, FallDetector(_says(0.6), silent), {"sure_score_wrist": 0.7})
    assert told.facts["silent_after_s"] == 2.6
    assert asked[0].shape == (1, len(CUT_NAMES))
    assert asked[0][0, CUT_NAMES.index("felt_after_s")] == pytest.approx(2.55)
    assert asked[0][0, CUT_NAMES.index("activity_late_g")] >= 0
    # What the first look was sure of is told already.
    (sure,) = _silenced(samples, WRIST, FallDetector(_says(0.9), _says(0.0)))
    assert "silent_after_s" not in sure.facts


def test_jitter_and_a_backlog_are_no_silence() -> None:
    detector, stream = FallDetector(), _stream(fall())
    state, _ = _heard(detector, stream[:6])
    # The next second comes 2.9 s late; the clock ticks meanwhile.
    for late_us in range(0, 3_900_000, 100_000):
        state, told = detector.step(state, (), stream[5].end_us + late_us, {})
        assert told == []
    # What is uploaded an hour later counts from then.
    hour_us = stream[5].end_us + 3_600_000_000
    state, _ = _heard(detector, stream[:5])
    state, told = detector.step(state, (stream[5],), hour_us, {})
    assert told == []
    assert state.due_us is not None
    assert hour_us + 4_000_000 <= state.due_us <= hour_us + 60_000_000
    assert detector.step(state, (), hour_us + 3_900_000, {})[1] == []


def test_a_device_that_sends_every_ten_seconds_is_not_silent_in_between() -> None:
    detector, stream = FallDetector(), _stream(np.concatenate([sit(), fall()[:300], fall()]))
    state = detector.new()
    for first in range(0, 20, 10):
        for wave in stream[first : first + 10]:
            state, _ = detector.step(state, (wave,), stream[first + 9].end_us, {})
    # The blow was in the last second of this message; the next one is due in ten.
    assert state.due_us is not None
    assert state.due_us > stream[19].end_us + 10_000_000


def _came_back(whole: float, leads: tuple[str, ...], samples: NDArray[np.float32]) -> list[Sign]:
    """Let a device fall silent after the blow and come back with what it has felt meanwhile."""
    detector, stream = FallDetector(_says(whole), _says(0.8)), _stream(samples, leads)
    state, _ = _heard(detector, stream[:6])
    state, told = detector.step(state, (), stream[5].end_us + 4_000_000, {})
    assert [sign.facts.get("silent_after_s") for sign in told] == [0.3]
    assert state.due_us is None
    for wave in stream[6:]:
        state, now = detector.step(state, (wave,), wave.end_us + 5_000_000, {})
        told += now
    return told


@pytest.mark.parametrize("leads", [WAIST, WRIST])
def test_who_comes_back_is_judged_whole_and_taken_back_if_it_was_none(leads) -> None:
    begin, end = _came_back(0.1, leads, fall())
    assert (begin.phase, end.phase) == ("begin", "end")
    assert end.facts["how"] == "not-a-fall"
    assert 3_000_000 < end.known_us - begin.at_us < 4_300_000


@pytest.mark.parametrize("leads", [WAIST, WRIST])
def test_who_comes_back_and_has_fallen_is_told_anew_and_watched(leads) -> None:
    first, again, end = _came_back(0.95, leads, fall(up=True))
    assert first.at_us == again.at_us
    assert again.certainty == 0.95
    assert "silent_after_s" not in again.facts
    assert end.facts["how"] in ("walking", "upright")


def test_a_harder_impact_right_after_begins_anew_instead_of_taking_back() -> None:
    samples = fall()
    samples[BLOW + 30] *= 6
    told = _came_back(0.95, WAIST, samples)
    assert [sign.phase for sign in told] == ["begin", "begin"]
    assert told[1].at_us - told[0].at_us == 600_000


def test_a_doubtful_fall_of_the_trunk_is_not_awaited_in_silence() -> None:
    params = {"sure_score_trunk": 1.1}
    (told,) = _silenced(fall()[: 50 * 10], params=params)
    assert told.facts["silent_after_s"] == pytest.approx(10 - 5.66, abs=0.1)
    # Who stands upright as before is told no more than if the signal had gone on.
    up = fall(up=True, then_s=-1.4)
    assert _silenced(up[: 50 * 10], params=params) == []


def test_the_given_state_stays_as_it_was() -> None:
    detector = FallDetector()
    state, _ = _heard(detector, _stream(fall())[:6])
    was = msgspec.structs.asdict(state)
    first = detector.step(state, (), state.due_us, {})[1]
    assert first
    assert plain(detector.step(state, (), state.due_us, {})[1]) == plain(first)
    assert msgspec.structs.asdict(state) == was


@settings(max_examples=12, deadline=None)
@given(st.integers(BLOW - 20, BLOW + 170), st.integers(0, 1000), st.sampled_from([WAIST, WRIST]))
def test_how_waves_were_cut_changes_nothing_in_silence(end: int, seed: int, leads) -> None:
    sizes = [int(n) for n in np.random.default_rng(seed).integers(1, 51, 64)]
    params = {"silent_score_trunk": 0.1, "silent_score_wrist": 0.1}
    cut = waves(fall()[:end], RATE_HZ, ACCELERATION, leads=leads, sizes=sizes)
    other = signs(FallDetector(), cut, params, then_silent=True)
    assert plain(other) == plain(_silenced(fall()[:end], leads, params=params))


def test_cells_that_were_not_felt_hold_nothing_of_the_future() -> None:
    felt = fall().astype(np.float64) / 9.8
    for after in (4, 20, 60, 104, 130):
        known = known_cells(after, RATE_HZ)
        part, whole = felt[: BLOW + after + 1], felt.copy()
        whole[BLOW + after + 1 :] = 7.0
        rows = [
            cut_features(cells(some, RATE_HZ, BLOW, late=True), known) for some in (part, whole)
        ]
        assert rows[0] == pytest.approx(rows[1])
        assert len(rows[0]) == len(CUT_NAMES) - 2
        assert np.isfinite(rows[0]).all()
    # Known whole, they say what they always say.
    moment = cells(felt, RATE_HZ, BLOW, late=True)
    assert cut_features(moment, AFTER + LATE)[:-1] == features(moment)
    assert CUT_NAMES.index("felt_after_s") == len(NAMES) - 2


def test_the_weights_are_those_of_the_card() -> None:
    content = (files("songhe.kernel") / "data/models/fall-silence.onnx").read_bytes()
    assert hashlib.sha256(content).hexdigest() == card("fall-silence")["sha256"]
    assert len(content) < 1_000_000
    rows = np.zeros((3, len(CUT_NAMES)), dtype=np.float32)
    assert model("fall-silence")(rows).shape == (3, 1)
