"""No sign of life, and not up yet, as they run live."""

from datetime import timedelta
from itertools import pairwise
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songhe.kernel.detectors import Evaluator, RuleBook, words
from songhe.kernel.rhythm import Fired, facts, learn
from songhe.kernel.rhythm.tests.home import FIRST, at, day_events, days, life
from songhe.kernel.tests.make import CHEN, KITCHEN, of_rule, phases
from songhe.kernel.tests.make import reading as make
from songhe.kernel.time import HOUR_US, MINUTE_US
from songhe.kernel.wire import Finding, Reading, RuleChange, RuleScope

QUIET, UP = "no-sign-of-life", "not-up-yet"
SENSORS = {
    str(UUID(int=200 + number)): channel
    for number, channel in enumerate(("front", "kitchen", "living", "toilet", "bedroom", "hall"))
}
DEVICES = {channel: UUID(device) for device, channel in SENSORS.items()}
KNOWN = days(life(20), 20)
PROFILE = learn(KNOWN)
# A Wednesday, two days after what is known.
TODAY = FIRST + timedelta(days=23)


def seen(minutes: float, channel: str, value: float = 1.0) -> Reading:
    """Return a reading of a day at home: a door opened, or somebody seen."""
    name = "door" if channel == "front" else "motion"
    return make(
        at(TODAY, minutes), subject=KITCHEN, kind=2, person=CHEN, device=DEVICES[channel],
        **{name: value},
    )  # fmt: skip


def judge(more: dict[str, object] | None = None, known: bool = True) -> Evaluator:
    own = {"time_zone": "Asia/Shanghai", **(facts(PROFILE, SENSORS) if known else {})}
    off = [RuleChange("door-night", "t", enabled=False)]
    return Evaluator(RuleBook([RuleScope(f"person:{CHEN}", off, own | (more or {}))]))


def run(evaluator: Evaluator, told: list[Reading], *ticks: float) -> list[Finding]:
    """Judge readings one by one with a tick before each, then ticks at minutes of the day."""
    found: list[Finding] = []
    for one in told:
        for plan in (evaluator.tick(one.effective_us),):
            plan.commit()
            found += plan.findings
        plan = evaluator.judge([one], one.effective_us)
        plan.commit()
        found += plan.findings
    for minutes in ticks:
        plan = evaluator.tick(at(TODAY, minutes))
        plan.commit()
        found += plan.findings
    return found


MORNING = [seen(395, "bedroom"), *(seen(m, "kitchen") for m in range(400, 641, 20))]


def readings(events: list[Fired]) -> list[Reading]:
    """Return events as their sensors tell them: on, and off when they end or a second later."""
    told = []
    for event in events:
        began = (event.at_us - at(TODAY, 0)) / MINUTE_US
        lasted = max((event.until_us - event.at_us) / MINUTE_US, 1 / 60)
        told += [seen(began, event.channel), seen(began + lasted, event.channel, 0)]
    return sorted(told, key=lambda r: r.effective_us)


def test_silence_is_told_when_her_own_limit_has_passed_and_ends_with_a_sign() -> None:
    evaluator = judge()
    limit = PROFILE.limits[640 // 30]
    assert 60 <= limit < 240
    assert run(evaluator, MORNING, 640 + limit - 1) == []
    (found,) = run(evaluator, [], 640 + limit)
    assert (found.rule, found.phase, found.level) == (QUIET, "raised", "urgent")
    assert found.onset_us == at(TODAY, 640 + limit)
    assert found.summary["since_us"] == at(TODAY, 640)
    assert [key.at_us for key in found.evidence] == [at(TODAY, 640)]
    for language in ("en", "zh"):
        told = words.why(QUIET, found.summary, found.params, language)
        assert "10:40" in told
        assert "–" not in told
    (end,) = run(evaluator, [seen(640 + limit + 30, "kitchen")])
    assert (end.phase, end.of) == ("cleared", found.id)


def test_nothing_is_said_of_a_person_who_is_not_known_yet() -> None:
    assert run(judge(known=False), MORNING, 2000, 4000) == []
    assert facts(learn(KNOWN[:3]), SENSORS) == {}


def test_a_door_and_then_silence_is_an_outing_until_it_is_too_long() -> None:
    told = [*MORNING, seen(700, "front"), seen(700.2, "front", 0), seen(701, "hall")]
    evaluator = judge()
    assert run(evaluator, told, 701 + PROFILE.out_limit - 1) == []
    (found,) = run(evaluator, [], 701 + PROFILE.out_limit)
    assert (found.rule, found.level, found.summary["text"]) == (QUIET, "warn", "partial")
    assert "Left home at 11:41" in words.why(QUIET, found.summary, found.params, "en")
    stayed = [*told, seen(705, "kitchen")]
    raised = run(judge(), stayed, 705 + PROFILE.limits[705 // 30])
    assert [f.level for f in raised] == ["urgent"]


def test_not_up_by_the_time_she_always_is() -> None:
    assert PROFILE.up_by is not None
    night = [seen(-130, "living"), seen(-120, "bedroom"), seen(150, "toilet")]
    evaluator = judge()
    (found,) = of_rule(run(evaluator, night, PROFILE.up_by), UP)
    assert (found.rule, found.phase, found.level) == (UP, "raised", "warn")
    assert found.onset_us == at(TODAY, PROFILE.up_by)
    assert "02:30" in words.why(UP, found.summary, found.params, "en")
    up = run(evaluator, [seen(PROFILE.up_by + 20, "kitchen")])
    assert phases(up, UP) == ["cleared"]
    assert phases(run(judge(), [*night, seen(400, "kitchen")], PROFILE.up_by + 1), UP) == []


def test_both_hold_still_while_an_absence_is_entered() -> None:
    away = {"away": [[at(TODAY, 600), at(TODAY, 3 * 1440)]]}
    assert run(judge(away), MORNING, 2 * 1440) == []
    back = run(judge(away), MORNING, 3 * 1440 + 24 * 60)
    assert phases(back, QUIET) == ["raised"]


def test_a_mat_that_repeats_itself_is_no_sign_of_life() -> None:
    mat = UUID(int=299)
    told = [*MORNING, *(make(at(TODAY, m), device=mat, bed=1) for m in range(640, 1200, 5))]
    limit = PROFILE.limits[640 // 30]
    told.sort(key=lambda r: r.effective_us)
    found = run(judge(), told, 1200)
    assert [f.onset_us for f in found if f.phase == "raised"] == [at(TODAY, 640 + limit)]


def test_late_readings_of_a_device_change_nothing_that_was_found() -> None:
    evaluator = judge()
    found = run(evaluator, MORNING, 900)
    assert phases(found, QUIET) == ["raised"]
    assert run(evaluator, [seen(600, "living")]) == []


def test_a_month_of_usual_life_raises_next_to_nothing_and_a_collapse_is_found_in_hours() -> None:
    draw, wrong = Random(9), 0
    delays: list[float] = []
    for number in range(30):
        day = day_events(TODAY, draw)
        told = readings(day)
        wrong += sum(f.phase == "raised" for f in run(judge(), told))
        fell = 650 + (number * 37) % 500
        found = run(judge(), [r for r in told if r.effective_us < at(TODAY, fell)], 3000)
        raised = [f for f in found if f.phase == "raised"]
        delays.append(min((f.onset_us - at(TODAY, fell)) / HOUR_US for f in raised))
    assert wrong <= 1
    assert sorted(delays)[15] < 3
    assert max(delays) < 12


@pytest.fixture(scope="module")
def lived() -> list[Reading]:
    draw = Random(3)
    return readings(day_events(TODAY, draw, busy=45) + MORNING_EVENTS)


MORNING_EVENTS = day_events(TODAY + timedelta(days=1), Random(4), up=620, busy=60)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 200), max_size=12), st.lists(st.integers(0, 4000), max_size=6))
def test_batches_and_ticks_change_nothing(
    lived: list[Reading], marks: list[int], ticks: list[int]
) -> None:
    end = 3 * 1440

    def told(found: list[Finding]) -> list[tuple[object, ...]]:
        return sorted((f.rule, f.phase, f.onset_us, str(f.id), str(f.of)) for f in found)

    whole = run(judge(), lived, end)
    evaluator, found = judge(), []
    bounds = sorted({0, len(lived), *(m % (len(lived) + 1) for m in marks)})
    for first, last in pairwise(bounds):
        batch = lived[first:last]
        for minutes in sorted(ticks):
            since = lived[first - 1].effective_us if first else 0
            if since <= at(TODAY, minutes) < batch[0].effective_us:
                plan = evaluator.tick(at(TODAY, minutes))
                plan.commit()
                found += plan.findings
        plan = evaluator.judge(batch, batch[-1].effective_us)
        plan.commit()
        found += plan.findings
    found += run(evaluator, [], end)
    assert told(found) == told(whole)
    assert any(f.rule == QUIET for f in whole)
