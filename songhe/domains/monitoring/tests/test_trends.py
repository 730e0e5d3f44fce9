"""Trends: days told in sentences, drawn with what is expected, and only what is open."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.domains.devices import services as devices
from songhe.domains.monitoring import trend_reads, trend_words
from songhe.domains.monitoring.tests.conftest import NOW, County
from songhe.domains.people import selectors as people
from songhe.kernel import codes
from songhe.kernel.wire import SubjectKind, fingerprint


def put(person: UUID, device: UUID, rows: list[tuple[datetime, str, float]]) -> None:
    """Store readings of a person, (at, code's key, value), and the newest of each code."""
    keys = {key: codes.by_key(key).number for _at, key, _value in rows}
    kind = int(SubjectKind.PERSON)
    with connection.cursor() as cursor:
        for day in sorted({at.astimezone(UTC).date() for at, _key, _value in rows}):
            cursor.execute("SELECT ensure_reading_day(%s)", [day])
        cursor.executemany(
            "INSERT INTO reading_hot (subject_kind, subject, device, effective_at, fingerprint,"
            " received_at, codes, vals, flags, person)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s::smallint[], %s::float8[], 0, %s)",
            [
                (kind, person, device, at, fingerprint((keys[key],)), at, [keys[key]], [value],
                 person)
                for at, key, value in rows
            ],
        )  # fmt: skip
        last = {key: (at, value) for at, key, value in sorted(rows)}
        order = sorted(last, key=lambda key: keys[key])
        cursor.execute(
            "INSERT INTO latest (subject, subject_kind, codes, times, vals, devices, updated_at)"
            " VALUES (%s, %s, %s::smallint[], %s::timestamptz[], %s::float8[], %s::uuid[], %s)"
            " ON CONFLICT (subject) DO UPDATE SET codes = EXCLUDED.codes, times = EXCLUDED.times,"
            " vals = EXCLUDED.vals, devices = EXCLUDED.devices",
            [person, kind, [keys[key] for key in order], [last[key][0] for key in order],
             [last[key][1] for key in order], [device for _key in order], NOW],
        )  # fmt: skip


@pytest.fixture
def scale(county: County) -> UUID:
    device, _secret = devices.register_device(
        actor=SYSTEM, type="scale", organization_id=county.centre.pk, at=NOW
    )
    return device.pk


def weighed(
    first: float, last: float, *, at: datetime = NOW, days: int = 31
) -> list[tuple[datetime, str, float]]:
    """One weight a day, on a line from first to last with a small wobble."""
    step = (last - first) / (days - 1)
    return [
        (at - timedelta(days=days - 1 - n, minutes=5), "weight", first + n * step + 0.1 * (n % 2))
        for n in range(days)
    ]


def trends(county: County, at: datetime = NOW) -> trend_reads.Trends:
    person = people.get_person(county.actor("sun"), county.chen.pk, at=at)
    return trend_reads.trends_of(county.actor("sun"), person, at=at)


def told(found: trend_reads.Trends, key: str) -> trend_reads.Trend:
    return next(one for one in found.told if one.code.key == key)


def test_three_kilos_in_a_month_are_said_and_drawn_with_what_is_expected(
    county: County, scale: UUID
) -> None:
    put(county.chen.pk, scale, weighed(58.0, 55.0))
    weight = told(trends(county), "weight")
    assert len(weight.days) == 31
    assert [one.low < one.expected < one.high for _at, one in weight.ahead] == [True] * 7
    said = {"en": "three kilos less in a month", "zh-hans": "一个月里减少了三公斤"}
    for language, sentence in said.items():
        with translation.override(language):
            drawn, _nothing = trend_words.shown(trends(county))
        assert sentence in drawn[0].said[0].text
        assert str(drawn[0].picture).count('class="ahead"') == 7
        assert not any(one.status for one in drawn[0].said)


def test_a_published_limit_that_is_reached_is_said_with_its_status(
    county: County, scale: UUID
) -> None:
    put(county.chen.pk, scale, weighed(60.0, 55.0))
    with translation.override("en"):
        drawn, _nothing = trend_words.shown(trends(county))
    limits = [one for one in drawn[0].said if one.status]
    assert len(limits) == 1
    assert "5 % in a month" in limits[0].text
    assert "not yet confirmed" in limits[0].status


def test_too_few_and_too_old_values_are_said_and_nothing_is_forecast(
    county: County, scale: UUID
) -> None:
    then = NOW - timedelta(days=20)
    put(county.chen.pk, scale, weighed(58.0, 55.0, at=then))
    found = trends(county)
    weight = told(found, "weight")
    assert weight.old_days == 20
    assert weight.lines == []
    assert weight.ahead == []
    assert [line.key for line in told(found, "sbp").lines] == ["too_few"]
    with translation.override("en"):
        drawn, nothing = trend_words.shown(found)
    assert "20 days ago" in drawn[0].said[0].text
    assert len(nothing) == 6


def test_steps_are_sums_without_the_day_under_way(county: County, scale: UUID) -> None:
    rows = [
        (NOW - timedelta(days=back, hours=hour), "steps", 400.0)
        for back in range(20)
        for hour in (0, 1)
    ]
    put(county.chen.pk, scale, rows)
    steps = told(trends(county), "steps")
    assert len(steps.days) == 19
    assert {value for _day, value in steps.days} == {800.0}
    assert steps.band == (800.0, 800.0)


def test_steps_counted_from_motion_stand_in_where_no_device_sent_its_own(
    county: County, scale: UUID
) -> None:
    rows = [
        (NOW - timedelta(days=back, hours=hour), "steps-felt", 300.0)
        for back in range(12)
        for hour in (1, 2)
    ]
    rows += [(NOW - timedelta(days=back, hours=1), "cadence", 96.0) for back in range(12)]
    rows += [(NOW - timedelta(days=back, hours=3), "steps", 1000.0) for back in range(1, 5)]
    put(county.chen.pk, scale, rows)
    found = trends(county)
    steps = told(found, "steps")
    # A device's own win, and are never added to ours; the day under way counts for neither.
    assert [value for _at, value in steps.days] == [600.0] * 7 + [1000.0] * 4
    assert steps.felt_days == 7
    assert {value for _at, value in told(found, "cadence").days} == {96.0}
    said = {"en": "On 7 days counted from the motion", "zh-hans": "其中 7 天由佩戴传感器"}
    for language, sentence in said.items():
        with translation.override(language):
            drawn, nothing = trend_words.shown(found)
        shown = next(one for one in drawn if one.key == "steps")
        assert any(sentence in one.text for one in shown.said)
        assert not any(sentence in one.text for one in nothing)


def test_a_sensor_that_speaks_all_the_time_gives_metrics_and_a_few_pricks_do_not(
    county: County, scale: UUID
) -> None:
    every = timedelta(minutes=15)
    rows = [
        (NOW - n * every, "glucose-interstitial", 6.0 if n % 96 > 24 else 12.0)
        for n in range(96 * 15)
    ]
    put(county.chen.pk, scale, rows)
    sensor = trends(county).sensor
    assert sensor is not None
    assert sensor.enough
    assert sensor.in_range_pct == pytest.approx(74, abs=1)
    assert sensor.mage_mmol_l == pytest.approx(6.0, abs=0.5)
    with translation.override("en"):
        assert ("Above 10.0 mmol/L", "26 %") in trend_words.figures(sensor)


def test_pricks_of_a_finger_are_no_continuous_sensor(county: County, scale: UUID) -> None:
    rows = [(NOW - timedelta(hours=6 * n), "glucose-interstitial", 6.0 + n % 3) for n in range(60)]
    put(county.chen.pk, scale, rows)
    found = trends(county)
    assert found.sensor is None
    assert told(found, "glucose-interstitial").days


def test_nothing_is_read_where_health_is_closed(county: County, scale: UUID) -> None:
    put(county.chen.pk, scale, weighed(58.0, 55.0))
    person = people.get_person(county.actor("sun"), county.chen.pk, at=NOW)
    closed = dataclasses.replace(person, fields=frozenset({"identity", "home"}))
    actor = county.actor("sun")
    with CaptureQueriesContext(connection) as queries:
        found = trend_reads.trends_of(actor, closed, at=NOW)
    assert found.told == []
    assert len(queries) == 0
    with CaptureQueriesContext(connection) as queries:
        trend_reads.trends_of(actor, person, at=NOW)
    assert len(queries) == 3


def test_the_page_is_drawn_with_few_queries_and_closed_to_strangers(
    county: County, scale: UUID
) -> None:
    at = timezone.now()
    put(county.chen.pk, scale, weighed(58.0, 55.0, at=at))
    client = Client()
    url = reverse("monitoring:trends", args=[county.chen.pk])
    for login in ("wu", "far"):
        client.force_login(county.users[login])
        assert client.get(url).status_code in (403, 404)
    access.give_role(
        actor=SYSTEM,
        user=county.users["wu"],
        role="operator",
        region_prefix="990121",
        at=at - timedelta(hours=1),
    )
    client.force_login(county.users["wu"])
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url, headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    assert "<svg" in answer.content.decode()
    assert len(queries) < 50
