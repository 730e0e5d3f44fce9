"""That Liu is near is told once, by what her phone told last and the time gone since."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps

from songhe.domains.dispatch.services.nearing import tell_near
from songhe.domains.dispatch.testing import stand, tell, told
from songhe.domains.dispatch.tests.conftest import HOME, Centre
from songhe.portals.family.tests.conftest import MIN, Go, visit

pytestmark = pytest.mark.django_db
Notice = apps.get_model("notify", "Notice")
# About 3 km north: some twelve minutes by scooter.
AWAY = (HOME[0] + 0.027, HOME[1])


def near() -> int:
    return int(Notice.objects.filter(kind="dispatch.near").count())


@pytest.fixture
def coming(house: Centre):
    """Let Liu have set out, far away, ten minutes before her visit."""
    now = datetime.now(UTC)
    row = visit(house, at=now - 60 * MIN, begins=now + 10 * MIN)
    place = {"lat": AWAY[0], "lon": AWAY[1], "accuracy_m": 12.0}
    tell(house.users["liu"], [told(row.pk, "set_off", now, **place)], at=now)
    return row, now


def test_far_away_nothing_is_told_and_near_by_time_it_is_told_once(house: Centre, coming) -> None:
    row, now = coming
    assert tell_near(at=now + timedelta(seconds=5)) == 0
    assert near() == 0
    assert tell_near(at=now + 12 * MIN) == 1
    assert near() == 2  # her son, and Grandma Chen herself
    assert tell_near(at=now + 13 * MIN) == 0
    assert near() == 2
    assert Notice.objects.filter(kind="dispatch.near", url=f"/services/{row.order_id}/").exists()


def test_a_place_told_on_the_way_says_it_sooner(house: Centre, coming, go: Go) -> None:
    _row, now = coming
    stand(house.users["liu"], HOME[0] + 0.002, HOME[1], at=now + MIN)
    assert tell_near(at=now + MIN) == 1
    page = go("wei").get("/notices/").content.decode()
    assert "is near" in page
    assert "陈秀兰" in page


def test_without_a_place_nothing_is_guessed(house: Centre) -> None:
    now = datetime.now(UTC)
    row = visit(house, at=now - 60 * MIN, begins=now + 10 * MIN)
    tell(house.users["liu"], [told(row.pk, "set_off", now)], at=now)
    assert tell_near(at=now + 5 * MIN) == 0
    assert near() == 0


def test_who_is_there_already_is_not_near(house: Centre, coming) -> None:
    row, now = coming
    at_door = {"lat": HOME[0], "lon": HOME[1], "accuracy_m": 8.0}
    tell(house.users["liu"], [told(row.pk, "arrived", now + 2 * MIN, **at_door)], at=now + 2 * MIN)
    assert tell_near(at=now + 3 * MIN) == 0
    assert near() == 0


def test_where_she_should_have_been_long_since_nobody_knows(house: Centre, coming) -> None:
    _row, now = coming
    assert tell_near(at=now + 60 * MIN) == 0
