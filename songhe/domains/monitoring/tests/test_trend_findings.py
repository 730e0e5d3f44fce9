"""Trends as alarms: found in the night, once, with the readings they rest on, and over again."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from songhe.base.access.actor import SYSTEM
from songhe.domains.devices import services as devices
from songhe.domains.monitoring import rule_words, services, words
from songhe.domains.monitoring.models import Alarm, Finding
from songhe.domains.monitoring.rule_forms import OverrideForm
from songhe.domains.monitoring.tests.conftest import NOW, County
from songhe.domains.monitoring.tests.surfaces import client, settle
from songhe.domains.monitoring.tests.test_trends import put, weighed
from songhe.engines.alarms.terms import State
from songhe.kernel.detectors.rules import spec


@pytest.fixture
def scale(county: County) -> UUID:
    device, _secret = devices.register_device(
        actor=SYSTEM, type="scale", organization_id=county.centre.pk, at=NOW
    )
    return device.pk


def night(at=NOW, *, stops: bool = False) -> int:
    return services.watch_trends(clock=lambda: at, should_stop=lambda: stops)


def test_a_loss_is_found_once_and_becomes_an_alarm_with_its_readings(
    county: County, scale: UUID
) -> None:
    put(county.chen.pk, scale, weighed(60.0, 55.0, days=40))
    assert night() == 1
    assert night() == 0
    found = Finding.objects.get(rule="weight-loss-month")
    assert found.summary["share_pct"] >= 5
    assert len(found.evidence) == 14
    assert services.take_findings(at=NOW) == 1
    alarm = Alarm.objects.get()
    assert alarm.person_id == county.chen.pk
    assert alarm.priority == "low"
    for language, sentence in (("en", "Weight fell by"), ("zh-hans", "由")):
        with translation.override(language):
            assert sentence in words.why(found)
            assert "—" not in words.why(found)
            assert words.title(alarm).endswith(" kg")


def test_a_loss_of_less_than_the_limit_is_none(county: County, scale: UUID) -> None:
    put(county.chen.pk, scale, weighed(60.0, 58.5, days=40))
    assert night() == 0


def test_a_single_weight_of_the_last_week_says_nothing(county: County, scale: UUID) -> None:
    rows = weighed(60.0, 50.0, days=40)
    put(county.chen.pk, scale, [*rows[:-7], rows[-1]])
    assert night() == 0
    put(county.chen.pk, scale, rows[-3:-2])
    assert night() == 1


def test_one_odd_weight_is_no_loss(county: County, scale: UUID) -> None:
    rows = weighed(60.0, 60.0, days=40)
    put(county.chen.pk, scale, [*rows[:-1], (rows[-1][0], "weight", 48.0)])
    assert night() == 0


def test_it_is_over_when_the_weight_comes_back(county: County, scale: UUID) -> None:
    put(county.chen.pk, scale, weighed(60.0, 55.0, days=40))
    assert night() == 1
    services.take_findings(at=NOW)
    later = NOW + timedelta(days=10)
    put(county.chen.pk, scale, weighed(59.5, 60.0, at=later, days=9))
    assert night(later) == 1
    cleared = Finding.objects.get(phase="cleared")
    assert cleared.of == Finding.objects.get(phase="raised").pk
    services.take_findings(at=later)
    assert Alarm.objects.get().state == State.RESOLVED
    assert night(later) == 0


def test_who_was_not_weighed_for_a_week_is_not_judged_and_a_stopped_run_stops(
    county: County, scale: UUID
) -> None:
    put(county.chen.pk, scale, weighed(60.0, 55.0, days=40))
    assert night(stops=True) == 0
    assert night(NOW + timedelta(days=9)) == 0
    assert night() == 1


def test_a_rule_that_is_off_for_her_finds_nothing(county: County, scale: UUID) -> None:
    put(county.chen.pk, scale, weighed(60.0, 55.0, days=40))
    services.override_rule(
        actor=SYSTEM,
        scope=f"person:{county.chen.pk}",
        rule="weight-loss-month",
        params={},
        enabled=False,
        reason="on a diet that her doctor made",
        at=NOW,
        confirmed=True,
    )
    assert night() == 0


def test_the_alarm_draws_the_weights_it_rests_on(county: County, scale: UUID) -> None:
    settle(county)
    at = timezone.now()
    put(county.chen.pk, scale, weighed(60.0, 55.0, at=at, days=40))
    assert night(at) == 1
    services.take_findings(at=at)
    page: Client = client(county, "leader")
    answer = page.get(reverse("monitoring:alarm", args=[Alarm.objects.get().pk]))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert text.count("alarm-dot") == 14
    # Their values do not cover each other.
    assert 2 <= text.count("alarm-text") <= 5
    assert "尚未核实" in text


def test_the_rule_is_said_in_words() -> None:
    with translation.override("en"):
        said = rule_words.conditions("weight-loss-month", {"loss_pct": 5, "over_days": 31})
        assert said == "a loss of 5 % within 31 days"
        level = next(p for p in rule_words.parameters("no-sign-of-life") if p.kind == "level")
        assert level.show("warn") == "notice"
        names = {p.name: p.label for p in rule_words.parameters("not-back-by")}
        assert names["from"] == "Home by"


def test_a_priority_among_the_parameters_is_chosen_from_a_list() -> None:
    shipped = spec("no-sign-of-life").params
    given = {"enabled": "yes", "reason": "she lives far away", "least_min": 60, "stretch": "1.0"}
    said = rule_words.parameters("no-sign-of-life")
    for level, is_valid in (("urgent", True), ("loud", False)):
        form = OverrideForm(data={**given, "out_level": level}, parameters=said, base=shipped)
        assert form.is_valid() is is_valid, form.errors
        if is_valid:
            assert form.changes == {"out_level": "urgent"}
