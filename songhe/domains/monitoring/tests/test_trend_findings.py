"""Trends as alarms: found in the night, once, with the readings they rest on, and over again."""

from __future__ import annotations

from datetime import datetime, timedelta
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
from songhe.domains.people import services as people
from songhe.domains.people.terms import FactKind
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


def failing_heart(county: County) -> None:
    people.add_fact(
        actor=SYSTEM,
        person_id=county.chen.pk,
        kind=FactKind.CONDITION,
        code="heart-failure",
        text_zh="心力衰竭",
        text_en="Heart failure",
        at=NOW - timedelta(days=400),
    )
    services.write_person_scope(person_id=county.chen.pk, at=NOW)


def weights(*kilos: float, at=NOW) -> list[tuple[datetime, str, float]]:
    """One weight a morning, the last one a few minutes ago."""
    days = range(len(kilos) - 1, -1, -1)
    return [
        (at - timedelta(days=back, minutes=5), "weight", kg)
        for back, kg in zip(days, kilos, strict=True)
    ]


def gains(at=NOW) -> list[Finding]:
    services.watch_trends(clock=lambda: at, should_stop=lambda: False, within=timedelta(minutes=90))
    rows = Finding.objects.filter(rule="weight-gain-heart-failure")
    return list(rows.order_by("decided_at"))


def test_two_kilos_in_three_days_ring_for_a_failing_heart_alone(
    county: County, scale: UUID
) -> None:
    put(county.chen.pk, scale, weights(60.0, 60.1, 59.9, 60.2, 60.8, 61.4, 62.3))
    assert gains() == []
    failing_heart(county)
    (found,) = gains()
    assert (found.summary["before"], found.summary["value"]) == (60.2, 62.3)
    assert found.summary["more"] == 2.1
    assert gains() == [found]
    services.take_findings(at=NOW)
    alarm = Alarm.objects.get()
    assert (alarm.person_id, alarm.priority) == (county.chen.pk, "medium")
    for language, sentence in (("en", "rose by 2.1 kg"), ("zh-hans", "增加2.1公斤")):
        with translation.override(language):
            assert sentence in words.why(found)


def test_a_gain_is_over_when_half_of_it_is_gone_and_not_by_itself(
    county: County, scale: UUID
) -> None:
    failing_heart(county)
    put(county.chen.pk, scale, weights(60.0, 60.1, 60.0, 62.2))
    assert [one.phase for one in gains()] == ["raised"]
    later = NOW + timedelta(days=5)
    put(county.chen.pk, scale, weights(62.2, 62.3, 62.1, 62.2, at=later))
    assert [one.phase for one in gains(later)] == ["raised"]
    weighed_again = later + timedelta(hours=1)
    put(county.chen.pk, scale, [(weighed_again - timedelta(minutes=2), "weight", 60.7)])
    assert [one.phase for one in gains(weighed_again)] == ["raised", "cleared"]


@pytest.mark.parametrize(
    "kilos",
    [
        (60.0, 60.1, 60.0, 61.9),  # not two
        (62.0, 62.1, 58.0, 62.2),  # one light day: somebody else
        (60.0, 60.4, 61.0, 61.3, 61.6, 62.0, 62.4),  # two kilos in a week
        (60.0, 62.5),  # nothing to hold it against
    ],
)
def test_what_is_no_fast_gain(county: County, scale: UUID, kilos: tuple[float, ...]) -> None:
    failing_heart(county)
    put(county.chen.pk, scale, weights(*kilos))
    assert gains() == []


def test_the_rule_is_said_in_words() -> None:
    with translation.override("en"):
        gain = rule_words.conditions("weight-gain-heart-failure", {"gain_kg": 2, "over_days": 3})
        assert gain == "a gain of 2 kg within 3 days"
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
