"""Signals within the evaluator: a device's detector steps once, rules hear its signs."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from evaluation.streaming import waves
from songhe.kernel.detectors import Evaluator, RuleBook
from songhe.kernel.detectors.rules import catalogue
from songhe.kernel.detectors.waves import TIMER
from songhe.kernel.signals.catalogue import DETECTORS
from songhe.kernel.signals.tests.test_worn import WAIST, _fall
from songhe.kernel.signals.worn import ACCELERATION
from songhe.kernel.tests.make import BAND, CHEN
from songhe.kernel.wire import Finding, RuleChange, RuleScope, Wave, fingerprint

RATE_HZ = 50.0
SIGNAL_RULES = [row for row in catalogue().rules.values() if row.kind == "signal"]


def fallen(*, up: bool = False, then_s: float = 6.0) -> list[Wave]:
    """Return the waves of one fall, worn by Grandma Chen."""
    made = waves(_fall(RATE_HZ, then_s=then_s, up=up), RATE_HZ, ACCELERATION, leads=WAIST)
    return [msgspec.structs.replace(w, subject=CHEN, person=CHEN, device=BAND) for w in made]


def judged(evaluator: Evaluator, given: Iterable[Wave]) -> list[Finding]:
    found: list[Finding] = []
    for wave in given:
        plan = evaluator.judge((), wave.end_us, waves=[wave])
        found += plan.findings
        plan.commit()
    return found


def test_a_fall_is_a_finding_with_its_waves_as_evidence() -> None:
    [found] = [f for f in judged(Evaluator(RuleBook()), fallen()) if f.rule == "fall-worn"]
    assert found.phase == "raised"
    assert (found.subject, found.person, found.device) == (CHEN, CHEN, BAND)
    assert 3 < found.summary["impact_g"] < 5
    assert 0 < found.summary["certainty"] <= 1
    assert 1 < found.summary["delay_s"] < 4
    mark = str(fingerprint((ACCELERATION,)))
    starts = {wave.started_us for wave in fallen()}
    assert found.evidence
    assert {key.at_us for key in found.evidence} <= starts
    assert {(key.subject, key.device, key.fingerprint) for key in found.evidence} == {
        (CHEN, BAND, mark)
    }


def test_all_at_once_twice_and_shuffled_is_the_same() -> None:
    one_by_one = judged(Evaluator(RuleBook()), fallen())
    evaluator = Evaluator(RuleBook())
    given = fallen()
    plan = evaluator.judge((), given[-1].end_us, waves=[*reversed(given)])
    ids = [finding.id for finding in plan.findings]
    assert ids == [finding.id for finding in one_by_one]
    plan.commit()
    assert judged(evaluator, given) == []


def test_a_plan_that_is_dropped_leaves_nothing_behind() -> None:
    evaluator, given = Evaluator(RuleBook()), fallen()
    for wave in given:
        dropped = evaluator.judge((), wave.end_us, waves=[wave])
        kept = evaluator.judge((), wave.end_us, waves=[wave])
        assert [f.id for f in kept.findings] == [f.id for f in dropped.findings]
        kept.commit()


def test_getting_up_ends_what_the_fall_began() -> None:
    found = [f for f in judged(Evaluator(RuleBook()), fallen(up=True)) if f.rule == "fall-worn"]
    assert [f.phase for f in found] == ["raised", "cleared"]
    assert found[1].of == found[0].id


def test_lying_still_is_told_by_a_rule_of_its_own() -> None:
    found = judged(Evaluator(RuleBook()), fallen(then_s=30.0))
    assert [f.rule for f in found] == ["fall-worn", "fall-lies-still"]
    assert found[1].summary["still_s"] >= 10


def test_a_restart_in_the_middle_of_a_fall_finds_it_under_the_same_id() -> None:
    given = fallen()
    whole = judged(Evaluator(RuleBook()), given)
    for cut in (4, 6, 7):
        again = Evaluator(RuleBook())
        before = judged(Evaluator(RuleBook()), given[:cut])
        again.rebuild((), given[:cut])
        after = judged(again, given[cut:])
        assert {f.id for f in (*before, *after)} == {f.id for f in whole}


def test_a_rule_that_is_off_is_not_heard_and_a_surer_one_waits() -> None:
    off = RuleScope(f"person:{CHEN}", [RuleChange("fall-worn", "1", enabled=False)])
    assert not [f for f in judged(Evaluator(RuleBook([off])), fallen()) if f.rule == "fall-worn"]
    sure = RuleScope(f"person:{CHEN}", [RuleChange("fall-worn", "1", params={"least": 1.0})])
    assert not [f for f in judged(Evaluator(RuleBook([sure])), fallen()) if f.rule == "fall-worn"]
    unsure = RuleChange("fall-worn", "1", params={"sure_from": 1.01})
    [found] = [
        f
        for f in judged(Evaluator(RuleBook([RuleScope("*", [unsure])])), fallen())
        if f.rule == "fall-worn"
    ]
    assert found.level == "urgent"


def test_who_is_away_is_not_asked_where_a_rule_holds_still() -> None:
    whole = [[0, 1 << 60]]
    away = RuleScope(f"person:{CHEN}", facts={"away": whole})
    # A fall rings wherever she is: the sensor is on her.
    assert [f.rule for f in judged(Evaluator(RuleBook([away])), fallen())][:1] == ["fall-worn"]


@pytest.mark.parametrize("row", SIGNAL_RULES, ids=lambda row: row.id)
def test_every_rule_names_a_detector_and_words_that_its_signs_can_fill(row) -> None:
    assert row.params["detector"] in DETECTORS
    assert row.key == "device"
    assert not row.params["detector"].startswith(TIMER)
    for text in (row.why_en, row.why_zh):
        assert text
