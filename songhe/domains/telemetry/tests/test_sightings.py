"""Beacons that a worn tag hears tell where a person is: only who may see that sees them."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import connection

from songhe.domains.devices.models import Device
from songhe.domains.people import selectors as people
from songhe.domains.telemetry import selectors
from songhe.domains.telemetry.services import seal_old_days
from songhe.domains.telemetry.tests.cast import NOW, Cast, make_cast, put, put_latest
from songhe.kernel import codes
from songhe.kernel.wire import SubjectKind, fingerprint

pytestmark = pytest.mark.django_db
SIGHTING, LINK = (codes.by_key(key).number for key in ("sighting", "rssi"))


@pytest.fixture
def cast() -> Cast:
    made = make_cast()
    Device.objects.filter(pk=made.devices["mattress"]).update(type="beacon")
    return made


def test_readings_of_beacons_open_with_the_location_only(cast: Cast) -> None:
    at = NOW - timedelta(hours=1)
    put(cast.chen, cast.devices["mattress"], at, sighting=-71)
    put(cast.chen, cast.devices["band"], at, rssi=-60)
    for who, seen in (("sun", 1), ("wei", 1), ("zhao", 0), ("liu", 0)):
        actor = cast.actor(who)
        person = people.get_person(actor, cast.chen, at=NOW)
        _, total = selectors.readings_of(actor, person, ["sighting"], at - timedelta(hours=1), NOW)
        assert total == seen, who


def test_sightings_stored_before_get_their_code(cast: Cast) -> None:
    beacon, band = cast.devices["mattress"], cast.devices["band"]
    old, new = NOW - timedelta(days=9), NOW - timedelta(hours=1)
    for at in (old, new):
        put(cast.chen, beacon, at, rssi=-71)
        put(cast.chen, band, at, rssi=-60)
        put(beacon, beacon, at, kind=SubjectKind.DEVICE, rssi=-50)
    put_latest(cast.chen, SubjectKind.PERSON, sbp=(128, new, band), rssi=(-71, new, beacon))
    seal_old_days(clock=lambda: NOW)
    move(LINK, SIGHTING)
    stored = set(rows("SELECT subject, device, codes_of[1], fingerprint, vals[1]"
                      " FROM readings(NULL, NULL, %s, %s)", [old, NOW]))  # fmt: skip
    mark, other = fingerprint((SIGHTING,)), fingerprint((LINK,))
    assert stored == {
        (cast.chen, beacon, SIGHTING, mark, -71.0),
        (cast.chen, band, LINK, other, -60.0),
        (beacon, beacon, LINK, other, -50.0),
    }
    (latest,) = rows("SELECT codes, vals FROM latest WHERE subject = %s", [cast.chen])
    assert latest == ([codes.by_key("sbp").number, SIGHTING], [128.0, -71.0])
    move(SIGHTING, LINK)
    assert {row[2] for row in rows("SELECT 0, 0, codes_of[1] FROM readings(NULL, NULL, %s, %s)",
                                   [old, NOW])} == {LINK}  # fmt: skip


def move(of: int, to: int) -> None:
    migration = import_module("songhe.domains.telemetry.migrations.0008_sightings")
    with connection.cursor() as cursor:
        migration.move(cursor, of, to)


def rows(statement: str, given: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return cursor.fetchall()
