"""Warm patches drawn by rule under an array: their shape, the background, falls, cuts."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import numpy as np
import pytest
import yaml

from evaluation.causal import broken_promises
from evaluation.streaming import signs, waves
from songhe.kernel.signals import Sign, array_view
from songhe.kernel.signals.array import ARRAY, CODE, PARAMS

RATE_HZ = 10.0
SIDE = 16


def patch(row: float, column: float, long: float, wide: float, angle: float = 0.0) -> np.ndarray:
    """Return a warm ellipse, one degree in its middle; lengths in pixels, deviations."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    dy, dx = y - row, x - column
    along = dx * np.cos(angle) + dy * np.sin(angle)
    across = dy * np.cos(angle) - dx * np.sin(angle)
    return np.exp(-0.5 * ((along / long) ** 2 + (across / wide) ** 2))


def room(parts: list[np.ndarray], seed: int = 3) -> np.ndarray:
    """Return frames of 23 °C with a body two degrees warmer, and noise."""
    body = np.concatenate(parts)
    draw = np.random.default_rng(seed)
    floor = 23 + draw.normal(0, 0.2, (SIDE, SIDE))
    return (floor + 2 * body + draw.normal(0, 0.03, body.shape)).astype(np.float32)


def empty(seconds: float) -> np.ndarray:
    """Return nobody."""
    return np.zeros((round(seconds * RATE_HZ), SIDE, SIDE))


def walking(seconds: float, start: float = 0.0, end: float = 8.0) -> np.ndarray:
    """Return an upright body that crosses from the edge."""
    places = np.linspace(start, end, round(seconds * RATE_HZ))
    return np.array([patch(7, place, 1.9, 1.6) for place in places])


def fallen(seconds: float, long: float = 2.8, wide: float = 0.9) -> np.ndarray:
    """Return a body that turns from compact to long within six tenths of a second, and lies."""
    n = round(seconds * RATE_HZ)
    share = np.clip(np.arange(n) / (0.6 * RATE_HZ), 0, 1)
    return np.array(
        [patch(7, 8, 1.9 + (long - 1.9) * s, 1.6 + (wide - 1.6) * s, 0.6 * s) for s in share]
    )


def seen(frames: np.ndarray, what: str = "fall") -> list[Sign]:
    """Return the signs of one name."""
    told = signs(ARRAY, waves(frames, RATE_HZ, CODE), {"height_m": 2.4})
    return [s for s in told if s.what == what]


def test_an_empty_room_that_grows_warmer_is_nobody() -> None:
    frames = room([empty(60)]) + np.linspace(0, 1.5, 600, dtype=np.float32)[:, None, None]
    assert signs(ARRAY, waves(frames, RATE_HZ, CODE)) == []


def test_the_shape_of_a_warm_patch_is_measured() -> None:
    frames = room([empty(6), np.repeat(patch(7.5, 7.5, 3, 1, 0.5)[None], 10, 0)])
    view = array_view.first(frames[0])
    for frame in frames[1:]:
        view = array_view.looked(view, frame, 0.2)
    shape = dict(zip(array_view.SHAPE, view.glances[-1].shape, strict=True))
    assert shape["present"] == 1.0
    assert shape["slender"] > 1.8
    assert view.glances[-1].row == pytest.approx(0.5, abs=0.02)
    assert view.glances[-1].column == pytest.approx(0.5, abs=0.02)
    assert shape["moved"] < 0.1


def test_somebody_comes_and_goes() -> None:
    frames = room([empty(6), walking(3), walking(3, 8, 17), empty(10)])
    told = seen(frames, "presence")
    assert [s.phase for s in told] == ["begin", "end"]
    assert told[1].known_us - told[1].at_us == pytest.approx(5_000_000, abs=300_000)
    assert seen(frames) == []


def test_compact_to_long_and_then_still_is_a_fall_and_getting_up_ends_it() -> None:
    frames = room([empty(6), walking(3), fallen(5), walking(4, 8, 17), empty(3)])
    told = seen(frames)
    assert [s.phase for s in told] == ["begin", "end"]
    begin, end = told
    at_s = (begin.at_us - 1_767_225_600_000_000) / 1e6
    assert 8.0 < at_s < 11.0
    assert begin.known_us - begin.at_us < 4_000_000
    assert begin.facts["length_m"] > 0.8
    assert end.facts["lay_s"] > 1
    assert begin.evidence_us


def test_walking_and_standing_is_no_fall() -> None:
    standing = np.repeat(patch(7, 8, 1.9, 1.6)[None], 60, 0)
    assert seen(room([empty(6), walking(3), standing, walking(3, 8, 17), empty(3)])) == []


def test_who_lies_for_long_is_not_forgotten() -> None:
    frames = room([empty(6), walking(3), fallen(5)])
    long = np.concatenate([frames, np.repeat(frames[-20:], 60, 0)])
    assert [s.phase for s in seen(long)] == ["begin"]


def test_cuts_and_the_future_change_nothing() -> None:
    frames = room([empty(6), walking(3), fallen(4), walking(3, 8, 17), empty(8)])
    assert broken_promises(ARRAY, frames, 9.05, CODE, cuts=4) == []


def test_frames_without_values_and_other_shapes_are_borne() -> None:
    frames = room([empty(4), walking(3), fallen(4)])
    frames[10:14] = np.nan
    assert [s.phase for s in seen(frames)] == ["begin"]
    stream = [*waves(frames, RATE_HZ, CODE)]
    other = [*waves(frames[:, :2, :2], RATE_HZ, CODE, start_us=stream[-1].end_us)]
    assert len(signs(ARRAY, iter(stream + other), {"height_m": 2.4})) >= 1


def test_nothing_but_the_new_state_changes() -> None:
    stream = list(waves(room([empty(6), walking(3), fallen(4)]), RATE_HZ, CODE))
    state = ARRAY.new()
    for wave in stream[:9]:
        state, _ = ARRAY.step(state, (wave,), wave.end_us, {})
    assert state.view is not None
    kept = state.view.background.copy()
    first = ARRAY.step(state, stream[9:], stream[-1].end_us, {})
    again = ARRAY.step(state, stream[9:], stream[-1].end_us, {})
    assert first[1] == again[1]
    assert np.array_equal(state.view.background, kept)


def wall(middle: np.ndarray) -> np.ndarray:
    """Return 4×4 frames of a body whose middle is so far down, in shares of the view."""
    rows = (np.arange(4) + 0.5) / 4
    body = np.exp(-0.5 * ((rows[None, :] - middle[:, None]) / 0.16) ** 2)
    frames = np.full((len(middle), 4, 4), 23.0)
    frames[:, :, 1:3] += 2 * np.where(np.isnan(middle)[:, None], 0, body)[:, :, None]
    return (frames + np.random.default_rng(4).normal(0, 0.03, frames.shape)).astype(np.float32)


def across(seconds: list[float], middles: list[float]) -> list[Sign]:
    """Return the falls told by an array on a wall of a body that moves between these middles."""
    t = np.arange(0, seconds[-1], 1 / RATE_HZ)
    middle = np.where(t < seconds[0], np.nan, np.interp(t, seconds, middles))
    told = signs(ARRAY, waves(wall(middle), RATE_HZ, CODE), {"mount": "wall"})
    return [s for s in told if s.what == "fall"]


def test_on_a_wall_a_fast_drop_that_stays_low_is_a_fall() -> None:
    told = across([4, 8, 9, 14, 15, 20], [0.5, 0.5, 0.85, 0.85, 0.5, 0.5])
    assert [s.phase for s in told] == ["begin", "end"]
    assert 0.8 < told[0].facts["still_s"] < 3


def test_on_a_wall_bowing_and_slow_lying_down_are_none() -> None:
    assert across([4, 8, 8.3, 8.6, 8.9, 20], [0.5, 0.5, 0.85, 0.85, 0.5, 0.5]) == []
    assert across([4, 8, 20, 30], [0.5, 0.5, 0.85, 0.85]) == []


def test_few_pixels_on_a_ceiling_tell_presence_alone() -> None:
    middle = np.r_[np.full(50, np.nan), np.full(50, 0.5), np.full(50, 0.85)]
    told = signs(ARRAY, waves(wall(middle), RATE_HZ, CODE))
    assert {s.what for s in told} == {"presence"}


def test_the_weights_are_those_of_the_card_and_learned_from_nobody() -> None:
    folder = files("songhe.kernel") / "data/models"
    card = yaml.safe_load((folder / "fall-array.yaml").read_text("utf-8"))
    content = (folder / "fall-array.onnx").read_bytes()
    assert hashlib.sha256(content).hexdigest() == card["sha256"]
    assert card["trained_on"] == []
    assert PARAMS["sure"] == pytest.approx(card["threshold"])
    assert len(content) < 1_000_000
