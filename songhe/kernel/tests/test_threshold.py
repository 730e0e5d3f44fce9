"""Limits with repetition, duration, hysteresis and bands."""

import pytest

from songhe.kernel.detectors import words
from songhe.kernel.tests.make import (
    BAND,
    CUFF,
    T0,
    evaluator,
    feed,
    of_rule,
    person_scope,
    phases,
    reading,
)
from songhe.kernel.wire import EvidenceKey, Flag, RuleChange, fingerprint


def test_critical_pressure_is_raised_at_once_with_its_evidence() -> None:
    found = feed(evaluator(), reading(0, sbp=186, dbp=112))
    (raised,) = of_rule(found, "bp-critical")
    assert (raised.phase, raised.level, raised.late) == ("raised", "critical", False)
    assert raised.evidence == [EvidenceKey(raised.subject, CUFF, T0, str(fingerprint((1, 2))))]
    assert (raised.summary["value"], raised.summary["value2"]) == (186, 112)
    assert raised.params["sbp_ge"] == 180
    assert (raised.params["status"], raised.params["source"]) == ("V2", "S11,S12")
    assert len(found) == 1
    why = words.why(raised.rule, raised.summary, raised.params, "zh")
    assert "186/112" in why
    assert "180" in why
    assert "{" not in why


@pytest.mark.parametrize(
    ("sbp", "dbp", "rule"),
    [
        (179, 109, None),
        (180, 70, "bp-critical"),
        (130, 110, "bp-critical"),
        (179.4, 90, None),
        (179.5, 90, "bp-critical"),
    ],
)
def test_edges_are_inclusive_and_values_rounded_first(
    sbp: float, dbp: float, rule: str | None
) -> None:
    found = feed(evaluator(), reading(0, sbp=sbp, dbp=dbp))
    assert [f.rule for f in found] == ([rule] if rule else [])


def test_same_trouble_thrice_is_one_raised_and_two_notices_with_a_count() -> None:
    found = feed(evaluator(), *(reading(t, sbp=190, dbp=100) for t in (0, 120, 240)))
    assert phases(found, "bp-critical") == ["raised", "notice", "notice"]
    assert [f.summary["count"] for f in found] == [1, 2, 3]
    assert {f.of for f in found[1:]} == {found[0].id}
    assert len({f.id for f in found}) == 3


def test_notices_are_spaced_but_all_readings_count() -> None:
    found = feed(evaluator(), *(reading(t, heart_rate=140) for t in range(0, 70, 10)))
    notices = [f for f in of_rule(found, "heart-rate-critical") if f.phase == "notice"]
    assert [f.summary["count"] for f in notices] == [7]


def test_hysteresis_holds_until_the_margin_is_passed() -> None:
    judge = evaluator()
    feed(judge, reading(0, heart_rate=140))
    assert not of_rule(feed(judge, reading(10, heart_rate=128)), "heart-rate-critical")
    (cleared,) = of_rule(feed(judge, reading(20, heart_rate=125)), "heart-rate-critical")
    assert cleared.phase == "cleared"


def test_cleared_only_when_every_code_has_come_back() -> None:
    judge = evaluator()
    feed(judge, reading(0, sbp=186, dbp=120))
    assert not of_rule(feed(judge, reading(60, sbp=150)), "bp-critical")
    found = of_rule(feed(judge, reading(90, sbp=150, dbp=100)), "bp-critical")
    assert [f.phase for f in found] == ["cleared"]


def test_urgent_needs_two_readings_one_to_five_minutes_apart() -> None:
    judge = evaluator()
    assert not feed(judge, reading(0, sbp=165, dbp=95), reading(30, sbp=165, dbp=95))
    found = feed(judge, reading(61, sbp=166, dbp=95))
    (raised,) = of_rule(found, "bp-urgent")
    assert len(raised.evidence) == 2
    assert raised.summary["since_us"] == T0
    assert not feed(evaluator(), reading(0, sbp=165, dbp=95), reading(301, sbp=165, dbp=95))


def test_a_worse_band_leaves_the_milder_rules_alone() -> None:
    found = feed(evaluator(), reading(0, sbp=185, dbp=95), reading(90, sbp=186, dbp=96))
    assert {f.rule for f in found} == {"bp-critical"}


def test_a_disabled_worse_rule_hands_its_band_back() -> None:
    off = RuleChange("bp-critical", "1", enabled=False)
    found = feed(
        evaluator(person_scope(changes=[off])),
        reading(0, sbp=185, dbp=95),
        reading(90, sbp=186, dbp=96),
    )
    assert {f.rule for f in found} == {"bp-urgent"}


def test_fast_heart_must_last_without_a_break() -> None:
    fast = [reading(60 * m, heart_rate=115) for m in range(11)]
    (raised,) = feed(evaluator(), *fast)
    assert (raised.rule, raised.onset_us) == ("heart-rate-urgent", T0 + 600 * 1_000_000)
    broken = [*fast[:5], reading(290, heart_rate=80), *fast[5:]]
    assert not feed(evaluator(), *broken)
    gap = [fast[0], fast[1], *fast[7:]]
    assert not feed(evaluator(), *gap)


def test_an_impossible_pulse_pressure_is_an_artefact() -> None:
    assert not feed(evaluator(), reading(0, sbp=185, dbp=180))


def test_oxygen_target_has_its_own_limits() -> None:
    plain = feed(evaluator(), reading(0, spo2=87))
    assert [f.rule for f in plain if f.level == "critical"] == ["spo2-critical"]
    judge = evaluator(person_scope({"spo2_scale": 2}))
    assert not feed(judge, reading(0, spo2=87), reading(90, spo2=87))
    (found,) = of_rule(feed(judge, reading(180, spo2=83)), "spo2-critical")
    assert found.rule_version == "spo2-critical@2026-11+scale2"
    assert found.params["spo2_le"] == 83


def test_an_episode_forgotten_for_long_ends_and_the_next_is_new() -> None:
    found = feed(evaluator(), reading(0, sbp=186, dbp=90), reading(86_400, sbp=186, dbp=90))
    assert phases(found, "bp-critical") == ["raised", "raised"]


def test_glucose_bands_and_sensor_glucose() -> None:
    found = feed(evaluator(), reading(0, glucose=3.9))
    assert [f.rule for f in found] == ["glucose-critical-low"]
    found = feed(evaluator(), reading(0, glucose_interstitial=2.9))
    assert [f.rule for f in found] == ["glucose-hypo-2"]
    assert not feed(evaluator(), reading(0, glucose=4.0))


def test_wellness_devices_are_named_as_such() -> None:
    found = feed(evaluator(), reading(0, heart_rate=150, flags=Flag.WELLNESS))
    assert found[0].summary["wellness"] is True


def test_two_messages_in_one_batch_are_judged_in_time_order() -> None:
    judge = evaluator()
    batch = [reading(60, sbp=130, dbp=80), reading(0, sbp=190, dbp=80, device=BAND)]
    plan = judge.judge(batch, T0 + 60_000_000)
    assert [f.phase for f in plan.findings] == ["raised", "cleared"]


def test_battery_is_judged_by_device() -> None:
    found = feed(
        evaluator(),
        reading(0, battery=14),
        reading(10, battery=15, device=BAND),
        reading(20, battery=100),
    )
    assert phases(found, "battery-low") == ["raised", "raised", "cleared"]
    assert found[2].of == found[0].id
