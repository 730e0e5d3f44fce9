"""The room of a tag: by the beacon heard best, since when, how sure, and only where it is open."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from songhe.base.access.actor import SYSTEM
from songhe.domains.devices import services as devices
from songhe.domains.monitoring import room_reads
from songhe.domains.monitoring.tests.conftest import NOW, County
from songhe.domains.monitoring.tests.surfaces import client, settle
from songhe.domains.monitoring.tests.test_trends import put
from songhe.domains.people import selectors as people
from songhe.domains.people import services as people_services


@pytest.fixture
def beacons(county: County) -> dict[str, UUID]:
    """Return a beacon in the bedroom and one in the kitchen."""
    kitchen = people_services.add_room(actor=SYSTEM, home=county.home, kind="kitchen", name="厨房")
    found = {}
    for name, room in (("bedroom", county.bedroom), ("kitchen", kitchen)):
        device, _secret = devices.register_device(
            actor=SYSTEM, type="beacon", organization_id=county.centre.pk, at=NOW
        )
        since = NOW - timedelta(days=9)
        devices.bind_device(actor=SYSTEM, device_id=device.pk, room_id=room.pk, at=since)
        found[name] = device.pk
    return found


def hear(
    county: County,
    beacons: dict[str, UUID],
    begin: datetime,
    minutes: int,
    bedroom: float,
    kitchen: float,
) -> None:
    """Store what a tag hears each 20 s: strengths in dBm of the two beacons."""
    times = [begin + timedelta(seconds=20 * n) for n in range(3 * minutes)]
    for name, strength in (("bedroom", bedroom), ("kitchen", kitchen)):
        put(county.chen.pk, beacons[name], [(at, "sighting", strength) for at in times])


def room(county: County, at: datetime = NOW) -> room_reads.RoomNow | None:
    person = people.get_person(county.actor("sun"), county.chen.pk, at=at)
    assert "location" in person.fields
    return room_reads.room_of(county.actor("sun"), person, at=at)


def test_she_went_from_the_bedroom_to_the_kitchen(county: County, beacons: dict[str, UUID]) -> None:
    hear(county, beacons, NOW - timedelta(minutes=60), 40, -55, -80)
    hear(county, beacons, NOW - timedelta(minutes=20), 20, -82, -57)
    found = room(county)
    assert found is not None
    assert found.room == "厨房"
    assert abs(found.since - (NOW - timedelta(minutes=20))) < timedelta(minutes=2)
    assert found.certainty > 0.9
    assert not found.at_least


def test_two_beacons_as_loud_as_each_other_are_told_as_unsure(
    county: County, beacons: dict[str, UUID]
) -> None:
    hear(county, beacons, NOW - timedelta(minutes=10), 10, -65, -66)
    found = room(county)
    assert found is not None
    assert found.certainty < 0.7


def test_a_tag_that_hears_nothing_more_is_nowhere_known(
    county: County, beacons: dict[str, UUID]
) -> None:
    hear(county, beacons, NOW - timedelta(minutes=40), 20, -55, -80)
    found = room(county)
    assert found is not None
    assert found.room == ""
    assert abs(found.since - (NOW - timedelta(minutes=20))) < timedelta(minutes=1)


def test_a_long_stay_is_at_least_so_long_and_no_tag_says_nothing(
    county: County, beacons: dict[str, UUID]
) -> None:
    assert room(county) is None
    hear(county, beacons, NOW - timedelta(hours=5), 300, -55, -80)
    found = room(county)
    assert found is not None
    assert found.at_least


def test_nothing_is_read_where_positions_are_closed(
    county: County, beacons: dict[str, UUID]
) -> None:
    hear(county, beacons, NOW - timedelta(minutes=10), 10, -55, -80)
    actor = county.actor("sun")
    person = people.get_person(actor, county.chen.pk, at=NOW)
    closed = dataclasses.replace(person, fields=person.fields - {"location"})
    with CaptureQueriesContext(connection) as queries:
        assert room_reads.room_of(actor, closed, at=NOW) is None
    assert len(queries) == 0
    with CaptureQueriesContext(connection) as queries:
        assert room_reads.room_of(actor, person, at=NOW) is not None
    assert len(queries) == 3


def test_her_page_says_it(county: County, beacons: dict[str, UUID]) -> None:
    settle(county)
    at = timezone.now()
    hear(county, beacons, at - timedelta(minutes=10), 10, -55, -80)
    page = client(county, "leader").get(reverse("people:person", args=[county.chen.pk]))
    assert "h-room" in page.content.decode()
    assert "卧室" in page.content.decode()
