"""Copies of an ECG from other sides: the beats stay where they are, their shape does not."""

from __future__ import annotations

import numpy as np

from training.ecg_leads import moving_axis, other_lead

RATE_HZ = 360.0


def _signal() -> np.ndarray:
    at = np.arange(0, 300, 1 / RATE_HZ)
    return np.exp(-((((at + 0.5) % 1.0 - 0.5) / 0.02) ** 2))


def test_another_lead_has_other_shapes_of_the_same_beats() -> None:
    mv = _signal()
    shapes = [other_lead(mv, np.random.default_rng(seed)) for seed in range(5)]
    beat = round(100 * RATE_HZ)
    near = slice(beat - 36, beat + 36)
    likeness = [np.corrcoef(lead[near], mv[near])[0, 1] for lead in shapes]
    assert min(likeness) < 0.8
    for lead in shapes:
        power = lead**2
        assert power[near].sum() > 10 * power[beat + 100 : beat + 172].sum()


def test_a_moving_axis_comes_back() -> None:
    mv = _signal()
    moved = moving_axis(mv, RATE_HZ, np.random.default_rng(2))
    size = round(RATE_HZ)
    half = size // 2
    beats = [slice(k * size - half, k * size + half) for k in range(1, 299)]
    likeness = np.array([np.corrcoef(moved[beat], mv[beat])[0, 1] for beat in beats])
    usual = likeness > 0.99
    assert 0.1 < usual.mean() < 0.9
    assert (np.diff(usual.astype(int)) > 0).sum() >= 1
    assert (np.diff(usual.astype(int)) < 0).sum() >= 1
