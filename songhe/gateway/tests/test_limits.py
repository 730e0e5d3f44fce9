"""The token bucket: what it takes, and what a clock that jumps does to it."""

from __future__ import annotations

import pytest

from songhe.gateway.limits import Bucket

HOUR_US = 3_600_000_000


def test_a_debt_tells_how_long_to_read_no_more() -> None:
    bucket = Bucket(per_s=10, burst=20, now_us=0)
    assert bucket.take(20, 0) == 0
    assert bucket.take(5, 0) == pytest.approx(0.5)
    assert bucket.debt_s(250_000) == pytest.approx(0.25)


def test_a_clock_set_back_does_not_freeze_the_bucket() -> None:
    bucket = Bucket(per_s=10, burst=20, now_us=HOUR_US)
    bucket.take(25, HOUR_US)
    assert bucket.debt_s(0) == pytest.approx(0.5)
    assert bucket.debt_s(400_000) == pytest.approx(0.1)


def test_a_clock_set_forward_fills_no_more_than_the_burst() -> None:
    bucket = Bucket(per_s=10, burst=20, now_us=0)
    bucket.take(25, 0)
    assert bucket.take(20, HOUR_US) == 0
    assert bucket.take(1, HOUR_US) == pytest.approx(0.1)
