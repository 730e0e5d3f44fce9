"""A fast gain: against the lowest day that is surely hers, and no other."""

from __future__ import annotations

import pytest

from songhe.kernel.detectors.trend import judge, stays
from songhe.kernel.trends.gain import gain

PARAMS = {"code": "weight", "gain_kg": 2, "over_days": 3}


@pytest.mark.parametrize(
    ("kilos", "more"),
    [
        ((60.0, 60.1, 60.0, 62.2), 2.2),
        ((60.0, 60.2, 60.9, 61.6, 62.3), 2.1),
        # The lightest day stands alone: the next one counts.
        ((62.0, 62.1, 55.0, 62.4), 0.4),
        # Four days ago is too long ago.
        ((60.0, 60.1, 61.0, 61.4, 61.8, 62.0), 1.0),
    ],
)
def test_the_last_day_is_held_against_the_lowest_of_three(
    kilos: tuple[float, ...], more: float
) -> None:
    found = gain(range(len(kilos)), kilos, 3)
    assert found is not None
    assert found.more == pytest.approx(more)


@pytest.mark.parametrize("kilos", [(), (60.0,), (60.0, 62.5), (50.0, 60.0, 70.0, 80.0)])
def test_nothing_is_said_where_nothing_is_sure(kilos: tuple[float, ...]) -> None:
    assert gain(range(len(kilos)), kilos, 3) is None


def test_days_may_be_missing_and_a_gap_of_days_says_nothing() -> None:
    found = gain([0, 1, 4], [60.0, 60.1, 62.5], 3)
    assert found is not None
    assert (found.before, found.since) == (60.1, 1)
    assert gain([0, 1, 5], [60.0, 60.1, 62.5], 3) is None


def test_the_newest_weight_judges_and_two_kilos_in_tenths_are_two() -> None:
    days, medians = [0.0, 1.0, 2.0], [60.3, 60.3, 61.0]
    heavy, again = (judge(PARAMS, days, medians, newest) for newest in (62.3, 60.4))
    assert heavy is not None
    assert again is not None
    assert (heavy.is_reached, again.is_reached) == (True, False)
    assert heavy.said == {"more": 2.0}
    assert heavy.spans == ((0.0, 3.0),)
    assert stays(PARAMS, heavy, 60.3)
    assert not stays(PARAMS, again, 60.3)
