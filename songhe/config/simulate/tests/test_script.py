"""The script of a start and trouble by chance: the rules really find what the script says."""

from __future__ import annotations

import heapq
from collections import Counter
from datetime import UTC, date, datetime
from itertools import pairwise, takewhile

import pytest

from songhe.config.demo.county import make_county
from songhe.config.demo.model import County
from songhe.config.simulate import life, script
from songhe.config.simulate.script import Course
from songhe.config.simulate.tests.world import ZONE, judged, person_id
from songhe.kernel.detectors.rules import catalogue
from songhe.kernel.time import HOUR_US, MINUTE_US, SECOND_US, to_us

NIGHT_US = to_us(datetime(2026, 11, 21, 18, 12, 30, tzinfo=UTC))  # 02:12:30 in the county
DAY_US = to_us(datetime(2026, 11, 22, 2, 0, tzinfo=UTC))


@pytest.fixture(scope="module")
def county() -> County:
    return make_county(date(2026, 11, 22))


def played(county: County, start_us: int, minutes: int) -> list:
    """Return the findings of a start: usual life before it, the script, chance after it."""
    since, until = start_us - 65 * MINUTE_US, start_us + minutes * MINUTE_US
    course = Course(county, start_us, 1, ZONE)
    by_chance = course.look_ahead(until + script.HOUR_US)
    troubles = [*course.opening, *by_chance]
    # Only the homes with trouble: the others have none (test_life).
    homes = {county.gadgets[m.gadget].household for one in troubles for m in one.mutes} | {
        county.gadgets[said.gadget].household for one in troubles for said in one.said
    }
    streams = [
        life.of_household(county, county.households[index], life.Window(since, until), ZONE)
        for index in sorted(homes)
    ]
    usual = (said for said in heapq.merge(*streams, key=lambda s: s.at_us) if course.is_said(said))
    extra = sorted(
        (s for one in troubles for s in one.said if since <= s.at_us < until),
        key=lambda s: s.at_us,
    )
    messages = heapq.merge(usual, extra, key=lambda s: s.at_us)
    return judged(county, messages, since_us=since, until_us=until, watch=True)


def first_raised(findings: list) -> dict[str, int]:
    raised: dict[str, int] = {}
    for finding in findings:
        if finding.phase == "raised":
            raised.setdefault(finding.rule, finding.decided_us)
    return raised


def test_a_night_s_start_shows_what_the_newcomer_is_promised(county):
    findings = played(county, NIGHT_US, 11)
    raised = first_raised(findings)
    seconds = {rule: (at - NIGHT_US) / SECOND_US for rule, at in raised.items()}
    assert 9 < seconds["bp-critical"] < 15
    assert 40 < seconds["bed-empty-night"] < 110
    assert 70 < seconds["smoke"] < 80
    assert 90 < seconds["fence"] < 170
    assert 200 < seconds["door-night"] < 220
    assert 295 < seconds["sos"] < 305
    (chen,) = [f for f in findings if f.rule == "bp-critical" and f.phase == "raised"]
    assert chen.person == person_id(0)
    assert (chen.summary["value"], chen.summary["value2"]) == (186, 112)
    silent = [f for f in findings if f.rule == "device-silent" and f.phase == "raised"]
    after_cut = [f for f in silent if f.decided_us >= NIGHT_US + 120 * SECOND_US]
    assert len({f.subject for f in after_cut}) >= script.POWER_CUT_HOMES
    assert any(f.phase == "cleared" and f.rule == "smoke" for f in findings)


def test_by_day_water_takes_the_bed_s_place(county):
    raised = first_raised(played(county, DAY_US, 6))
    assert {"bp-critical", "water-leak", "smoke", "fence", "sos"} <= set(raised)
    assert not {"bed-empty-night", "door-night"} & set(raised)


def test_the_same_start_has_the_same_script_and_another_one_another(county):
    def names(starts: int) -> list:
        return [(one.name, one.at_us, one.mutes) for one in
                script.opening(county, NIGHT_US, starts, ZONE)]  # fmt: skip

    assert names(1) == names(1)
    assert names(1) != names(2)
    assert names(1)[0] == names(2)[0]


def test_no_home_has_two_troubles_in_the_script(county):
    seen: Counter[int] = Counter()
    for one in script.opening(county, NIGHT_US, 1, ZONE):
        gadgets = {m.gadget for m in one.mutes} | {said.gadget for said in one.said}
        seen.update({county.gadgets[index].household for index in gadgets})
    assert max(seen.values()) == 1


def test_chance_comes_at_a_rate_that_one_operator_can_live_with(county):
    hours = 24
    end = NIGHT_US + hours * HOUR_US
    found = list(
        takewhile(lambda one: one.at_us < end, script.by_chance(county, NIGHT_US, 1, ZONE))
    )
    assert hours * 60 / 5 < len(found) < hours * 60 / 3
    assert all(a.at_us < b.at_us for a, b in pairwise(found))
    assert len({one.name for one in found}) >= 12


def test_trouble_by_chance_is_found_by_the_rules(county):
    findings = played(county, NIGHT_US, 70)
    raised = [f for f in findings if f.phase == "raised" and f.level != "info"]
    late = [f for f in raised if f.decided_us > NIGHT_US + 11 * MINUTE_US]
    assert len(late) >= 8
    assert {f.rule for f in raised} <= set(catalogue().rules)
