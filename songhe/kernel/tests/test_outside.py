"""Wandering and not back by a time, as rules over positions."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from songhe.kernel.detectors import Evaluator, words
from songhe.kernel.tests.make import at, evaluator, feed, of_rule, person_scope, reading, tick
from songhe.kernel.wire import Finding, Reading, RuleChange

HOME = (30.0, 120.0)
NORTH = 1 / 111_195.08
EAST = NORTH / math.cos(math.radians(30.0))
FENCE = {"fence": {"lat": HOME[0], "lon": HOME[1], "radius_m": 150}}
WANDERS = RuleChange("wandering", "1", enabled=True)
LATE = RuleChange("not-back-by", "1", enabled=True)
QUIET = RuleChange("fence", "1", enabled=False)


def judge(*changes: RuleChange) -> Evaluator:
    return evaluator(person_scope(FENCE, [*changes, QUIET]))


def fix(when_us: int, east_m: float, north_m: float = 0.0, accuracy: float = 8) -> Reading:
    return reading(
        when_us, lat=HOME[0] + north_m * NORTH, lon=HOME[1] + east_m * EAST, accuracy=accuracy
    )


def pacing(begin_us: int, far_m: float, times: int = 8, seed: int = 1) -> list[Reading]:
    """To and fro along 90 m, far from home, a fix every 15 s."""
    draw = np.random.default_rng(seed)
    way = [*np.linspace(0, 90, 8)[:-1], *np.linspace(90, 0, 8)[:-1]] * times
    return [
        fix(begin_us + i * 15_000_000, far_m + x + draw.normal(0, 3), draw.normal(0, 3))
        for i, x in enumerate(way)
    ]


def straight(begin_us: int, far_m: float) -> list[Reading]:
    return [fix(begin_us + i * 15_000_000, far_m + 14 * i) for i in range(60)]


def judged(readings: list[Reading], sizes: list[int] | None = None) -> list[Finding]:
    one, found, begin, turn = judge(WANDERS), [], 0, 0
    while begin < len(readings):
        part = readings[begin : begin + (sizes[turn % len(sizes)] if sizes else 1)]
        plan = one.judge(part, part[-1].effective_us)
        plan.commit()
        found += plan.findings
        begin, turn = begin + len(part), turn + 1
    return found


def test_pacing_far_from_home_is_told_once_and_ends_with_a_straight_walk() -> None:
    start = at("10:00")
    walk = [*pacing(start, 400), *straight(start + 3_600_000_000, 500)]
    found = of_rule(judged(walk), "wandering")
    assert [f.phase for f in found] == ["raised", "cleared"]
    raised = found[0]
    assert raised.level == "warn"
    assert raised.summary["pattern"] == "pacing"
    assert raised.onset_us - raised.summary["since_us"] >= 8 * 60 * 1_000_000
    assert len(raised.evidence) == 2
    text = words.why("wandering", raised.summary, raised.params, "zh")
    assert "来回走" in text
    assert "–" not in text
    assert "to and fro" in words.why("wandering", raised.summary, raised.params, "en")


def test_pacing_in_the_garden_and_a_straight_walk_are_nothing() -> None:
    assert judged(pacing(at("10:00"), 10)) == []
    assert judged(straight(at("10:00"), 300)) == []
    assert of_rule(feed(judge(), *pacing(at("10:00"), 400)), "wandering") == []


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_how_fixes_arrive_changes_nothing(sizes: list[int]) -> None:
    walk = pacing(at("10:00"), 400)
    assert [f.id for f in judged(walk, sizes)] == [f.id for f in judged(walk)]


def test_somebody_who_is_out_at_the_time_is_told_then_and_ends_at_home() -> None:
    one = judge(LATE)
    assert feed(one, fix(at("20:30"), 900)) == []
    assert tick(one, at("20:59")) == []
    (raised,) = tick(one, at("21:00"))
    assert (raised.rule, raised.phase) == ("not-back-by", "raised")
    assert raised.onset_us == at("21:00")
    assert raised.summary["since_us"] == at("20:30")
    assert feed(one, fix(at("21:20"), 700)) == []
    (cleared,) = feed(one, fix(at("21:40"), 20))
    assert (cleared.phase, cleared.of) == ("cleared", raised.id)
    assert tick(one, at("23:00")) == []
    text = words.why("not-back-by", raised.summary, raised.params, "en")
    assert text == "Not back by 21:00; last seen 742 m beyond the safe area at 20:30."


def test_leaving_late_in_the_evening_is_told_at_that_fix() -> None:
    one = judge(LATE)
    found = feed(one, fix(at("20:50"), 10), fix(at("22:15"), 600), fix(at("22:20"), 650))
    assert [f.onset_us for f in found] == [at("22:15")]


def test_an_old_fix_a_doubtful_one_and_somebody_at_home_say_nothing() -> None:
    for reading_ in (
        fix(at("15:00"), 900),
        fix(at("20:50"), 900, accuracy=2000),
        fix(at("20:50"), 155, accuracy=30),
        fix(at("20:50"), 20),
    ):
        one = judge(LATE)
        assert feed(one, reading_) == []
        assert tick(one, at("22:00")) == []
    far_away = evaluator(
        person_scope({**FENCE, "away": [[at("18:00"), at("23:00")]]}, [LATE, QUIET])
    )
    assert feed(far_away, fix(at("20:50"), 900)) == []
    assert tick(far_away, at("21:05")) == []
