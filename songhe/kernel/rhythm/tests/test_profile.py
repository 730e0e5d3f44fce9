"""What is usual: learned in two weeks, from her own days alone, and said in whole sentences."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songhe.kernel.rhythm import Day, learn, sayings, sentence, today
from songhe.kernel.rhythm.change import LEAST_DAYS, drift, last_break
from songhe.kernel.rhythm.habits import KINDS
from songhe.kernel.rhythm.profile import FULL_DAYS
from songhe.kernel.rhythm.quiet import LEAST_MINUTES, MOST_MINUTES
from songhe.kernel.rhythm.tests.home import FIRST, days, life
from songhe.kernel.rhythm.words import Message, keys


def said(found: list[Day]) -> list[str]:
    return [sentence(message, "en") for message in sayings(learn(found))]


def test_before_enough_days_stand_it_says_so_and_judges_nothing() -> None:
    events = life(20)
    early = learn(days(events, 4))
    assert early.stage == "learning"
    assert early.habits == ()
    assert set(early.limits) == {MOST_MINUTES}
    assert said(days(events, 4))[0].startswith("Learning this home: day 5 of 14.")
    assert learn(days(events, 9)).stage == "provisional"
    assert learn(days(events, 16)).stage == "stands"
    assert [m.key for m in sayings(learn([]))] == ["nothing"]


def test_the_habits_of_a_regular_life() -> None:
    profile = learn(days(life(21), 21))
    up, bed = profile.habit("up"), profile.habit("bed")
    assert up is not None
    assert bed is not None
    assert abs(up.range.usual - 400) < 10
    assert abs(bed.range.usual - (1310 - 1440)) < 12
    assert up.weekend is None
    assert up.change is None
    assert up.drift is None
    assert profile.up_by is not None
    assert 430 < profile.up_by < 520
    lunch = profile.habit("lunch")
    assert lunch is not None
    assert abs(lunch.range.usual - 690) < 25
    # Quiet by day is short, by night as long as the night.
    assert LEAST_MINUTES <= profile.limits[30] < 180
    assert 400 < profile.limits[0] < 720
    assert profile.heat[25] > 0 == profile.heat[6]


def test_days_of_absence_and_with_guests_are_left_out() -> None:
    quiet = days(life(20), 20)
    crowd = days(life(20, busy=lambda n: 1.0 if n in (12, 13) else 12.0), 20)
    profile = learn(crowd)
    assert profile.guest_days == 2
    assert learn(quiet).guest_days == 0
    minutes = profile.habit("active_minutes")
    assert minutes is not None
    assert minutes.range.high < 120


def test_getting_up_later_since_a_day_is_said_against_the_month_before() -> None:
    late = days(life(45, up=lambda n: 390 if n < 31 else 435), 45)
    found = learn(late).habit("up")
    assert found is not None
    assert found.change is not None
    since = date.fromisoformat(found.change.since)
    assert abs((since - (FIRST + timedelta(days=31))).days) <= 2
    sentences = said(late)
    assert any(
        text.startswith("Gets up 4") and text.endswith("min later than in September.")
        for text in sentences
    )
    notable = [m for m in sayings(learn(late)) if m.tone == "notable"]
    assert any("9 月晚" in sentence(m, "zh") for m in notable if m.key == "up_more")


def test_more_visits_at_night() -> None:
    found = days(life(40, night_visits=lambda n: 1 if n < 25 else 3), 40)
    assert any(
        text.startswith("Toilet visits at night: 3 instead of 1, since") for text in said(found)
    )


def test_a_slow_drift_is_no_break_and_comes_with_its_interval() -> None:
    found = learn(days(life(70, up=lambda n: 390 + 0.9 * n), 70)).habit("up")
    assert found is not None
    moved = found.drift or found.change
    assert moved is not None
    if found.drift is not None:
        assert found.drift.low <= 0.9 <= found.drift.high


def test_what_is_as_last_year_is_the_season() -> None:
    then = FIRST + timedelta(days=40 - 365)
    before = days(life(25, up=435, first=then), 25, then)
    now = days(life(45, up=lambda n: 390 if n < 31 else 435), 45)
    habit = learn(before + now).habit("up")
    assert habit is not None
    assert habit.seasonal
    assert Message("up_season") in sayings(learn(before + now))


def test_another_weekend_is_a_habit_of_its_own() -> None:
    found = days(life(28, up=lambda n: 480 if n % 7 >= 5 else 390), 28)
    profile = learn(found)
    up = profile.habit("up")
    assert up is not None
    assert up.weekend is not None
    assert up.weekend.usual - up.range.usual > 60
    assert profile.up_by is not None
    assert profile.up_by_weekend is not None
    assert profile.up_by_weekend > profile.up_by + 45


def test_noise_does_not_break_and_a_real_break_is_found() -> None:
    draw = np.random.default_rng(5)
    kinds = [
        (lambda n: draw.normal(420, 25, n), 30.0, 50.0),
        (lambda n: draw.poisson(1.2, n).astype(float), 1.0, 3.0),
    ]
    for noise, least, step in kinds:
        assert sum(last_break(noise(90).tolist(), least) is not None for _ in range(30)) <= 2
        found = []
        for _ in range(10):
            series = noise(90)
            series[60:] += step
            found.append(last_break(series.tolist(), least))
        assert sum(b is not None and abs(b.place - 60) <= LEAST_DAYS for b in found) >= 8


def test_single_days_do_not_bend_a_drift() -> None:
    at = [float(n) for n in range(60)]
    draw = np.random.default_rng(2)
    noise = draw.normal(0, 10, 60)
    series = noise + 0.8 * np.arange(60)
    series[[7, 33, 51]] += 400
    found = drift(at, series.tolist(), 20)
    assert found is not None
    assert found.low < 0.8 < found.high
    assert drift(at, noise.tolist(), 20) is None


def test_today_beside_the_usual() -> None:
    found = days(life(25, up=lambda n: 390 if n < 24 else 560), 25)
    profile = learn(found[:24])
    told = today(profile, found[24])
    assert any(m.key == "up_today" and m.tone == "notable" for m in told.messages)
    assert today(profile, found[23]).messages[0].key in keys()


def test_every_message_stands_in_both_languages_with_the_same_fields() -> None:
    import re

    import yaml

    from songhe.kernel.rhythm import words

    data = words._data()["messages"]
    assert yaml is not None
    for key, texts in data.items():
        fields = [set(re.findall(r"\{(\w+)\}", texts[language])) for language in ("en", "zh")]
        clock = re.search(r"_(more|less)$", key) and fields[0] != fields[1]
        assert not clock, key
        assert fields[0] == fields[1], key
    for kind in KINDS:
        for end in ("usual", "weekend", "more", "less", "drift_more", "drift_less", "season"):
            assert f"{kind.key}_{end}" in data


_VALUES = st.fixed_dictionaries(
    {},
    optional={
        kind.key: st.integers(0, 9).map(float)
        if kind.unit == "times"
        else st.integers(-300, 1400).map(float)
        for kind in KINDS
    },
)


@settings(max_examples=25, deadline=None)
@given(st.lists(_VALUES, min_size=0, max_size=40), st.integers(0, 1440))
def test_whatever_days_there_are_sentences_are_whole(
    values: list[dict[str, float]], minute: int
) -> None:
    base = {"out_minutes": 0.0, "active_minutes": 60.0}
    found = [
        Day((FIRST + timedelta(days=n)).isoformat(), base | own, (1,) * 48, (30.0,) * 48)
        for n, own in enumerate(values)
    ]
    profile = learn(found)
    assert len(profile.limits) == len(profile.heat) == 48
    assert all(LEAST_MINUTES <= limit <= MOST_MINUTES for limit in profile.limits)
    told = list(sayings(profile))
    if found:
        told += today(profile, found[-1], minute).messages
    for message in told:
        for language in ("en", "zh"):
            text = sentence(message, language)
            assert text
            assert "{" not in text
    assert (profile.stage == "stands") == (profile.days_used >= FULL_DAYS)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_new_days_weigh_more_than_old_ones(seed: int) -> None:
    found = learn(days(life(90, seed=seed, bed=lambda n: 1260 if n < 45 else 1330), 90))
    bed = found.habit("bed")
    assert bed is not None
    assert abs(bed.range.usual - (1330 - 1440)) < 25
