"""The rules that ship: complete, worded, and with the reference's numbers."""

import re
import string
from pathlib import Path
from typing import Any

import pytest
import yaml

from songhe.kernel.detectors import BadParameter, UnknownRule, catalogue, check_params
from songhe.kernel.detectors.kinds import KINDS
from songhe.kernel.detectors.rules import Spec, limit_name, limits_of

REFERENCE = Path(__file__).resolve().parents[4] / "shared/reference/02_vital_signs.yaml"
RULES = list(catalogue().rules.values())


@pytest.fixture(scope="module")
def reference() -> Any:
    if not REFERENCE.exists():
        pytest.skip("the shared reference is not beside this checkout")
    return yaml.safe_load(REFERENCE.read_text("utf-8"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_limits_level_basis_and_status_are_those_of_the_reference(
    rule: Spec, reference: Any
) -> None:
    if not rule.reference or "." not in rule.reference:
        # Limits recalled from a guideline say so; nothing else without a row is more than ours.
        recalled = rule.source == "memory" and rule.status == "M" and rule.kind == "signal"
        assert rule.status == "E" or rule.reference == "news2" or recalled
        return
    section, position = rule.reference.split(".")
    row = reference["elderly_thresholds"][section][int(position)]
    given = {float(n) for n in re.findall(r"\d+(?:\.\d+)?", row["when"])}
    assert {limit.value for limit in limits_of(rule.params)} <= given
    assert rule.level == row["level"]
    assert rule.basis == row["basis"]
    assert rule.status == row["status"]
    for variant in rule.variants:
        assert {limit.value for limit in limits_of(variant.params)} <= given


def test_the_version_and_the_pulse_pressure_are_those_of_the_reference(reference: Any) -> None:
    assert catalogue().version == reference["version"]
    least = catalogue().rules["bp-critical"].params["pulse_pressure_min"]
    assert reference["plausibility"]["rule_bp"].endswith(f">= {least}")


def test_what_needs_symptoms_or_rest_is_off() -> None:
    for rule in RULES:
        if rule.status in ("M", "X") and ("symptoms" in rule.note or "At rest" in rule.note):
            assert not rule.enabled, rule.id


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_words_in_both_languages_with_the_same_fields(rule: Spec) -> None:
    pairs = [(rule.why_en, rule.why_zh), (rule.notice_en, rule.notice_zh)]
    pairs.append((rule.partial_en, rule.partial_zh))
    assert rule.en
    assert rule.zh
    assert rule.why_en
    for en, zh in pairs:
        assert _fields(en) == _fields(zh)
    assert rule.kind in KINDS


def _fields(text: str) -> set[str]:
    names = {name for _, name, _, _ in string.Formatter().parse(text) if name}
    return {re.sub(r"_(en|zh)$", "", name) for name in names}


def test_worse_rules_exist_and_judge_the_same_codes() -> None:
    for rule in RULES:
        for worse in rule.unless:
            other = catalogue().rules[worse]
            assert other.family == rule.family
            assert _judged(rule) & _judged(other)


def _judged(rule: Spec) -> set[str]:
    return {split[0] for name in rule.params if (split := limit_name(name))}


@pytest.mark.parametrize(
    ("rule", "params", "error"),
    [
        ("no-such", {}, UnknownRule),
        ("bp-critical", {"spo2_le": 80}, BadParameter),
        ("bp-critical", {"sbp_ge": "170"}, BadParameter),
        ("bp-critical", {"sbp_ge": float("nan")}, BadParameter),
        ("bp-critical", {"sbp_ge": True}, BadParameter),
        ("bp-critical", {"repeat": None}, BadParameter),
        ("bed-empty-night", {"from": 22}, BadParameter),
        ("bed-empty-night", {"from": "10 pm"}, BadParameter),
    ],
)
def test_overrides_that_a_rule_cannot_have_are_refused(
    rule: str, params: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        check_params(rule, params)


def test_good_overrides_pass() -> None:
    check_params("bp-critical", {"sbp_ge": 170, "sbp_le": 80.5, "dbp_ge": None, "repeat": 2})
    check_params("bed-empty-night", {"from": "21:30", "minutes": 20})
