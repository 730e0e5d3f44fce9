"""Readings out of order: judged in their own time, never against what was already found."""

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from songhe.kernel.tests.make import BAND, T0, evaluator, feed, of_rule, phases, reading
from songhe.kernel.tests.streams import judge, streams
from songhe.kernel.time import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from songhe.kernel.wire import Finding


def test_a_band_that_was_away_for_two_days_is_judged_late() -> None:
    judge_ = evaluator()
    feed(judge_, reading(172_800, heart_rate=70))
    flush = [reading(t, heart_rate=v, device=BAND) for t, v in ((0, 140), (60, 70), (120, 71))]
    plan = judge_.judge(flush, T0 + 2 * DAY_US)
    found = of_rule(plan.findings, "heart-rate-critical")
    assert [(f.phase, f.late, f.onset_us) for f in found] == [
        ("raised", True, T0),
        ("cleared", True, T0 + MINUTE_US),
    ]
    assert found[1].of == found[0].id


def test_late_is_an_onset_more_than_a_quarter_of_an_hour_old() -> None:
    (on_time,) = feed(evaluator(), reading(0, sos=1), now_us=T0 + 15 * MINUTE_US)
    (late,) = feed(evaluator(), reading(0, sos=1), now_us=T0 + 15 * MINUTE_US + 1)
    assert (on_time.late, late.late) == (False, True)


def test_a_late_reading_inside_an_episode_is_no_news_and_a_late_normal_one_ends_nothing() -> None:
    judge_ = evaluator()
    feed(judge_, reading(0, sbp=190, dbp=90), reading(600, sbp=190, dbp=90))
    late = reading(300, sbp=195, dbp=90, device=BAND)
    assert not of_rule(feed(judge_, late), "bp-critical")
    normal = reading(400, sbp=120, dbp=70, device=BAND)
    assert not of_rule(feed(judge_, normal), "bp-critical")
    assert phases(feed(judge_, reading(700, sbp=120, dbp=70)), "bp-critical") == ["cleared"]
    assert not of_rule(feed(judge_, reading(500, sbp=199, dbp=90, device=BAND)), "bp-critical")


def test_a_late_trouble_without_an_end_is_ended_by_the_next_reading_in_order() -> None:
    judge_ = evaluator()
    feed(judge_, reading(3600, heart_rate=70))
    (raised,) = of_rule(
        feed(judge_, reading(0, heart_rate=140, device=BAND)), "heart-rate-critical"
    )
    found = of_rule(feed(judge_, reading(3700, heart_rate=71)), "heart-rate-critical")
    assert [(f.phase, f.of) for f in found] == [("cleared", raised.id)]


def test_a_late_trouble_that_goes_on_is_one_trouble() -> None:
    judge_ = evaluator()
    feed(judge_, reading(3600, heart_rate=70))
    (raised,) = of_rule(
        feed(judge_, reading(3590, heart_rate=140, device=BAND)), "heart-rate-critical"
    )
    found = of_rule(feed(judge_, reading(3620, heart_rate=141)), "heart-rate-critical")
    assert [(f.phase, f.of) for f in found] == [("notice", raised.id)]
    found = of_rule(feed(judge_, reading(3700, heart_rate=71)), "heart-rate-critical")
    assert [(f.phase, f.of) for f in found] == [("cleared", raised.id)]


def test_one_batch_in_any_order_gives_the_same() -> None:
    batch = [reading(t, heart_rate=v) for t, v in ((0, 140), (60, 70), (120, 150), (180, 71))]
    seen = {
        tuple(f.id for f in evaluator().judge(given_, T0 + HOUR_US).findings)
        for given_ in permutations(batch)
    }
    assert len(seen) == 1
    assert len(seen.pop()) == 5


@settings(max_examples=40, deadline=None)
@given(streams(), st.randoms(use_true_random=False))
def test_disorder_never_contradicts_itself(stream: list, random: object) -> None:
    shuffled = list(stream)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    judge_ = judge()
    found: list[Finding] = []
    for position, one in enumerate(shuffled):
        now_us = T0 + DAY_US + position * SECOND_US
        plan = judge_.judge([structs.replace(one, received_us=now_us)], now_us)
        found += plan.findings
        plan.commit()
    raised = {f.id for f in found if f.phase == "raised"}
    assert not [(f.rule, f.phase) for f in found if sum(g.id == f.id for g in found) > 1]
    assert {f.of for f in found if f.of is not None} <= raised
    ended = [f.of for f in found if f.phase == "cleared"]
    assert len(ended) == len(set(ended))
