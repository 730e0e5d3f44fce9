"""Slopes, change points, forecasts, their words and the early-warning score over time."""

from __future__ import annotations

import string
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songhe.kernel.time import DAY_US, MINUTE_US
from songhe.kernel.trends.series import changes, forecast, slope
from songhe.kernel.trends.warning import scores, trend
from songhe.kernel.trends.words import _data, kinds, lines, sentence
from songhe.kernel.wire import Reading

DAYS = np.arange(90.0)
START_US = 1_767_225_600_000_000


def noise(count: int, seed: int, sd: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, sd, count)


def test_the_slope_s_interval_holds_the_truth_most_of_the_time() -> None:
    held = 0
    for seed in range(120):
        found = slope(DAYS[:30], 0.05 * DAYS[:30] + noise(30, seed))
        assert found is not None
        held += found.low <= 0.05 <= found.high
    assert held / 120 >= 0.90


def test_a_few_mad_days_do_not_turn_a_slope() -> None:
    values = 70 - 0.1 * DAYS[:31] + noise(31, 3, 0.2)
    clean = slope(DAYS[:31], values)
    values[[4, 11, 25]] = (20, 120, 119)
    mad = slope(DAYS[:31], values)
    assert clean is not None
    assert mad is not None
    assert mad.clear
    assert mad.per_day == pytest.approx(clean.per_day, abs=0.02)


def test_too_few_days_have_no_slope_no_forecast_and_no_change() -> None:
    assert slope([0, 1, 2, 3], [1, 2, 3, 4]) is None
    assert slope([0, 1, 2, 3, 4], [1, 2, 3, 4, 5]) is None
    assert forecast(DAYS[:13], noise(13, 1), 7) == []
    assert changes(DAYS[:13], np.r_[np.zeros(6), np.full(7, 50.0)]) == []


def test_without_a_change_hardly_any_is_told() -> None:
    """Quiet days, days with heavy tails, days that hang together, and a weekly rhythm."""
    false = 0
    for seed in range(7):
        draw = np.random.default_rng(seed)
        hanging = np.zeros(90)
        for day in range(1, 90):
            hanging[day] = 0.4 * hanging[day - 1] + draw.normal()
        week = 2.0 * (DAYS % 7 >= 5) + noise(90, seed)
        for values in (noise(90, seed), draw.standard_t(3, 90), hanging, week):
            false += bool(changes(DAYS, values))
    assert false <= 1


def test_a_lasting_change_is_found_near_its_day_and_a_single_odd_day_is_none() -> None:
    values = np.r_[noise(50, 5), 3 + noise(40, 6)]
    (found,) = changes(DAYS, values)
    assert abs(found.day - 50) <= 3
    assert found.after - found.before == pytest.approx(3, abs=0.6)
    assert found.certainty > 0.99
    odd = noise(90, 7)
    odd[40] = 40
    assert changes(DAYS, odd) == []


def test_two_changes_are_both_found() -> None:
    values = np.r_[noise(50, 1), 4 + noise(50, 2), noise(50, 3)]
    assert [round(c.day / 10) for c in changes(np.arange(150.0), values)] == [5, 10]


@pytest.mark.parametrize("kind", ["level", "walk", "trend", "holes"])
def test_the_forecast_s_interval_holds_nine_days_of_ten(kind: str) -> None:
    held = tried = 0
    for seed in range(60):
        values = noise(67, seed)
        if kind == "walk":
            values = np.cumsum(values)
        if kind == "trend":
            values = values + 0.1 * np.arange(67)
        given_values = values[:60].copy()
        if kind == "holes":
            given_values[np.random.default_rng(seed).random(60) < 0.3] = np.nan
            given_values[-1] = values[59]
        for day in forecast(np.arange(60.0), given_values, 7):
            tried += 1
            held += day.low <= values[int(day.day)] <= day.high
    assert tried == 60 * 7
    assert 0.82 <= held / tried <= 0.99


def test_the_interval_never_narrows_with_distance() -> None:
    width = [day.high - day.low for day in forecast(DAYS, noise(90, 2), 14)]
    assert width == sorted(width)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(-1e3, 1e3), min_size=14, max_size=40),
    st.floats(-100, 100),
    st.floats(0.1, 10),
)
def test_slope_and_forecast_move_with_their_unit(
    values: list[float], shift: float, factor: float
) -> None:
    days = list(range(len(values)))
    one, other = slope(days, values), slope(days, [v * factor + shift for v in values])
    assert one is not None
    assert other is not None
    assert other.per_day == pytest.approx(one.per_day * factor, abs=1e-6)
    assert one.low <= one.per_day <= one.high


def test_three_kilos_in_a_month_in_words() -> None:
    days = np.arange(31.0)
    told = lines("weight", days, 58 - 0.1 * days + noise(31, 4, 0.05))
    assert (
        sentence(told[0], "en") == "Body weight: three kilos less in a month, now about 55 kilos."
    )
    assert sentence(told[0], "zh") == "体重：一个月里减少了三公斤，现在约55公斤。"
    keys = [line.key for line in told]
    assert "limit_one" not in keys
    assert "forecast" in keys


def test_a_published_limit_is_named_with_its_status() -> None:
    days = np.arange(32.0)
    told = lines("weight", days, 50 - 0.12 * days)
    (limit,) = [line for line in told if line.key == "limit_one"]
    assert "6 % of the weight" in sentence(limit, "en")
    assert "status M" in sentence(limit, "en")
    assert "依据状态M" in sentence(limit, "zh")


def test_too_little_and_no_change_are_said() -> None:
    assert lines("sbp", [0, 1], [120, 130])[0].key == "too_few"
    assert lines("sbp", [], [])[0].values["values"] == 0
    steady = lines("sbp", DAYS[:31], 130 + noise(31, 8, 5))
    assert steady[0].key == "steady"
    assert "no clear change in 30 days" in sentence(steady[0], "en")


def test_every_kind_and_line_speaks_both_languages_with_the_same_fields() -> None:
    fields = string.Formatter().parse
    for key, words in _data()["lines"].items():
        found = [{f for _, f, _, _ in fields(words[lang]) if f} for lang in ("en", "zh")]
        assert found[0] == found[1], key
    for kind in kinds():
        for line in lines(kind, DAYS, 100 + 3 * DAYS + noise(90, 1)):
            assert "{" not in sentence(line, "en") + sentence(line, "zh")


def vital(minute: float, code: int, value: float) -> Reading:
    at_us = START_US + int(minute * MINUTE_US)
    return Reading(1, UUID(int=1), UUID(int=2), at_us, at_us, (code,), (value,))


def round_of(minute: float, pulse: float) -> list[Reading]:
    values = {5: 16, 6: 97, 21: 0, 1: 120, 4: pulse, 20: 0, 7: 36.8}
    return [vital(minute + k / 10, code, v) for k, (code, v) in enumerate(values.items())]


def test_the_early_warning_score_needs_all_parts_at_once() -> None:
    readings = round_of(0, 70)
    (only,) = scores(readings)
    assert (only.total, only.risk) == (0, "low")
    assert scores(readings[:-1]) == []
    late = [*readings[:-1], vital(20, 7, 36.8)]
    assert scores(late) == []
    told = scores([r for r in readings if r.codes != (21,)], oxygen=True)
    assert told[-1].total == 2


def test_the_score_s_trend_is_that_of_each_day_s_highest() -> None:
    readings = [
        reading
        for day in range(8)
        for reading in round_of(day * DAY_US / MINUTE_US, 70 if day < 2 else 95 + 5 * day)
    ]
    found = trend(scores(readings))
    assert found is not None
    assert found.per_day > 0
    assert trend(scores(round_of(0, 70))) is None
