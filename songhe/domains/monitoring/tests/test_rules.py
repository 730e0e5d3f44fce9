"""Changing rules: with a reason, for a scope, as the gateway will read it."""

from __future__ import annotations

import msgspec
import pytest

from songhe.base.access.actor import SYSTEM
from songhe.domains.monitoring import services
from songhe.domains.monitoring.models import GatewayRules, RuleOverride
from songhe.domains.monitoring.services.rules import ReasonForRule
from songhe.domains.monitoring.tests.conftest import NOW, County
from songhe.domains.people import services as people
from songhe.kernel.detectors.rules import BadParameter
from songhe.kernel.errors import NotFound
from songhe.kernel.wire import RuleScope


def read(scope: str) -> RuleScope:
    return msgspec.convert(GatewayRules.objects.get(scope=scope).body, RuleScope)


def test_a_personal_threshold_reaches_the_gateway_with_version(county: County) -> None:
    scope = f"person:{county.chen.pk}"
    services.override_rule(
        actor=county.actor("leader"),
        scope=scope,
        rule="bp-critical",
        params={"sbp_ge": 200},
        enabled=True,
        reason="医生要求",
        confirmed=True,
        at=NOW,
    )
    body = read(scope)
    assert body.organization == county.centre.pk
    [change] = body.changes
    assert (change.rule, change.params, change.enabled) == ("bp-critical", {"sbp_ge": 200}, True)
    services.override_rule(
        actor=county.actor("leader"),
        scope=scope,
        rule="bp-critical",
        params={},
        enabled=True,
        reason="恢复",
        at=NOW,
    )
    assert read(scope).changes == []
    assert RuleOverride.objects.filter(scope=scope).count() == 2


def test_facts_of_a_person_are_what_rules_read(county: County) -> None:
    people.add_fact(
        actor=SYSTEM,
        person_id=county.chen.pk,
        kind="condition",
        code="copd",
        text_zh="慢阻肺",
        text_en="COPD",
        at=NOW,
        data={"spo2_scale": 2},
    )
    services.write_person_scope(person_id=county.chen.pk, at=NOW)
    assert read(f"person:{county.chen.pk}").facts == {"spo2_scale": 2}


def test_refusals_of_a_change(county: County) -> None:
    scope = f"person:{county.chen.pk}"
    leader = county.actor("leader")
    with pytest.raises(ReasonForRule):
        services.override_rule(
            actor=leader,
            scope=scope,
            rule="bp-critical",
            params={"sbp_ge": 200},
            enabled=True,
            reason=" ",
            at=NOW,
        )
    with pytest.raises(BadParameter):
        services.override_rule(
            actor=leader,
            scope=scope,
            rule="bp-critical",
            params={"nonsense": 1},
            enabled=True,
            reason="x",
            at=NOW,
        )
    with pytest.raises(NotFound):
        services.override_rule(
            actor=county.actor("wu"),
            scope=scope,
            rule="bp-critical",
            params={"sbp_ge": 200},
            enabled=True,
            reason="x",
            at=NOW,
        )
    assert not RuleOverride.objects.exists()
