"""A radar's clouds drawn by rule: a body that comes, stands still, walks, drops."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import numpy as np
import pytest
import yaml

from evaluation.causal import broken_promises, plain
from evaluation.streaming import signs, waves
from songhe.kernel.signals import Sign
from songhe.kernel.signals.radar import ACTIVITIES, CODE, RADAR

RATE_HZ = 20.0
FALLS = {"falls": True, "height_m": 1.0}


def cloud(
    x: np.ndarray, top: np.ndarray, speed: np.ndarray, points: int = 16, seed: int = 5
) -> np.ndarray:
    """Return frames: a body at x metres whose top is that high over the radar, and four walls."""
    draw = np.random.default_rng(seed)
    n = len(x)
    frames = np.full((n, points + 8, 5), np.nan, dtype=np.float32)
    frames[:, :4] = [
        [0.02, 0, 0, 0, 30],
        [2.6, -0.1, 0.4, 0, 30],
        [4.4, 0, 1.2, 0, 29],
        [5, 1, 0, 0, 28],
    ]
    body = frames[:, 4 : 4 + points]
    body[..., 0] = x[:, None] + draw.normal(0, 0.1, (n, points))
    body[..., 1] = draw.normal(0, 0.15, (n, points))
    body[..., 2] = -1 + (top[:, None] + 1) * draw.uniform(0.1, 1, (n, points))
    body[..., 3] = np.where(draw.random((n, points)) < 0.5, speed[:, None], 0)
    body[..., 4] = 25
    frames[np.isnan(x)] = np.where(np.arange(points + 8)[:, None] < 4, frames[np.isnan(x)], np.nan)
    return frames


def seen(frames: np.ndarray, params: dict[str, object] | None = None) -> list[Sign]:
    """Return what the detector says of frames."""
    return signs(RADAR, waves(frames, RATE_HZ, CODE), params)


def walk(seconds: float) -> np.ndarray:
    """Return a walker to and fro."""
    t = np.arange(0, seconds, 1 / RATE_HZ)
    speed = np.where((t // 3).astype(int) % 2 == 0, 0.6, -0.6)
    return cloud(2 + np.cumsum(speed) / RATE_HZ, np.full(len(t), 0.7), speed)


def drop() -> np.ndarray:
    """Return somebody who walks, drops to the floor within a second, and lies for ten."""
    t = np.arange(0, 20, 1 / RATE_HZ)
    speed = np.where(t < 8, 0.4, np.where(t < 9, 1.2, 0.0))
    top = np.interp(t, [0, 8, 9, 20], [0.7, 0.7, -0.7, -0.7])
    return cloud(1.5 + np.minimum(t, 8) * 0.1, top, speed)


def test_walls_alone_are_nobody() -> None:
    assert seen(cloud(np.full(400, np.nan), np.zeros(400), np.zeros(400))) == []


def test_somebody_who_moves_is_there_and_one_who_does_not_any_more_has_gone() -> None:
    gone = cloud(np.full(round(40 * RATE_HZ), np.nan), np.zeros(800), np.zeros(800))
    told = [s for s in seen(np.concatenate([walk(6), gone[:, :24]])) if s.what == "presence"]
    assert [s.phase for s in told] == ["begin", "end"]
    begin, end = told
    assert begin.known_us - begin.at_us <= 1_000_000
    assert end.known_us - end.at_us == pytest.approx(30_000_000, abs=200_000)


def test_what_somebody_does_is_told_with_the_height() -> None:
    told = [s for s in seen(walk(12)) if s.what == "activity"]
    assert told
    assert told[0].facts["activity"] in ACTIVITIES
    assert told[0].certainty >= 0.6
    assert 1.2 < told[0].facts["height_m"] < 1.8


def test_falls_are_off_unless_asked_for() -> None:
    assert not [s for s in seen(drop()) if s.what == "fall"]


def test_a_fast_drop_that_stays_low_is_told_as_unproven_and_a_bow_is_not() -> None:
    told = [s for s in seen(drop(), FALLS) if s.what == "fall"]
    assert [s.phase for s in told] == ["begin"]
    assert told[0].facts["unproven"] is True
    assert told[0].certainty <= 0.3
    assert told[0].known_us - told[0].at_us >= 5_000_000
    t = np.arange(0, 20, 1 / RATE_HZ)
    top = np.interp(t, [0, 8, 9, 11, 12, 20], [0.7, 0.7, -0.7, -0.7, 0.7, 0.7])
    bow = cloud(np.full(len(t), 2.0), top, np.full(len(t), 0.4))
    assert not [s for s in seen(bow, FALLS) if s.what == "fall"]


def test_cuts_and_the_future_change_nothing() -> None:
    frames = np.concatenate([drop(), walk(5), np.full((700, 24, 5), np.nan, np.float32), walk(4)])
    assert broken_promises(RADAR, frames, RATE_HZ, CODE, params=FALLS, cuts=3) == []


def test_a_state_that_was_judged_once_can_be_judged_again() -> None:
    stream = list(waves(drop(), RATE_HZ, CODE))
    state = RADAR.new()
    for wave in stream[:6]:
        state, _ = RADAR.step(state, (wave,), wave.end_us, {})
    first = RADAR.step(state, (stream[6],), stream[6].end_us, {})
    again = RADAR.step(state, (stream[6],), stream[6].end_us, {})
    assert plain(first[1]) == plain(again[1])
    assert first[0].bin_no == again[0].bin_no


def test_the_weights_are_those_of_the_card() -> None:
    folder = files("songhe.kernel") / "data/models"
    card = yaml.safe_load((folder / "radar-activity.yaml").read_text("utf-8"))
    content = (folder / "radar-activity.onnx").read_bytes()
    assert hashlib.sha256(content).hexdigest() == card["sha256"]
