"""Plans, restarts, overrides: what the gateway holds the evaluator to."""

import sys
from subprocess import run
from uuid import UUID, uuid4

import pytest

from songhe.kernel.detectors import RuleBook, StalePlan
from songhe.kernel.tests.make import (
    BAND,
    CHEN,
    CUFF,
    T0,
    at,
    evaluator,
    feed,
    of_rule,
    person_scope,
    phases,
    reading,
    tick,
)
from songhe.kernel.time import HOUR_US
from songhe.kernel.wire import Binding, DeviceSnapshot, RuleChange, RuleScope

ORG = UUID(int=0x018F_0000_0000_7000_8000_0000_0000_0099)


def test_only_one_of_two_plans_can_be_committed() -> None:
    judge = evaluator()
    first = judge.judge([reading(0, sbp=190, dbp=90)], T0)
    second = judge.judge([reading(1, sbp=190, dbp=90)], T0)
    first.commit()
    with pytest.raises(StalePlan):
        second.commit()
    assert phases(feed(judge, reading(90, sbp=190, dbp=90)), "bp-critical") == ["notice"]


def test_what_is_said_while_a_plan_is_open_is_not_lost() -> None:
    judge = evaluator()
    judge.watch(
        DeviceSnapshot(CUFF, "k", True, "t", [], [Binding(T0, None, 1, CHEN)], silent_after_s=3600)
    )
    open_plan = judge.tick(T0 + 1)
    judge.heard(CUFF, T0 + HOUR_US // 2)
    open_plan.commit()
    assert not tick(judge, T0 + HOUR_US)
    assert tick(judge, T0 + HOUR_US + HOUR_US // 2)
    plan = judge.judge([reading(0, sbp=190, dbp=90)], T0)
    judge.forget(CHEN)
    plan.commit()
    found = feed(judge, reading(90, sbp=190, dbp=90))
    assert phases(found, "bp-critical") == ["raised"]


def test_who_is_forgotten_comes_back_by_no_plan_judged_ahead() -> None:
    judge = evaluator()
    first = judge.judge([reading(0, sbp=190, dbp=90)], T0)
    second = judge.judge([reading(1, sbp=190, dbp=90)], T0, first)
    judge.forget(CHEN)
    third = judge.judge([reading(2, sbp=120, dbp=80)], T0, second)
    for plan in (first, second, third):
        plan.commit()
    assert [found.phase for found in first.findings] == ["raised"]
    found = feed(judge, reading(90, sbp=190, dbp=90))
    assert phases(found, "bp-critical") == ["raised"]


def test_versions_say_whose_change_was_judged_by() -> None:
    scopes = [
        RuleScope("*", [RuleChange("bp-critical", "1", params={"sbp_ge": 185})]),
        RuleScope(f"org:{ORG}", [RuleChange("bp-critical", "4", params={"dbp_ge": 112})]),
        person_scope(
            changes=[RuleChange("bp-critical", "3", params={"sbp_ge": 170})], organization=ORG
        ),
    ]
    book = RuleBook(scopes)
    rule = book.rule("bp-critical", CHEN)
    assert rule is not None
    assert rule.version == "bp-critical@2026-11+g1+o4+p3"
    assert (rule.params["sbp_ge"], rule.params["dbp_ge"]) == (170, 112)
    other = book.rule("bp-critical", uuid4())
    assert other is not None
    assert (other.version, other.params["sbp_ge"]) == ("bp-critical@2026-11+g1", 185)
    book.remove(f"person:{CHEN}")
    assert book.rule("bp-critical", CHEN) == other


def test_rules_given_again_as_they_were_cost_no_look_at_deadlines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judge, scope = evaluator(), person_scope(changes=[RuleChange("bp-critical", "3")])
    feed(judge, reading(0, sbp=190, dbp=90))
    judge.put_scope(scope)
    tick(judge, T0 + 1)
    looked: list[bool] = []
    armed = judge._memory.timers.armed
    monkeypatch.setattr(judge._memory.timers, "armed", lambda: looked.append(True) or armed())
    judge.put_scope(scope)
    tick(judge, T0 + 2)
    assert not looked
    judge.put_scope(person_scope(changes=[RuleChange("bp-critical", "4")]))
    judge.remove_scope(f"person:{CHEN}")
    tick(judge, T0 + 3)
    assert looked == [True]


def test_a_bad_change_is_left_out_and_named() -> None:
    bad = RuleChange("bp-critical", "1", params={"sbp_ge": "high"})
    unknown = RuleChange("no-such-rule", "1")
    judge = evaluator()
    problems = judge.put_scope(person_scope(changes=[bad, unknown]))
    assert [problem.code for problem in problems] == ["rules.parameter", "rules.unknown"]
    assert phases(feed(judge, reading(0, sbp=190, dbp=90)), "bp-critical") == ["raised"]


def test_personal_limits_judge_and_are_in_the_finding() -> None:
    own = RuleChange("bp-high", "2", params={"sbp_ge": 120, "repeat": 1})
    (found,) = feed(evaluator(person_scope(changes=[own])), reading(0, sbp=125, dbp=70))
    assert (found.rule_version, found.params["sbp_ge"]) == ("bp-high@2026-11+p2", 120)


def test_a_rule_that_is_off_by_default_can_be_turned_on_for_a_person() -> None:
    on = RuleChange("bp-low-symptoms", "1", enabled=True)
    found = feed(evaluator(person_scope(changes=[on])), reading(0, sbp=85, dbp=55))
    assert "bp-low-symptoms" in {f.rule for f in found}


def test_a_restart_in_the_middle_of_a_duration_still_fires() -> None:
    stored = [reading(60 * m, heart_rate=115) for m in range(9)]
    judge = evaluator()
    judge.rebuild(stored)
    found = feed(judge, reading(540, heart_rate=115), reading(600, heart_rate=115))
    assert [f.onset_us for f in found] == [T0 + 600_000_000]
    assert found[0].summary["since_us"] == T0
    judge = evaluator()
    judge.rebuild([reading(at("22:30"), bed=1), reading(at("23:10"), bed=0)])
    assert phases(tick(judge, at("23:41")), "bed-empty-night") == ["raised"]


def test_an_open_finding_older_than_what_is_rebuilt_keeps_its_id() -> None:
    (raised,) = feed(evaluator(), reading(0, smoke=1))
    judge = evaluator()
    judge.rebuild([reading(100, heart_rate=70)])
    judge.adopt([raised])
    (again,) = feed(judge, reading(200, smoke=1))
    (cleared,) = feed(judge, reading(300, smoke=0))
    assert (again.phase, again.of) == ("notice", raised.id)
    assert (cleared.phase, cleared.of) == ("cleared", raised.id)


def test_an_open_silence_is_adopted_and_ended_by_the_next_word() -> None:
    snapshot = DeviceSnapshot(
        CUFF, "k", True, "t", [], [Binding(T0, None, 1, CHEN)], silent_after_s=3600
    )
    judge = evaluator()
    judge.watch(snapshot, seen_us=T0 + 60)
    (raised,) = tick(judge, T0 + 2 * HOUR_US)
    judge = evaluator()
    judge.watch(snapshot, seen_us=T0 + 60)
    judge.adopt([raised])
    assert not tick(judge, T0 + 3 * HOUR_US)
    (cleared,) = of_rule(feed(judge, reading(4 * 3600, heart_rate=70)), "device-silent")
    assert cleared.of == raised.id


def test_a_tick_looks_only_at_what_is_due() -> None:
    judge = evaluator()
    readings = []
    for n in range(300):
        who = UUID(int=CHEN.int + n)
        readings += [
            reading(at("23:00"), subject=who, device=who, bed=1),
            reading(at("23:05") + n * 1_000_000, subject=who, device=who, bed=0),
        ]
    judge.judge(readings, at("23:11")).commit()
    due = judge._memory.timers.due(at("23:35") + 2_000_000)
    assert len(due) == 3
    assert len(tick(judge, at("23:35") + 2_000_000)) == 3
    assert len(judge._memory.timers) == 297


def test_ids_hang_on_rule_version_subject_onset_and_phase_only() -> None:
    one = feed(evaluator(), reading(0, sbp=190, dbp=90))
    other = feed(evaluator(), reading(0, sbp=200, dbp=90, device=BAND), now_us=T0 + HOUR_US)
    assert [f.id for f in one] == [f.id for f in other]


def test_the_kernel_needs_no_django() -> None:
    script = "import sys, songhe.kernel.detectors; sys.exit('django' in sys.modules)"
    assert run([sys.executable, "-c", script], check=False).returncode == 0
