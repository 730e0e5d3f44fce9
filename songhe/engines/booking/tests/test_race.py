"""Real processes race for the last place: it is given once, by the database itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from songhe.engines.booking import services
from songhe.engines.booking.models import Booking
from tests.support.racing import race

RIVAL = "songhe.engines.booking.tests.rival"
AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
BEGINS, ENDS = AT.isoformat(), (AT + timedelta(hours=1)).isoformat()


def resource(capacity: int) -> str:
    pk = services.set_resource(kind="table", ref=f"test.Table/{uuid4()}", at=AT, capacity=capacity)
    return str(pk)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("capacity", [1, 5])
def test_processes_that_race_get_as_many_places_as_there_are(capacity: int) -> None:
    table = resource(capacity)
    given = {"resource": table, "begins": BEGINS, "ends": ENDS, "times": 6}
    told = race(f"{RIVAL}:book", [{**given, "name": name} for name in "abc"])
    assert sum(one["got"] for one in told) == capacity
    assert sum(one["full"] for one in told) == 18 - capacity
    seats = [row.seats for row in Booking.objects.filter(resource=table)]
    assert len(frozenset().union(*seats)) == len(seats) == capacity


@pytest.mark.django_db(transaction=True)
def test_who_goes_past_the_services_is_stopped_by_the_database() -> None:
    hall = resource(40)
    given = {"resource": hall, "begins": BEGINS, "ends": ENDS}
    told = race(
        f"{RIVAL}:put",
        [{**given, "seats": list(range(40))}, {**given, "seats": list(range(39, -1, -1))}],
    )
    got = [seat for one in told for seat in one["got"]]
    assert sorted(got) == list(range(40))
    assert Booking.objects.filter(resource=hall).count() == 40
