"""Charts from a day to ten years: the server picks the resolution, extremes stay, ways lead on."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from songhe.domains.people import selectors as people
from songhe.domains.telemetry import selectors, services
from songhe.domains.telemetry.panels.charts import extremes
from songhe.domains.telemetry.panels.window import RANGES_DAYS, window_of
from songhe.domains.telemetry.selectors import Bucket
from songhe.domains.telemetry.selectors.courses import Coarse
from songhe.domains.telemetry.tests.cast import NOW, Cast, make_cast, put, put_latest
from songhe.kernel.wire import SubjectKind

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_the_step_grows_with_the_window() -> None:
    steps = [window_of(days, NOW).step for days in RANGES_DAYS]
    assert steps == ["raw", "raw", "raw", "raw", "hour", "day", "month"]


def test_ways_lead_earlier_later_nearer_and_wider() -> None:
    now = window_of(30, NOW)
    assert now.later() is None
    before = now.earlier()
    assert before is not None
    assert before.until == date(2026, 11, 6)
    assert before.end - before.start == timedelta(days=30)
    after = before.later()
    assert after is not None
    assert after.until is None  # it ends now again
    nearer, wider = before.nearer(), before.wider()
    assert nearer is not None
    assert wider is not None
    assert before.start < nearer.start < nearer.end < before.end
    assert wider.days == 90
    assert wider.end <= NOW
    assert window_of(1, NOW).nearer() is None
    assert window_of(3650, NOW).wider() is None
    oldest = window_of(3650, NOW)
    for _ in range(9):
        oldest = oldest.earlier() or oldest
    assert oldest.end > NOW - timedelta(days=21 * 365)


def test_extremes_of_a_bucket_are_both_drawn() -> None:
    one = Bucket(NOW, 5, 400.0, 41.0, 180.0, 90.0, 60.0)
    flat = Bucket(NOW + timedelta(hours=1), 1, 70.0, 70.0, 70.0, 70.0, 70.0)
    points = extremes([one, flat], timedelta(hours=1))
    assert [value for _at, value in points] == [180.0, 41.0, 70.0]  # it went down
    assert [at for at, _value in points] == sorted(at for at, _value in points)


@pytest.mark.parametrize(("days", "step"), [(150, "hour"), (365, "day"), (3650, "month")])
def test_one_wild_value_is_seen_at_every_distance(cast: Cast, days: int, step: Coarse) -> None:
    wild = NOW - timedelta(days=100, hours=5)
    for n in range(40):
        at = wild - timedelta(hours=n + 1)
        put(cast.chen, cast.devices["band"], at, heart_rate=70, person=cast.chen)
    put(cast.chen, cast.devices["band"], wild, heart_rate=199, person=cast.chen)
    services.seal_old_days(clock=lambda: NOW)
    actor = cast.actor("sun")
    person = people.get_person(actor, cast.chen, at=NOW)
    start = NOW - timedelta(days=days)
    found = selectors.courses_of(actor, person, ["heart-rate"], start, NOW, step=step)
    points = extremes(found["heart-rate"], timedelta(hours=1))
    assert max(value for _at, value in points) == 199
    assert min(value for _at, value in points) == 70


def client_of(cast: Cast, language: str = "en") -> Client:
    client = Client()
    client.force_login(cast.users["sun"])
    client.cookies["songhe_language"] = language
    return client


def some_years(cast: Cast) -> datetime:
    now = timezone.now()
    for weeks in range(0, 60, 6):
        at = now - timedelta(weeks=weeks, hours=2)
        put(cast.chen, cast.devices["bp"], at, sbp=140 + weeks, dbp=80, person=cast.chen)
        put(cast.chen, cast.devices["band"], at, heart_rate=70 + weeks, steps=500, person=cast.chen)
    band = cast.devices["band"]
    put_latest(
        cast.chen,
        SubjectKind.PERSON,
        sbp=(140, now - timedelta(hours=2), cast.devices["bp"]),
        dbp=(80, now - timedelta(hours=2), cast.devices["bp"]),
        heart_rate=(70, now - timedelta(hours=2), band),
        steps=(500, now - timedelta(hours=2), band),
    )
    services.seal_old_days(clock=lambda: now)
    return now


def test_pages_of_every_length_ask_a_bounded_number_of_queries(cast: Cast) -> None:
    now = some_years(cast)
    client = client_of(cast)
    counts: dict[Any, int] = {}
    year_ago = (now - timedelta(days=300)).date().isoformat()
    for query in (*(f"days={days}" for days in RANGES_DAYS), f"days=30&until={year_ago}"):
        with CaptureQueriesContext(connection) as queries:
            response = client.get(f"/people/{cast.chen}/?{query}")
        assert response.status_code == 200
        counts[query] = len(queries)
    # single readings: one query each for pressure, lines, steps; long courses: two or three each
    assert max(counts.values()) <= counts["days=14"] + 6, counts


def test_the_long_page_says_what_a_mark_stands_for(cast: Cast) -> None:
    now = some_years(cast)
    text = client_of(cast).get(f"/people/{cast.chen}/?days=3650").content.decode()
    assert "lowest and highest of each month" in text
    assert "average of a day, by the month" in text
    assert re.search(r'<text[^>]*text-anchor="(?:start|end)"[^>]*>20\d\d</text>', text)
    assert 'href="?days=365"' in text
    earlier = (now - timedelta(days=1825)).date().year
    assert re.search(rf"days=3650&(?:amp;)?until={earlier}", text)
    chinese = client_of(cast, "zh-hans").get(f"/people/{cast.chen}/?days=365").content.decode()
    assert "每日最低与最高" in chinese
    table = client_of(cast).get(f"/people/{cast.chen}/readings/blood-pressure/?days=3650")
    assert table.status_code == 200  # single readings are shown for a year at most
    assert "140/80 mmHg" in table.content.decode()
