"""A timed up and go from a skeleton that is drawn by rule: every second is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songhe.kernel.signals.skeleton import PHASES, timed_up_and_go

RATE_HZ = 15.0


def trial(wait_s: float = 1.0, walk_s: float = 3.0, after_s: float = 1.0) -> np.ndarray:
    """Return a trial: wait, rise 1 s, walk 3 m, turn 1 s, walk back, sit 1 s, wait."""
    keys = np.cumsum([0, wait_s, 1, walk_s, 1, walk_s, 1, after_s])
    t = np.arange(0, keys[-1], 1 / RATE_HZ)
    up = np.interp(t, keys, [0, 0, 1, 1, 1, 1, 0, 0])
    away = np.interp(t, keys, [0, 0, 0.2, 3.0, 3.0, 0.2, 0, 0])
    joints = np.zeros((len(t), 32, 3))
    hip_y = -(0.45 + 0.45 * up)
    joints[:, :, 2] = (4 - away)[:, None]
    joints[:, 0, 1], joints[:, 2, 1], joints[:, 3, 1] = hip_y, hip_y - 0.3, hip_y - 0.5
    for hip, knee, side in ((18, 19, -0.1), (22, 23, 0.1)):
        joints[:, [hip, knee], 0] = side
        joints[:, hip, 1] = hip_y
        angle = (1 - up) * np.pi / 2
        joints[:, knee, 1] = hip_y + 0.42 * np.cos(angle)
        joints[:, knee, 2] -= 0.42 * np.sin(angle)
    return joints


def test_every_phase_is_found_and_the_time_is_that_of_the_test() -> None:
    found = timed_up_and_go(trial(), RATE_HZ)
    assert found.missing == ()
    assert set(found.phases) == set(PHASES)
    assert found.certainty == 1.0
    assert found.time_s == pytest.approx(9.0, abs=0.7)
    assert found.walked_m == pytest.approx(3.0, abs=0.2)


def test_waiting_on_the_chair_is_not_counted() -> None:
    short, long = (timed_up_and_go(trial(wait_s=w), RATE_HZ).time_s for w in (1.0, 6.0))
    assert long == pytest.approx(short, abs=0.2)


def test_a_slower_walk_takes_longer() -> None:
    times = [timed_up_and_go(trial(walk_s=w), RATE_HZ).time_s for w in (2.0, 4.0, 8.0)]
    assert times == sorted(times)
    assert times[2] - times[1] == pytest.approx(8.0, abs=0.3)


def test_a_crop_without_the_rise_has_a_time_and_says_what_is_missing() -> None:
    whole = trial()
    found = timed_up_and_go(whole[round(2.5 * RATE_HZ) :], RATE_HZ)
    assert "rise" in found.missing
    assert found.certainty < 1
    assert 0 < found.time_s < timed_up_and_go(whole, RATE_HZ).time_s


def test_a_crop_without_the_way_back_says_so() -> None:
    found = timed_up_and_go(trial()[: round(4.5 * RATE_HZ)], RATE_HZ)
    assert {"walk_back", "turn_to_sit", "sit"} <= set(found.missing)
    assert "rise" in found.phases
    assert found.time_s > 0


@settings(max_examples=40, deadline=None)
@given(
    begin=st.floats(0, 0.8),
    length=st.floats(0.05, 1),
    lost=st.integers(0, 31),
    seed=st.integers(0, 9),
)
def test_any_crop_with_lost_joints_has_a_time(
    begin: float, length: float, lost: int, seed: int
) -> None:
    joints = trial()
    first = int(begin * len(joints))
    part = joints[first : first + max(1, int(length * len(joints)))].copy()
    part[:, lost] = np.nan
    part[np.random.default_rng(seed).random(len(part)) < 0.2] = np.nan
    found = timed_up_and_go(part, RATE_HZ)
    assert 0 < found.time_s <= len(part) / RATE_HZ
    assert 0 <= found.certainty <= 1
    assert set(found.missing) | set(found.phases) == set(PHASES)


def test_a_leap_of_the_track_lowers_the_certainty() -> None:
    joints = trial()
    joints[:15, :, 0] += 3.0
    assert timed_up_and_go(joints, RATE_HZ).certainty < timed_up_and_go(trial(), RATE_HZ).certainty
