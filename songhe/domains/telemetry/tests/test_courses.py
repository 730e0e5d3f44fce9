"""Long courses and counts of regions equal a count by hand, hot, sealed, late and voided."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from songhe.base.access.actor import SYSTEM
from songhe.domains.people import selectors as people
from songhe.domains.people import services as people_services
from songhe.domains.telemetry import selectors, services
from songhe.domains.telemetry.selectors.courses import Coarse, floor
from songhe.domains.telemetry.services.regions import find_due_days, roll_up_regions
from songhe.domains.telemetry.tests.cast import NOW, Cast, make_cast, put, put_latest
from songhe.kernel.errors import Denied
from songhe.kernel.wire import EvidenceKey, SubjectKind

pytestmark = pytest.mark.django_db
Stored = dict[EvidenceKey, tuple[str, datetime, float]]
START = datetime(2026, 10, 30, 3, 30, tzinfo=UTC)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def rows(statement: str, *given: object) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return list(cursor.fetchall())


def seal_old() -> None:
    services.seal_old_days(clock=lambda: NOW)


def fill(cast: Cast) -> Stored:
    """Store a month of blood pressures, and two days of a heart rate a minute."""
    chance = random.Random(7)
    stored: Stored = {}
    for n in range(26):
        at = START + timedelta(hours=6.3 * n)
        value = float(chance.randint(90, 190))
        key = put(cast.chen, cast.devices["bp"], at, person=cast.chen, sbp=value, dbp=70)
        stored[key] = ("sbp", at, value)
    for n in range(0, 2 * 1440, 7):
        at = datetime(2026, 11, 3, tzinfo=UTC) + timedelta(minutes=n)
        value = 60 + chance.randint(0, 300) / 10
        key = put(cast.chen, cast.devices["band"], at, person=cast.chen, heart_rate=value)
        stored[key] = ("heart-rate", at, value)
    return stored


def by_hand(stored: Stored, key: str, step: Coarse) -> dict[datetime, list[float]]:
    found: dict[datetime, list[float]] = defaultdict(list)
    for code, at, value in sorted(stored.values(), key=lambda one: one[1]):
        if code == key and floor(START, step) <= at < NOW:
            found[floor(at, step)].append(value)
    return found


def check(cast: Cast, stored: Stored) -> None:
    actor = cast.actor("sun")
    person = people.get_person(actor, cast.chen, at=NOW)
    steps: tuple[Coarse, ...] = ("hour", "day", "month")
    for step in steps:
        with CaptureQueriesContext(connection) as queries:
            found = selectors.courses_of(
                actor, person, ["sbp", "heart-rate", "steps"], START, NOW, step=step
            )
        assert len(queries) == (3 if step == "hour" else 2)
        assert found["steps"] == []
        for key in ("sbp", "heart-rate"):
            hand = by_hand(stored, key, step)
            assert [bucket.began_at for bucket in found[key]] == list(hand)
            for bucket in found[key]:
                values = hand[bucket.began_at]
                assert bucket.n == len(values)
                assert bucket.total == pytest.approx(sum(values))
                assert (bucket.low, bucket.high) == (min(values), max(values))
                assert (bucket.first, bucket.last) == (values[0], values[-1])


def test_courses_equal_a_count_by_hand(cast: Cast) -> None:
    stored = fill(cast)
    check(cast, stored)
    seal_old()
    assert rows("SELECT count(*) > 0 FROM reading_hour") == [(True,)]  # the minutes are many
    check(cast, stored)
    # Late data, hot at first, merged later; then again the same; then some voided.
    for minute in (1, 600, 1439):
        at = datetime(2026, 11, 3, tzinfo=UTC) + timedelta(minutes=minute)
        key = put(cast.chen, cast.devices["bp"], at, person=cast.chen, sbp=199.0, dbp=70)
        stored[key] = ("sbp", at, 199.0)
        check(cast, stored)
    seal_old()
    check(cast, stored)
    seal_old()
    highest = [key for key, (_code, _at, value) in stored.items() if value >= 189]
    for key in highest[:2]:
        services.void_reading(actor=SYSTEM, key=key, reason="not hers", at=NOW)
        del stored[key]
    check(cast, stored)


def test_what_is_rolled_up_twice_is_the_same(cast: Cast) -> None:
    fill(cast)
    seal_old()
    look: Callable[[], list[Any]] = lambda: rows(  # noqa: E731
        "SELECT subject, month, code, days, counts, sums, edges FROM reading_month ORDER BY 1, 2, 3"
    )
    before = look()
    put(cast.chen, cast.devices["bp"], START, person=cast.chen, sbp=1, dbp=1)  # there already
    seal_old()
    assert look() == before


def region_by_hand(
    stored: list[tuple[UUID, str, datetime, float]], region: str
) -> dict[datetime, tuple[int, int, float, float, float]]:
    """Count persons, values, their sum, lowest and highest by the hour."""
    hours: dict[datetime, list[tuple[UUID, float]]] = defaultdict(list)
    for person, where, at, value in stored:
        if where.startswith(region):
            hours[floor(at, "hour")].append((person, value))
    return {
        hour: (
            len({person for person, _ in told}),
            len(told),
            sum(value for _, value in told),
            min(value for _, value in told),
            max(value for _, value in told),
        )
        for hour, told in hours.items()
    }


def test_regions_count_persons_where_they_lived_then(cast: Cast) -> None:
    here, there = "990121001002", "990121002001"
    moved_at = datetime(2026, 11, 10, 4, tzinfo=UTC)
    home = people_services.add_home(actor=SYSTEM, region_code=there, address="清河里", at=START)
    people_services.move_in(actor=SYSTEM, person_id=cast.chen, home=home, at=moved_at)
    stored: list[tuple[UUID, str, datetime, float]] = []
    for n in range(30):
        at = datetime(2026, 11, 9, 12, 10, tzinfo=UTC) + timedelta(hours=n)
        put(cast.chen, cast.devices["bp"], at, sbp=120.0 + n, person=cast.chen)
        stored.append((cast.chen, there if at >= moved_at else here, at, 120.0 + n))
        put(cast.other, cast.devices["band"], at, sbp=150.0, person=cast.other)
        stored.append((cast.other, there, at, 150.0))
    put(cast.rooms["living"], cast.devices["pir"], moved_at, kind=SubjectKind.PLACE, power=5)

    def check_regions() -> None:
        services.roll_up_due_regions(clock=lambda: NOW)
        for region in (here, there, "990121001", "990121", "99"):
            found = {
                row[0]: tuple(row[1:])
                for row in rows(
                    "SELECT began_at, persons, n, total, low, high FROM region_hour"
                    " WHERE region_code = %s AND code = 1", region,
                )
            }  # fmt: skip
            assert found == region_by_hand(stored, region), region

    check_regions()
    ((day, persons, n),) = rows(
        "SELECT day, persons, n FROM region_day WHERE region_code = '99' AND code = 1"
        " AND day = '2026-11-10'"
    )
    zone = timezone.get_default_timezone()
    same_day = [one for one in stored if one[2].astimezone(zone).date() == day]
    assert (persons, n) == (2, len(same_day))
    assert find_due_days(at=NOW) == []  # nothing has changed since
    seal_old()
    check_regions()
    late = datetime(2026, 11, 10, 1, tzinfo=UTC)
    put(
        cast.chen,
        cast.devices["bp"],
        late,
        sbp=77.0,
        late_s=(NOW - late).total_seconds() - 300,
        person=cast.chen,
    )
    stored.append((cast.chen, here, late, 77.0))
    check_regions()
    key = put(cast.chen, cast.devices["bp"], late, sbp=77.0, map=90, person=cast.chen)
    services.void_reading(actor=SYSTEM, key=key, reason="double", at=NOW)
    check_regions()


def test_a_day_rolled_up_is_no_longer_due(cast: Cast) -> None:
    put(cast.chen, cast.devices["bp"], NOW - timedelta(hours=1), sbp=120, person=cast.chen)
    assert find_due_days(at=NOW) == [date(2026, 11, 21)]
    roll_up_regions(date(2026, 11, 21))
    assert find_due_days(at=NOW + timedelta(hours=1)) == []


def test_what_is_due_is_found_without_reading_whole_days(cast: Cast) -> None:
    day = NOW.astimezone(UTC).replace(hour=0, minute=0)
    many = 20_000
    (part,) = rows("SELECT ensure_reading_day(%s)", day.date())[0]
    rows(
        "INSERT INTO reading_hot SELECT 1, %s, %s, m.at, n, m.at, '{4}', '{70}', 0, %s"
        " FROM generate_series(1, %s) n, LATERAL (SELECT %s + n * interval '3 seconds' AS at) m"
        " RETURNING 1", cast.chen, cast.devices["band"], cast.chen, many, day,
    )  # fmt: skip
    last = day + timedelta(seconds=3 * many)
    rows("SELECT brin_summarize_new_values(%s)", f"{part}_received_at_idx")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE reading_hot")
    ((pages,),) = rows("SELECT pg_relation_size(%s) / 8192", part)
    assert find_due_days(at=last) == [date(2026, 11, 21), date(2026, 11, 22)]
    ((told,),) = rows(
        "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT DISTINCT effective_at::date"
        " FROM reading_hot WHERE received_at >= %s", last - timedelta(minutes=15),
    )  # fmt: skip
    plan = told[0]["Plan"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < pages / 2, plan


def test_newest_values_of_many_stand_in_their_order(cast: Cast) -> None:
    at = NOW - timedelta(minutes=3)
    put_latest(
        cast.chen,
        SubjectKind.PERSON,
        sbp=(128, at, cast.devices["bp"]),
        temperature=(36.6, NOW, cast.devices["band"]),
    )
    asked = [cast.other, cast.chen], ["temperature", "spo2", "sbp"]
    values, times = selectors.newest_of(*asked)
    nan, nothing = np.nan, [np.nan] * 3
    np.testing.assert_array_equal(values, [nothing, [36.6, nan, 128.0]])
    np.testing.assert_array_equal(times, [nothing, [NOW.timestamp(), nan, at.timestamp()]])
    for nobody in (selectors.newest_of([], ["sbp"]), selectors.newest_of([cast.chen], [])):
        assert nobody[0].size == nobody[1].size == 0
    assert np.isnan(selectors.newest_of([cast.other], ["sbp"])[0]).all()


def test_counts_of_regions_are_for_who_may_see_them(cast: Cast) -> None:
    put(cast.chen, cast.devices["bp"], NOW - timedelta(hours=1), sbp=130, person=cast.chen)
    services.roll_up_due_regions(clock=lambda: NOW)
    admin, start = cast.actor("admin"), NOW - timedelta(days=1)
    (hour,) = selectors.region_hours(admin, "990121001", "sbp", start, NOW)
    assert (hour.persons, hour.n, hour.mean) == (1, 1, 130.0)
    (day,) = selectors.region_days(admin, "990121", "sbp", NOW.date(), NOW.date())
    assert (day.persons, day.low, day.high) == (1, 130.0, 130.0)
    for who, where in (("sun", "990121001"), ("wu", "990121001"), ("admin", "99")):
        with pytest.raises(Denied):
            selectors.region_hours(cast.actor(who), where, "sbp", start, NOW)
