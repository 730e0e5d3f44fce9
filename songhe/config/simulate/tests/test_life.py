"""Simulated days: in order, the same every time, cut anywhere, and no trouble by themselves."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from songhe.config.demo.county import make_county
from songhe.config.demo.model import County
from songhe.config.simulate import day as days
from songhe.config.simulate import life
from songhe.config.simulate.life import Window
from songhe.config.simulate.tests.world import ZONE, judged
from songhe.kernel import codes
from songhe.kernel.time import DAY_US, HOUR_US, to_us

TODAY = date(2026, 11, 22)
NOON_US = to_us(datetime(2026, 11, 22, 4, tzinfo=UTC))


@pytest.fixture(scope="module")
def county() -> County:
    whole = make_county(TODAY)
    return replace(whole, households=whole.households[:45])


def test_a_day_is_whole_and_ordered(county):
    for home in county.households:
        for elder in home.elders:
            found = days.stays(county, home, elder, TODAY.toordinal())
            for one, following in itertools.pairwise(found):
                assert one.start < one.end == following.start
            tomorrow = days.wake_minute(county, elder, TODAY.toordinal() + 1)
            assert found[0].start == days.wake_minute(county, elder, TODAY.toordinal())
            assert found[-1].end == 1440 + tomorrow
            if elder.care_level < 4:
                assert found[-1].place == "bed"


def test_the_stream_is_in_order_and_may_be_cut_anywhere(county):
    whole = list(life.of_county(county, NOON_US - DAY_US, ZONE, until_us=NOON_US))
    times = [said.at_us for said in whole]
    assert times == sorted(times)
    middle = NOON_US - 7 * HOUR_US
    parts = [
        said
        for since, until in ((NOON_US - DAY_US, middle), (middle, NOON_US))
        for said in life.of_county(county, since, ZONE, until_us=until)
    ]
    assert sorted(parts, key=repr) == sorted(whole, key=repr)


def test_values_are_plausible_and_of_the_device_s_kind(county):
    from songhe.domains.devices.terms import get_type

    types = {gadget.index: get_type(gadget.type) for gadget in county.gadgets}
    spoke = Counter()
    for said in life.of_county(county, NOON_US - DAY_US, ZONE, until_us=NOON_US):
        spoke[said.gadget] += 1
        for code, value in said.values:
            codes.normalise(code, value, None)
            if said.kind != "status":
                assert code in {known.code for known in types[said.gadget].measures}
    assert set(spoke) == set(types)


def test_grandma_chen_was_away_for_two_days(county):
    home = county.households[0]
    made = TODAY.toordinal()
    for before, is_away in ((8, False), (7, True), (6, True), (5, False)):
        assert days.is_away(county, home.elders[0], made - before) is is_away
    monitor = next(g for g in home.gadgets if g.type == "bp-monitor")
    window = Window(NOON_US - 14 * DAY_US, NOON_US, statuses=False)
    found = life.of_household(county, home, window, ZONE, choose=lambda g: g == monitor)
    per_day = Counter((NOON_US + 4 * HOUR_US - said.at_us) // DAY_US for said in found)
    assert sum(per_day.values()) >= 10


def test_an_old_person_walks_as_far_as_an_old_person_does(county):
    """At home and at the daughter's alike: 1,500 to 5,000 steps, seldom more after a long walk."""
    chen = county.households[0]
    made = TODAY.toordinal()
    walked: dict[str, list[float]] = {"chen": [], "others": []}
    slept = 0
    for home in county.households:
        for gadget in (g for g in home.gadgets if g.type == "band"):
            for before in range(1, 15):
                day = date.fromordinal(made - before)
                found = life.household_day(county, home, day, ZONE, choose=gadget.__eq__)
                values = [pair for said in found for pair in said.values]
                steps = sum(value for code, value in values if code == "55423-8")
                walked["chen" if home is chen else "others"].append(steps)
                slept += home is chen and any(code == "93832-4" for code, _ in values)
    assert len(walked["chen"]) == slept == 14
    assert min(walked["chen"]) >= 1_000
    assert max(walked["chen"]) <= 6_500
    assert 1_500 <= sorted(walked["chen"])[7] <= 5_000
    assert walked["others"]
    assert max(walked["others"]) <= 8_000


def test_usual_life_raises_no_alarm(county):
    since = NOON_US - 2 * DAY_US
    messages = life.of_county(county, since, ZONE, until_us=NOON_US)
    found = judged(county, messages, since_us=since, until_us=NOON_US, watch=True)
    raised = Counter(f.rule for f in found if f.phase == "raised" and f.level != "info")
    assert raised == {}
