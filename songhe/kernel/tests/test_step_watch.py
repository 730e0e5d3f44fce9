"""Noticing that somebody set the clock."""

from __future__ import annotations

from songhe.kernel.time import StepWatch, steady_s


def test_a_set_clock_is_told_once_and_by_how_much() -> None:
    watch = StepWatch(1_000.0, 50.0)
    assert watch.look(1_001.0, 51.0) == 0
    assert watch.look(4_602.0, 52.0) == 3_600
    assert watch.look(4_603.0, 53.0) == 0
    assert watch.look(1_004.0, 54.0) == -3_600
    assert watch.look(1_005.0, 55.0) == 0


def test_slow_corrections_never_add_up_to_a_step() -> None:
    watch = StepWatch(0.0, 0.0)
    assert [watch.look(n * 1.5, float(n)) for n in range(1, 100)] == [0.0] * 99


def test_the_steady_clock_goes_on() -> None:
    assert steady_s() <= steady_s()
