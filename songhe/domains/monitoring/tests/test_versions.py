"""Changes of rules as versions: bounds, confirmation, the way back, who may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.domains.monitoring import bounds, rule_scopes, services
from songhe.domains.monitoring.models import Alarm, GatewayRules, RuleOverride
from songhe.domains.monitoring.tests.conftest import County
from songhe.domains.monitoring.tests.surfaces import client, ring, settle, standing
from songhe.kernel.errors import Denied

RULE = "bp-critical"


@pytest.fixture
def house(county: County) -> County:
    return settle(county)


def change(
    house: County, scope: str, params: dict[str, Any], login: str = "leader", **more: Any
) -> RuleOverride:
    now = timezone.now()
    given = {"rule": RULE, "enabled": True, "reason": "医生要求", "confirmed": True} | more
    return services.override_rule(
        actor=house.actor(login, now), scope=scope, params=params, at=now, **given
    )


def back(house: County, scope: str, number: int, login: str = "leader") -> RuleOverride:
    now = timezone.now()
    return services.revert_rule(
        actor=house.actor(login, now), scope=scope, rule=RULE, number=number, reason="恢复",
        confirmed=True, at=now,
    )  # fmt: skip


def person(house: County) -> str:
    return f"person:{house.chen.pk}"


def held(scope: str) -> list[tuple[str, dict[str, Any], str]]:
    body = GatewayRules.objects.get(scope=scope).body
    return [(row["rule"], row["params"], row["version"]) for row in body["changes"]]


def test_every_change_is_a_version_from_what_to_what(house: County) -> None:
    scope = person(house)
    change(house, scope, {"sbp_ge": 170})
    second = change(house, scope, {"sbp_ge": 190})
    assert second.number == 2
    assert second.before is not None
    assert second.after is not None
    assert (second.before["params"]["sbp_ge"], second.after["params"]["sbp_ge"]) == (170, 190)
    third = back(house, scope, 1)
    assert (third.number, third.reverts, third.params) == (3, 1, {"sbp_ge": 170})
    assert held(scope) == [(RULE, {"sbp_ge": 170}, "3")]
    fourth = back(house, scope, 0)
    assert (fourth.is_back, fourth.reverts) == (True, 0)
    assert held(scope) == []
    with pytest.raises(services.rules.HoldsAlready):
        back(house, scope, 0)
    with pytest.raises(rule_scopes.NoSuchVersion):
        back(house, scope, 9)
    assert RuleOverride.objects.count() == 4


def test_the_page_shows_the_difference_and_leads_back(house: County) -> None:
    scope = person(house)
    change(house, scope, {"sbp_ge": 170})
    change(house, scope, {"sbp_ge": 190})
    leader = client(house, "leader")
    said = leader.get(reverse("monitoring:rule", args=[RULE])).content.decode()
    assert "<del>170 mmHg</del> → <b>190 mmHg</b>" in said
    assert "超出来源，已确认" in said
    address = reverse("monitoring:revert_rule", args=[RULE])
    assert f"{address}?scope=person%3A{house.chen.pk}&amp;to=1" in said
    asked = leader.get(address, {"scope": scope, "to": "1"}).content.decode()
    assert "恢复到第 1 版" in asked
    before = standing()
    assert leader.post(address, {"scope": scope, "to": "1", "reason": ""}).status_code == 422
    assert client(house, "sun").post(address, {"scope": scope, "to": "1"}).status_code == 403
    assert standing() == before
    sent = leader.post(address, {"scope": scope, "to": "1", "reason": "放得太宽"})
    assert sent.status_code == 302
    assert held(scope) == [(RULE, {"sbp_ge": 170}, "3")]
    after = leader.get(reverse("monitoring:rule", args=[RULE])).content.decode()
    assert "恢复自第 1 版" in after


def test_what_the_system_changed_says_so(house: County) -> None:
    services.override_rule(
        actor=SYSTEM, scope=person(house), rule=RULE, params={"sbp_ge": 170}, enabled=True,
        reason="随访约定", at=timezone.now(),
    )  # fmt: skip
    leader = client(house, "leader")
    said = leader.get(reverse("monitoring:rule", args=[RULE])).content.decode()
    assert "随访约定 · 系统" in said
    leader.cookies["songhe_language"] = "en"
    english = leader.get(reverse("monitoring:rule", args=[RULE])).content.decode()
    assert "· the system" in english


def test_an_open_alarm_keeps_the_limits_it_was_judged_by(house: County) -> None:
    alarm = ring(house)
    change(house, person(house), {"sbp_ge": 210})
    page = client(house, "sun").get(reverse("monitoring:alarm", args=[alarm.pk])).content.decode()
    assert "达到 180 或 110" in page
    assert "达到 210" not in page  # the digits alone may stand in any id
    assert Alarm.objects.get().rule_version == alarm.rule_version


@pytest.mark.parametrize(
    ("rule", "params"),
    [
        (RULE, {"sbp_ge": 20}),
        (RULE, {"sbp_ge": 900}),
        (RULE, {"sbp_margin": -1}),
        ("bp-urgent", {"repeat": 0}),
        ("bp-urgent", {"window_s": 10**8}),
        ("bed-empty-night", {"minutes": 0}),
    ],
)
def test_what_cannot_be_meant_is_refused(house: County, rule: str, params: dict[str, Any]) -> None:
    with pytest.raises(bounds.BeyondBounds):
        change(house, person(house), params, rule=rule)
    assert not RuleOverride.objects.exists()


@pytest.mark.parametrize(
    ("rule", "params", "enabled", "needed"),
    [
        (RULE, {"sbp_ge": 181}, True, True),
        (RULE, {"sbp_ge": 170}, True, False),
        (RULE, {"dbp_ge": None}, True, True),
        (RULE, {}, False, True),
        ("spo2-urgent", {"spo2_le": 90}, True, True),
        ("spo2-urgent", {"spo2_le": 93}, True, False),
        ("bp-urgent", {"repeat": 3}, True, True),
        ("news2", {"medium": 6}, True, True),
        ("bed-empty-night", {"minutes": 90}, True, False),
        ("bed-empty-night", {}, False, False),
    ],
)
def test_going_beyond_the_source_asks_for_a_confirmation(
    house: County, rule: str, params: dict[str, Any], enabled: bool, needed: bool
) -> None:
    given = {"rule": rule, "enabled": enabled}
    if needed:
        with pytest.raises(bounds.NotConfirmed):
            change(house, person(house), params, confirmed=False, **given)
        assert not RuleOverride.objects.exists()
    made = change(house, person(house), params, confirmed=needed, **given)
    assert made.confirmed == needed


def test_a_rule_that_ships_off_can_be_turned_on(house: County) -> None:
    made = change(house, person(house), {}, rule="heart-rate-warn", confirmed=False)
    assert not made.is_back
    assert held(person(house)) == [("heart-rate-warn", {}, "1")]


def test_everybody_is_for_the_administrator_of_all_who_live_here(house: County) -> None:
    with pytest.raises(Denied):
        change(house, "*", {"sbp_ge": 170})
    made = change(house, "*", {"sbp_ge": 170}, "admin")
    assert held("*") == [(RULE, {"sbp_ge": 170}, "1")]
    assert made.scope == "*"
    base, _on = rule_scopes.base_below(person(house), RULE)
    assert base["sbp_ge"] == 170
    said = client(house, "admin").get(reverse("monitoring:rule", args=[RULE])).content.decode()
    assert "<b>所有人</b>" in said
    # Somebody beyond the administrator's county: what holds for all is not his to say.
    house.chen.region_code = "990122001001"
    house.chen.save()
    with pytest.raises(Denied):
        change(house, "*", {"sbp_ge": 175}, "admin")


def test_a_doctor_changes_health_rules_of_those_with_a_contract(house: County) -> None:
    now = timezone.now()

    def grant(purpose: str) -> None:
        access.grant(
            actor=SYSTEM, user=house.users["zhao"], subject_type="people.Person",
            subject_id=house.chen.pk, purpose=purpose, field_classes=["identity", "health"],
            source=purpose, at=now - timedelta(days=1),
        )  # fmt: skip

    grant("alarm")
    with pytest.raises(Denied):
        change(house, person(house), {"sbp_ge": 170}, "zhao")
    grant("contract")
    change(house, person(house), {"sbp_ge": 170}, "zhao")
    with pytest.raises(Denied):
        change(house, person(house), {"minutes": 20}, "zhao", rule="bed-empty-night")
    with pytest.raises(Denied):
        change(house, f"org:{house.centre.pk}", {"sbp_ge": 170}, "zhao")
    back(house, person(house), 0, "zhao")
    with pytest.raises(Denied):
        change(house, person(house), {"sbp_ge": 170}, "sun")
