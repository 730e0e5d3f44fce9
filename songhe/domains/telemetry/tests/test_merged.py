"""What was measured under an entry that was merged is read with the entry that stayed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import cast as typed
from uuid import UUID

import pytest
from django.db import connection

from songhe.base.access.actor import SYSTEM
from songhe.base.database.base import DatabaseWrapper
from songhe.base.database.roles import APP
from songhe.domains.people import selectors as people
from songhe.domains.people import services
from songhe.domains.people.selectors import PersonView
from songhe.domains.people.services import merging
from songhe.domains.telemetry import selectors
from songhe.domains.telemetry.tests.cast import NOW, Cast, make_cast, put, put_latest
from songhe.kernel.wire import SubjectKind

pytestmark = pytest.mark.django_db
THEN = NOW - timedelta(days=2)


@contextmanager
def behind_the_wall(cast: Cast, name: str) -> Iterator[PersonView]:
    """Give Grandma Chen as somebody sees her, with the database behind its wall for them."""
    database = typed(DatabaseWrapper, connection)
    database.wall(APP)
    database.stand_as(cast.users[name].pk)
    try:
        yield people.get_person(cast.actor(name), cast.chen, at=NOW)
    finally:
        database.stand_as(None)
        database.wall(None)


def pressures(cast: Cast, name: str) -> list[float | None]:
    with behind_the_wall(cast, name) as chen:
        found = selectors.series(
            cast.actor(name), chen, ["sbp"], NOW - timedelta(days=9), NOW, max_points=100
        )
        assert found.count == len(found.samples)
        return [sample.values[0] for sample in found.samples]


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def twice(cast: Cast) -> UUID:
    """Register Chen a second time, in the other town, with a blood pressure and a weight there."""
    again = services.register_person(
        actor=SYSTEM,
        name="陈秀蓝",
        sex="female",
        birth_on=date(1944, 3, 5),
        region_code="990121002001",
        at=THEN,
    ).pk
    put(again, cast.devices["bp"], THEN, sbp=171, dbp=99)
    put(cast.chen, cast.devices["bp"], NOW - timedelta(hours=1), sbp=132, dbp=80)
    bp, band = cast.devices["bp"], cast.devices["band"]
    put_latest(
        again, SubjectKind.PERSON, sbp=(171, THEN, bp), heart_rate=(64, NOW - timedelta(1), band)
    )
    put_latest(
        cast.chen,
        SubjectKind.PERSON,
        sbp=(132, NOW - timedelta(hours=1), bp),
        heart_rate=(90, THEN, band),
    )
    return again


@pytest.mark.parametrize("name", ["sun", "wei"])
def test_readings_of_both_entries_are_hers(cast: Cast, twice: UUID, name: str) -> None:
    assert pressures(cast, name) == [132.0]
    merge = merging.merge_persons(
        actor=SYSTEM, kept_id=cast.chen, gone_id=twice, reason="one person", at=NOW
    )
    assert pressures(cast, name) == [171.0, 132.0]
    with behind_the_wall(cast, name) as chen:
        actor = cast.actor(name)
        newest = {
            value.code.key: (value.value, value.subject)
            for value in selectors.latest_of(actor, chen, None, at=NOW)
        }
        many = selectors.latest_of_persons(actor, [chen], at=NOW)[chen.id]
        course = selectors.courses_of(
            actor, chen, ["sbp"], NOW - timedelta(days=9), NOW, step="month"
        )["sbp"]
        rows, count = selectors.readings_of(actor, chen, ["sbp"], NOW - timedelta(days=9), NOW)
    assert newest == {"sbp": (132.0, chen.id), "heart-rate": (64.0, chen.id)}
    assert {value.code.key: value.value for value in many} == {"sbp": 132.0, "heart-rate": 64.0}
    assert [(bucket.n, bucket.low, bucket.high) for bucket in course] == [(2, 132.0, 171.0)]
    assert count == 2
    assert [row.key.subject for row in rows] == [cast.chen, twice]
    merging.undo_merge(actor=SYSTEM, merge_id=merge.pk, at=NOW)
    assert pressures(cast, name) == [132.0]


def test_who_does_not_see_her_sees_neither_entry(cast: Cast, twice: UUID) -> None:
    """Of the other town's operator the merged entry was; she lives elsewhere."""
    merging.merge_persons(
        actor=SYSTEM, kept_id=cast.chen, gone_id=twice, reason="one person", at=NOW
    )
    for name in ("far", "wu"):
        with pytest.raises(people.NoSuchPerson):
            people.get_person(cast.actor(name), twice, at=NOW)


def test_a_finding_that_comes_late_rings_for_who_stayed(cast: Cast, twice: UUID) -> None:
    merging.merge_persons(
        actor=SYSTEM, kept_id=cast.chen, gone_id=twice, reason="one person", at=NOW
    )
    assert people.living_id(twice) == cast.chen
    assert people.living_id(cast.chen) == cast.chen
    services.record_fact(
        actor=SYSTEM,
        person_id=cast.chen,
        fact=services.Fact("death", "died"),
        since=NOW - timedelta(days=1),
        at=NOW,
    )
    assert people.living_id(twice) is None
    assert people.dead_among([twice, cast.other]) == {twice}
