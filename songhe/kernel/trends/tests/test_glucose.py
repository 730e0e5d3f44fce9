"""Glucose metrics by hand and by property."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhe.kernel.trends.glucose import MG_DL_PER_MMOL_L, mage, metrics, on_grid

DAY = 86_400.0
START = 1_767_225_600.0


def wave(
    days: float, low: float, high: float, every_s: float = 300.0
) -> tuple[np.ndarray, np.ndarray]:
    """Eight swings a day between two values, from 00:05 on."""
    times = START + every_s + np.arange(0, days * DAY, every_s)
    middle, half = (low + high) / 2, (high - low) / 2
    return times, middle + half * np.sin(2 * np.pi * 8 * (times - START) / DAY)


def test_shares_gmi_and_cv_by_hand() -> None:
    found = metrics([START + 300 * i for i in range(5)], [50, 65, 100, 200, 300])
    assert found is not None
    assert found.mean == 143
    assert found.mean_mmol_l == pytest.approx(143 / MG_DL_PER_MMOL_L)
    assert (found.very_low_pct, found.low_pct) == (20, 40)
    assert (found.high_pct, found.very_high_pct) == (40, 20)
    assert found.in_range_pct == 20
    assert found.gmi_pct == pytest.approx(3.31 + 0.02392 * 143)
    assert found.cv_pct == pytest.approx(100 * math.sqrt(44_480 / 4) / 143)
    assert found.mage is None
    assert not found.enough


def test_the_edges_of_the_range_are_in_it() -> None:
    found = metrics([START, START + 300], [70, 180])
    assert found is not None
    assert found.in_range_pct == 100


def test_mage_of_even_swings_is_their_height() -> None:
    times, values = wave(3, 90, 210)
    assert mage(times, values) == pytest.approx(120, rel=0.02)


def test_small_swings_are_no_excursions() -> None:
    times, values = wave(3, 90, 210)
    ripple = 6 * np.sin(2 * np.pi * 40 * (times - START) / DAY)
    found = mage(times, values + ripple)
    assert found is not None
    assert 118 < found < 134


def test_a_long_hole_parts_the_trace_and_parts_count_by_their_length() -> None:
    times, values = wave(2, 100, 200)
    later, other = wave(1, 100, 300)
    found = mage(np.concatenate([times, later + 3 * DAY]), np.concatenate([values, other]))
    assert found == pytest.approx((2 * 100 + 200) / 3, rel=0.03)


def test_a_hole_is_not_drawn_over() -> None:
    times = START + np.array([300.0, 600, 600 + 44 * 60, 600 + 44 * 60 + 50 * 60])
    grid, drawn = on_grid(times, np.array([100.0, 100, 144, 100]))
    assert grid[0] == START + 300
    assert np.isfinite(drawn[:10]).all()
    assert np.isnan(drawn[-9:-1]).all()


def test_enough_needs_two_weeks_with_most_readings() -> None:
    times, values = wave(14.1, 90, 160)
    whole = metrics(times, values)
    assert whole is not None
    assert whole.enough
    half = metrics(np.concatenate([times[:600], times[-600:]]), np.r_[values[:600], values[-600:]])
    assert half is not None
    assert not half.enough
    assert metrics([], []) is None
    assert metrics([START], [float("nan")]) is None


@given(st.lists(st.floats(40, 400), min_size=2, max_size=120), st.randoms())
def test_order_and_missing_values_do_not_matter_and_shares_add_up(
    values: list[float], shuffle: object
) -> None:
    times = [START + 300 * i for i in range(len(values))]
    rows = [*zip(times, values, strict=True), (START + 7, float("nan"))]
    shuffle.shuffle(rows)  # type: ignore[attr-defined]
    one = metrics(times, values)
    other = metrics([t for t, _ in rows], [v for _, v in rows])
    assert one == other
    assert one is not None
    assert one.low_pct + one.in_range_pct + one.high_pct == pytest.approx(100)
    assert one.very_low_pct <= one.low_pct
    assert one.mage is None or 0 < one.mage <= max(values) - min(values) + 1e-9


def test_a_part_that_only_rises_counts_with_its_rise() -> None:
    times, values = wave(1, 100, 200)
    rise = np.linspace(100, 160, 60)
    later = times[-1] + 6 * 3600 + 300.0 * np.arange(60)
    found = mage(np.r_[times, later], np.r_[values, rise])
    assert found == pytest.approx((2 * 287 * 100 + 59 * 60) / (2 * 287 + 59), rel=0.02)
    assert mage(times[:5], values[:5]) is None
