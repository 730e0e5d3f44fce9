"""History, statistics, rules and messages over HTTP; the panels on a person's page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from songhe.domains.monitoring import phrases, rule_words, services
from songhe.domains.monitoring.models import Alarm, RuleOverride
from songhe.domains.monitoring.tests.conftest import County, make_home
from songhe.domains.monitoring.tests.surfaces import client, ring, settle, standing
from songhe.domains.people import selectors as people
from songhe.kernel.detectors.rules import catalogue
from songhe.kit import slots
from songhe.kit.statuses import UNCONFIRMED

CHANGE = reverse("monitoring:change_rule", args=["bp-critical"])
ROLES = ("sun", "leader", "admin", "zhao", "liu", "qian", "wu")


@pytest.fixture
def house(county: County) -> County:
    return settle(county)


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("history", {"sun", "leader", "admin", "zhao"}),
        ("statistics", {"sun", "leader", "admin", "qian"}),
        ("rules", {"sun", "leader", "admin", "zhao"}),
        ("messages", {"leader", "admin"}),
    ],
)
def test_who_may_open_which_page(house: County, name: str, allowed: set[str]) -> None:
    address = reverse(f"monitoring:{name}")
    answers = {login: client(house, login).get(address).status_code for login in ROLES}
    assert answers == {login: 200 if login in allowed else 403 for login in ROLES}


def test_history_is_narrowed_and_masked(house: County) -> None:
    alarm = ring(house)
    other, _home, _room = make_home(9)
    sun = client(house, "sun")
    sun.post(reverse("monitoring:acknowledge", args=[alarm.pk]))
    sun.post(reverse("monitoring:resolve", args=[alarm.pk]), {"outcome": "false"})
    ring(house, "spo2-critical", summary={"code": 6, "value": 85})

    def listed(**search: str) -> str:
        return sun.get(reverse("monitoring:history"), search).content.decode()

    first, second = "血压高到危险值 186/112", "血氧低到危险值 85"
    assert first in listed()
    assert second in listed()
    assert "陈秀兰" not in listed()
    assert second not in listed(outcome="false")
    assert first not in listed(state="open")
    assert first not in listed(rule="spo2-critical")
    assert first not in listed(priority="low")
    assert first in listed(region="990121001")
    assert first not in listed(region="990121001", until="2020-01-01")
    assert first in listed(person=str(house.chen.pk))
    assert first not in listed(person=str(other.pk))
    # A word that is no date is said at its field, and the list stays.
    assert "error-summary" in listed(since="gestern")


def test_history_stays_within_the_reach_of_the_reader(house: County) -> None:
    ring(house)
    for login in ("far", "zhao"):
        said = client(house, login).get(reverse("monitoring:history")).content.decode()
        assert "血压高到危险值 186/112" not in said


def test_statistics_count_and_name_nobody(house: County) -> None:
    alarm = ring(house)
    sun = client(house, "sun")
    sun.post(reverse("monitoring:acknowledge", args=[alarm.pk]))
    sun.post(reverse("monitoring:resolve", args=[alarm.pk]), {"outcome": "true"})
    said = client(house, "qian").get(reverse("monitoring:statistics")).content.decode()
    assert "血压高到危险值" in said
    assert "100%（1 起中 1 起）" in said
    assert "陈" not in said
    assert reverse("monitoring:alarm", args=[alarm.pk]) not in said
    assert "/alarms/" not in said


def test_every_rule_is_shown_with_its_limits_and_how_sure_it_is(house: County) -> None:
    said = client(house, "sun").get(reverse("monitoring:rules")).content.decode()
    for rule in catalogue().rules.values():
        assert reverse("monitoring:rule", args=[rule.id]) in said
        assert rule.zh in said
    assert "收缩压 ≥ 180 mmHg 或 舒张压 ≥ 110 mmHg" in said
    unsure = [r for r in catalogue().rules.values() if r.status in UNCONFIRMED]
    assert said.count('data-kind="unknown">尚未核实<') == len(unsure)
    for rule in catalogue().rules.values():
        page = client(house, "sun").get(reverse("monitoring:rule", args=[rule.id]))
        assert page.status_code == 200


def test_there_is_no_such_rule(house: County) -> None:
    sun = client(house, "sun")
    assert sun.get(reverse("monitoring:rule", args=["nothing"])).status_code == 404


def test_a_change_is_asked_checked_and_kept_with_its_history(house: County) -> None:
    leader = client(house, "leader")
    scope = f"person:{house.chen.pk}"
    asked = leader.get(CHANGE, {"scope": scope})
    given = {
        name: field.value() if field.value() is not None else ""
        for name, field in ((bound.name, bound) for bound in asked.context["form"])
        if name != "confirmed"
    } | {"scope": scope, "sbp_ge": "200", "reason": "医生要求", "step": "check"}
    answers = leader.post(CHANGE, given).content.decode()
    assert "生效前请核对" in answers
    assert "<b>200 mmHg</b>" in answers
    assert "原为 180 mmHg" in answers
    assert "超出了规则来源的规定" in answers
    assert "收缩压 ≥：200 mmHg，而来源为 180 mmHg" in answers
    # The guideline says 180: who goes beyond it confirms that, or nothing changes.
    refused = leader.post(CHANGE, given | {"step": "save"})
    assert refused.status_code == 422
    assert "请确认" in refused.content.decode()
    assert not RuleOverride.objects.exists()
    given |= {"confirmed": "on"}
    assert leader.post(CHANGE, given | {"step": "save"}).status_code == 302
    made = RuleOverride.objects.get()
    assert made.confirmed
    assert (made.params, made.enabled, made.reason) == ({"sbp_ge": 200}, True, "医生要求")
    said = leader.get(reverse("monitoring:rule", args=["bp-critical"])).content.decode()
    assert "医生要求" in said
    assert "陈秀兰" in said
    # What holds now is in the form; giving the shipped value takes the change back.
    again = leader.get(CHANGE, {"scope": scope})
    assert again.context["form"]["sbp_ge"].value() == 200
    leader.post(CHANGE, given | {"sbp_ge": "180", "reason": "恢复", "step": "save"})
    assert RuleOverride.objects.order_by("-made_at").first().params == {}  # type: ignore[union-attr]
    assert RuleOverride.objects.count() == 2


def test_an_organisation_and_an_empty_limit(house: County) -> None:
    leader = client(house, "leader")
    scope = f"org:{house.centre.pk}"
    form = leader.get(CHANGE, {"scope": scope}).context["form"]
    given = {bound.name: bound.value() for bound in form} | {"confirmed": "on"}
    given |= {"scope": scope, "dbp_ge": "", "enabled": "yes", "reason": "试行", "step": "save"}
    assert leader.post(CHANGE, given).status_code == 302
    assert RuleOverride.objects.get().params == {"dbp_ge": None}
    # A person below begins from what her organisation has set.
    below = leader.get(CHANGE, {"scope": f"person:{house.chen.pk}"}).context["form"]
    assert below["dbp_ge"].value() is None
    assert "不改时：关闭" in below["dbp_ge"].help_text


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"reason": ""}, "改规则要写明理由"),
        ({"sbp_ge": "viel"}, "请填数字"),
        ({"again_s": ""}, "请填数字"),
    ],
)
def test_a_mistake_in_a_change_loses_nothing(
    house: County, given: dict[str, str], words: str
) -> None:
    leader = client(house, "leader")
    scope = f"person:{house.chen.pk}"
    form = leader.get(CHANGE, {"scope": scope}).context["form"]
    full = {bound.name: bound.value() for bound in form} | {"confirmed": "on"}
    full |= {"scope": scope, "sbp_ge": "205", "reason": "医生要求", "step": "save"} | given
    before = standing()
    answer = leader.post(CHANGE, full)
    said = answer.content.decode()
    assert answer.status_code == 422
    assert words in said
    assert given.get("sbp_ge", "205") in said
    assert standing() == before


def test_who_may_change_rules(house: County) -> None:
    scope = f"person:{house.chen.pk}"
    before = standing()
    given = {"scope": scope, "enabled": "no", "reason": "x", "step": "save"}
    for login in ("sun", "liu", "qian", "wu"):
        assert client(house, login).get(CHANGE, {"scope": scope}).status_code == 403
        assert client(house, login).post(CHANGE, given).status_code == 403
    # The doctor may change rules of those who have a contract with him; she has none.
    assert client(house, "zhao").get(CHANGE, {"scope": scope}).status_code == 404
    assert client(house, "zhao").post(CHANGE, given).status_code == 404
    for text in ("", "person:nobody", "county:1", "org:00000000-0000-0000-0000-000000000000"):
        assert client(house, "leader").get(CHANGE, {"scope": text}).status_code == 404
    assert standing() == before


def test_what_left_is_shown_without_names(house: County) -> None:
    alarm = ring(house, ago_s=600)
    services.run_due_steps(at=alarm.raised_at + timedelta(seconds=30))
    services.run_due_steps(at=alarm.raised_at + timedelta(seconds=60))
    said = client(house, "admin").get(reverse("monitoring:messages")).content.decode()
    assert "…0001" in said
    assert "19900000001" not in said
    assert "陈" not in said
    assert reverse("monitoring:alarm", args=[alarm.pk]) in said


def test_panels_on_a_persons_page(house: County) -> None:
    alarm = ring(house)
    services.override_rule(
        actor=house.actor("leader", timezone.now()),
        scope=f"person:{house.chen.pk}",
        rule="bp-critical",
        params={"sbp_ge": 200},
        enabled=True,
        reason="医生要求",
        confirmed=True,
        at=timezone.now(),
    )

    def drawn(login: str, slot: str) -> str:
        request = RequestFactory().get("/")
        request.actor = house.actor(login, timezone.now())  # type: ignore[attr-defined]
        request.look = None  # type: ignore[attr-defined]
        views = people.person_views(request.actor, [house.chen.pk])  # type: ignore[attr-defined]
        return slots.render(slot, request, views[house.chen.pk])

    address = reverse("monitoring:alarm", args=[alarm.pk])
    assert address in drawn("sun", "person.side")
    assert address not in drawn("wu", "person.side")
    assert address not in drawn("liu", "person.side")
    assert "收缩压 ≥ 200 mmHg" in drawn("sun", "person.page")
    assert CHANGE not in drawn("sun", "person.page")
    assert reverse("monitoring:pick_rule") in drawn("leader", "person.page")
    assert "医生要求" not in drawn("wu", "person.page")
    assert "医生要求" not in drawn("liu", "person.page")


def test_the_next_step_is_told_from_the_plan_and_the_timer(house: County) -> None:
    alarm = ring(house, ago_s=0)

    def told(after_s: int) -> str:
        row = Alarm.objects.select_related("organization__next_organization").get(pk=alarm.pk)
        step = phrases.next_step(row, row.rang_at + timedelta(seconds=after_s))
        assert step is not None
        return step.words

    assert told(28) == "32 秒后上报带班主任，再过 60 秒转云岭镇卫生院"
    for second in (30, 60):
        services.run_due_steps(at=alarm.rang_at + timedelta(seconds=second))
    assert told(70) == "50 秒后转云岭镇卫生院"
    for second in (90, 120):
        services.run_due_steps(at=alarm.rang_at + timedelta(seconds=second))
    # The hospital has nobody after it: it rings on.
    assert told(150) == "30 秒后再响"
    # Where nobody takes the steps (the jobs process is down), the page does not pretend.
    assert told(600) == "7 分钟前就该上报：请自己联系带班主任"
    client(house, "zhao").post(reverse("monitoring:acknowledge", args=[alarm.pk]))
    alarm.refresh_from_db()
    assert phrases.next_step(alarm, timezone.now()) is None


def test_every_parameter_that_ships_has_words(house: County) -> None:
    built_from = {"code", "codes", "single_codes", "late_level", "out_level"}
    built_from |= {"detector", "sign", "unsure_level", "falls"}
    for rule in catalogue().rules.values():
        named = {one.name for one in rule_words.parameters(rule.id)}
        assert set(rule.params) - named <= built_from
