"""The heart's detector on signals made by rule: beats of known kinds at known times."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from evaluation.causal import broken_promises, plain
from evaluation.streaming import START_US, signs, waves
from songhe.kernel.signals import Sign
from songhe.kernel.signals.heart import HeartDetector, families, shapes
from songhe.kernel.signals.heart.rhythm import Spell, held, irregularity

_CODE = 70
# A beat as sums of bells: (middle from R in s, width in s, height in mV); after McSharry 2003.
_SINUS = ((-0.17, 0.025, 0.12), (-0.025, 0.010, -0.1), (0.0, 0.011, 1.1), (0.028, 0.011, -0.2),
          (0.26, 0.055, 0.28))  # fmt: skip
# The same heart with its axis turned: a small complex of two equal halves.
_TURNED = ((-0.17, 0.025, 0.12), (-0.012, 0.011, 0.45), (0.022, 0.013, -0.55), (0.26, 0.055, 0.15))
_VENTRICULAR = ((0.0, 0.035, 1.6), (0.08, 0.04, -0.7), (0.28, 0.07, -0.5))


def _ecg(
    beats: list[tuple[float, str]], length_s: float, rate_hz: float = 250.0, noise_mv: float = 0.01
) -> NDArray[np.float64]:
    """Return mV: N and A beats of one shape (A without P wave), V beats wide and without one."""
    draw = np.random.default_rng(5)
    at = np.arange(round(length_s * rate_hz)) / rate_hz
    found = draw.normal(0, noise_mv, len(at)) + 0.05 * np.sin(2 * np.pi * 0.25 * at)
    for time_s, kind in beats:
        bells = {"N": _SINUS, "A": _SINUS[1:], "V": _VENTRICULAR, "X": _TURNED}[kind]
        near = slice(max(0, int((time_s - 0.5) * rate_hz)), max(0, int((time_s + 0.8) * rate_hz)))
        for middle, width, height in bells:
            found[near] += height * np.exp(-(((at[near] - time_s - middle) / width) ** 2) / 2)
    return found


def _steady(length_s: float, rr_s: float = 0.8, sway: float = 0.02) -> list[tuple[float, str]]:
    times, at = [], 0.6
    while at < length_s - 0.3:
        times.append((at, "N"))
        at += rr_s * (1 + sway * float(np.sin(at * 1.5)))
    return times


def _told(signal: NDArray[np.float64], rate_hz: float = 250.0, **params: object) -> list[Sign]:
    return signs(HeartDetector(), waves(signal, rate_hz, _CODE), params)


def _seconds(sign: Sign) -> float:
    return (sign.at_us - START_US) / 1_000_000


def _what(told: list[Sign]) -> list[tuple[str, str]]:
    return [(sign.what, sign.phase) for sign in told]


def _mixed() -> NDArray[np.float64]:
    """Return a minute with ventricular beats, a pause, a loose lead and noise."""
    beats = [(t, k) for t, k in _steady(60) if not 20 < t < 24.5]
    beats = [(t, "V" if 30 < t < 33 else k) for t, k in beats]
    signal = _ecg(beats, 60)
    signal[40 * 250 : 46 * 250] = 0.3
    return signal


@pytest.mark.parametrize("rate_hz", [125.0, 250.0, 256.4, 360.0, 500.0])
def test_every_beat_is_found_at_any_rate(rate_hz: float) -> None:
    beats = _steady(60)
    told = [s for s in _told(_ecg(beats, 60, rate_hz), rate_hz, beats=True) if s.what == "beat"]
    due = [t for t, _ in beats if t < 45]
    found = np.array([_seconds(sign) for sign in told])
    assert all(np.abs(found - t).min() < 0.03 for t in due)
    assert len(found[found < 45.2]) == len(due)
    assert {sign.facts["class"] for sign in told} == {"N"}


def test_cutting_and_future_change_nothing() -> None:
    promises = broken_promises(
        HeartDetector(), _mixed(), 250.0, _CODE, params={"beats": True}, cuts=3
    )
    assert promises == []


def test_a_step_leaves_the_given_state_as_it_was() -> None:
    detector = HeartDetector()
    state = detector.new()
    stream = list(waves(_mixed(), 250.0, _CODE))
    for wave in stream[:35]:
        state, _ = detector.step(state, (wave,), wave.end_us, {})
    results = []
    for _ in range(2):
        again, told = state, []
        for wave in stream[35:]:
            again, now = detector.step(again, (wave,), wave.end_us, {"beats": True})
            told += now
        results.append(plain(told))
    assert results[0]
    assert results[0] == results[1]


def test_a_quiet_minute_says_nothing() -> None:
    assert _told(_ecg(_steady(120), 120)) == []


def test_a_pause_is_told_while_it_lasts_and_when_it_ends() -> None:
    beats = [(t, k) for t, k in _steady(60) if not 30 < t < 36]
    told = [s for s in _told(_ecg(beats, 60)) if s.what == "heart-pause"]
    assert [s.phase for s in told] == ["begin", "end"]
    last = max(t for t, _ in beats if t < 31)
    after = min(t for t, _ in beats if t > 31)
    assert abs(_seconds(told[0]) - last) < 0.05
    assert told[0].known_us < START_US + 38_500_000
    assert told[1].facts["pause_s"] == pytest.approx(after - last, abs=0.05)
    assert told[1].facts["beats"]
    assert [b for b in told[1].facts["beats"] if b[0] > told[1].at_us + 100_000]


def test_a_shorter_pause_is_told_only_where_a_rule_wants_it() -> None:
    beats = [(t, k) for t, k in _steady(60) if not 30 < t < 31.8]
    signal = _ecg(beats, 60)
    assert _told(signal) == []
    assert ("heart-pause", "end") in _what(_told(signal, pause_s=2.0))


@pytest.mark.parametrize(("rr_s", "what"), [(1.7, "heart-slow"), (0.42, "heart-fast")])
def test_slow_and_fast_are_told_after_holding(rr_s: float, what: str) -> None:
    beats = [b for b in _steady(60) if b[0] < 30]
    at = beats[-1][0]
    while at < 89:
        at += rr_s
        beats.append((at, "N"))
    beats += [(t, k) for t, k in _steady(150) if t > at + 0.7]
    told = [s for s in _told(_ecg(beats, 150)) if s.what.startswith("heart-")]
    assert _what(told) == [(what, "begin"), (what, "end")]
    assert told[0].facts["hr_per_min"] == pytest.approx(60 / rr_s, abs=2)
    assert 30 < _seconds(told[0]) < 45


def test_ventricular_beats_and_runs() -> None:
    beats, at = _steady(90), 0.0
    beats = [(t, k) for t, k in beats if not 50 < t < 54]
    at = max(t for t, _ in beats if t < 51) + 0.45
    run = [(at + 0.42 * i, "V") for i in range(6)]
    single = next((t, k) for t, k in beats if 19.5 < t < 20.4)
    beats = sorted([b for b in beats if b != single] + [(single[0] - 0.3, "V"), *run])
    told = _told(_ecg(beats, 90), beats=True)
    kinds = {round(_seconds(s), 1): s.facts["class"] for s in told if s.what == "beat"}
    for time_s, kind in [*run, (single[0] - 0.3, "V")]:
        near = [found for at_s, found in kinds.items() if abs(at_s - time_s) < 0.12]
        assert near == [kind]
    runs = [s for s in told if s.what == "ventricular-run"]
    assert [s.phase for s in runs] == ["begin", "end"]
    assert abs(_seconds(runs[0]) - run[0][0]) < 0.1
    assert runs[0].facts["hr_per_min"] == pytest.approx(60 / 0.42, abs=5)
    assert sum(kind == "V" for _, kind in runs[0].facts["beats"]) >= 3


def _irregular(begin: float, end: float) -> list[tuple[float, str]]:
    draw = np.random.default_rng(3)
    at, found = begin, []
    while at < end:
        found.append((at, "A"))
        at += float(draw.uniform(0.45, 1.1))
    return found


def test_fibrillation_is_suspected_and_ends() -> None:
    before = [b for b in _steady(60)]
    after = [(t + 180, k) for t, k in _steady(120)]
    beats = before + _irregular(60, 180) + after
    told = [s for s in _told(_ecg(beats, 300)) if s.what == "fibrillation-suspected"]
    assert [s.phase for s in told] == ["begin", "end"]
    assert 55 < _seconds(told[0]) < 90
    assert 165 < _seconds(told[1]) < 200
    assert told[0].facts["irregularity"] > 0.11
    assert told[0].known_us - told[0].at_us >= 30_000_000


def test_atrial_bigeminy_is_not_fibrillation() -> None:
    beats, at = [], 1.0
    while at < 178:
        beats += [(at, "N"), (at + 0.6, "A")]
        at += 0.6 + 1.1
    assert "fibrillation-suspected" not in {s.what for s in _told(_ecg(beats, 180))}


@pytest.mark.parametrize("why", ["flat", "saturated", "noise", "missing"])
def test_what_cannot_be_judged_is_said(why: str) -> None:
    signal = _ecg(_steady(90), 90)
    bad = slice(40 * 250, 60 * 250)
    draw = np.random.default_rng(1)
    if why == "flat":
        signal[bad] = 0.1
    elif why == "saturated":
        signal[bad] = np.clip(signal[bad] * 50, -2.5, 2.5)
        signal[bad][: 10 * 250] = -2.5
        signal[bad] = np.where(np.arange(20 * 250) % 250 < 150, 2.5, signal[bad])
    elif why == "noise":
        signal[bad] += draw.normal(0, 1.5, 20 * 250)
    else:
        signal[bad] = np.nan
    told = _told(signal)
    unreadable = [s for s in told if s.what == "heart-unreadable"]
    assert [s.phase for s in unreadable] == ["begin", "end"]
    assert unreadable[0].facts["why"] == why
    assert 38 <= _seconds(unreadable[0]) <= 43
    assert 58 <= _seconds(unreadable[1]) <= 66
    assert not [s for s in told if s.what in ("heart-pause", "ventricular-run")]


def test_a_gap_between_messages_is_no_pause_and_a_long_one_ends_what_was_open() -> None:
    detector = HeartDetector()
    beats = [(t, k) for t, k in _irregular(1, 118)]
    first = list(waves(_ecg(beats, 120), 250.0, _CODE))
    state, told = detector.new(), []
    for wave in [w for w in first if not START_US + 70e6 < w.started_us < START_US + 76e6]:
        state, now = detector.step(state, (wave,), wave.end_us, {})
        told += now
    assert "heart-pause" not in {s.what for s in told}
    assert ("fibrillation-suspected", "begin") in _what(told)
    later = next(waves(_ecg(_steady(5), 5), 250.0, _CODE, start_us=START_US + 400_000_000))
    state, now = detector.step(state, (later,), later.end_us, {})
    ends = {s.what: s for s in now}
    assert ends["fibrillation-suspected"].phase == "end"
    assert ends["fibrillation-suspected"].facts["lost"]
    assert ends["fibrillation-suspected"].at_us < START_US + 121_000_000


def test_a_rate_that_cannot_be_judged_is_said_and_so_is_its_end() -> None:
    detector, told = HeartDetector(), []
    state = detector.new()
    coarse = list(waves(_ecg(_steady(5), 5, 50.0), 50.0, _CODE))
    fine = list(waves(_ecg(_steady(5), 5), 250.0, _CODE, start_us=START_US + 5_000_000))
    for wave in coarse + fine:
        state, now = detector.step(state, (wave,), wave.end_us, {})
        told += now
    assert _what(told) == [("heart-unreadable", "begin"), ("heart-unreadable", "end")]
    assert told[0].facts["why"] == "rate"
    assert _seconds(told[1]) == 5


def test_lead_two_is_judged_where_it_is_named() -> None:
    two = _ecg(_steady(60), 60)
    both = np.stack((np.zeros(len(two)), two), axis=1)
    stream = waves(both, 250.0, _CODE, leads=("V5", "II"))
    named = signs(HeartDetector(), stream, {"beats": True})
    assert plain(named) == plain(_told(two, beats=True))
    assert len(named) > 40


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40), st.integers(0, 5))
def test_beginnings_and_ends_take_turns(steps: list[tuple[bool, bool]], hold_us: int) -> None:
    spell, told = Spell(), []
    for at, (holds, over) in enumerate(steps, start=1):
        spell, phase, since = held(spell, at, holds=holds, over=over, hold_us=hold_us)
        if phase:
            told.append((phase, since))
            assert at - since >= hold_us
    assert [phase for phase, _ in told] == ["begin", "end"] * (len(told) // 2) + ["begin"] * (
        len(told) % 2
    )
    assert [since for _, since in told] == sorted(since for _, since in told)


def test_irregularity_of_known_rows() -> None:
    draw = np.random.default_rng(2)
    assert not irregularity(0.8 + draw.normal(0, 0.02, 40)).fibrillating
    assert irregularity(draw.uniform(0.45, 1.1, 40)).fibrillating
    assert not irregularity(np.tile([0.6, 1.1], 20) + draw.normal(0, 0.01, 40)).fibrillating


def test_a_spell_begins_and_ends_only_when_it_holds() -> None:
    spell, phases = Spell(), []
    for at, holds in enumerate([0, 1, 0, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0]):
        spell, phase, since = held(spell, at + 1, holds=bool(holds), over=not holds, hold_us=2)
        phases.append((phase, since))
    assert [p for p in phases if p[0]] == [("begin", 4), ("end", 10)]


@pytest.mark.parametrize("name", ["ecg-complex", "ecg-beat"])
def test_weights_are_those_of_their_card(name: str) -> None:
    folder = files("songhe.kernel") / "data/models"
    card = yaml.safe_load((folder / f"{name}.yaml").read_text("utf-8"))
    content = (folder / f"{name}.onnx").read_bytes()
    assert hashlib.sha256(content).hexdigest() == card["sha256"]
    assert len(content) < 1_500_000
    assert len(card["trained_on"]) == 22


def test_an_axis_that_moves_makes_no_ventricular_beats() -> None:
    """Every complex changes its shape for half a minute, on time and behind its P wave."""
    beats = _steady(150)
    turned = [(t, "X" if 60 < t < 90 else k) for t, k in beats]
    told = [s for s in _told(_ecg(turned, 150), beats=True) if s.what == "beat"]
    assert {s.facts["class"] for s in told} == {"N"}
    assert len(told) == len([t for t, _ in beats if t < _seconds(told[-1]) + 0.2])


def test_a_family_shows_what_noise_hides_in_its_members() -> None:
    """Two shapes at once; the second comes early, and the mean of each is nearly free of noise."""
    draw = np.random.default_rng(4)
    at = np.arange(-shapes.BEFORE, shapes.AFTER + 1) / 180
    narrow = np.exp(-((at / 0.012) ** 2)) + 0.1 * np.exp(-(((at + 0.17) / 0.03) ** 2))
    wide = -1.5 * np.exp(-((at / 0.045) ** 2)) + 0.5 * np.exp(-(((at - 0.1) / 0.04) ** 2))
    second = np.arange(120) % 4 == 3
    windows = np.where(second[:, None], wide, narrow) + draw.normal(0, 0.05, (120, len(at)))
    rr_s = np.where(second, 0.5, np.where(np.roll(second, 1), 1.1, 0.8))
    complexes = shapes.unit(windows[:, shapes.QRS])
    own = shapes.own_shape(rr_s, windows, complexes)
    assert np.abs(own - narrow).max() < 0.05
    rows = np.array([100, 103])
    found = families.features(rr_s, windows, rows, complexes[rows] @ complexes.T, own)
    many, share, after, premature = np.array(found[:4])
    assert np.exp(many).round().tolist() == [90, 30]
    assert share.tolist() == [0.75, 0.25]
    assert premature == pytest.approx([0, 1])
    assert after[1] > 0.25 > after[0]
    spread = np.array(found[11])
    assert spread[1] > 1.5 * spread[0]
