"""Sealed days are the readings they were: found, charted, voided, merged with what comes late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from songhe.domains.people import selectors as people
from songhe.domains.telemetry import selectors, services
from songhe.domains.telemetry.models import Run
from songhe.domains.telemetry.services import sealing
from songhe.domains.telemetry.tests.cast import NOW, Cast, make_cast, put
from songhe.kernel import codes
from songhe.kernel.ids import uuid7
from songhe.kernel.wire import Reading, fingerprint

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 10)
MIDNIGHT = datetime(2026, 11, 10, tzinfo=UTC)
SUBJECTS = [uuid7(), uuid7()]
DEVICES = [uuid7(), uuid7()]
SHAPES = [(4,), (1, 2), (2, 1), (4, 6, 5, 7), (50, 51, 52, 53), (8,), (14,)]


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def rows(statement: str, *given_: object) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given_)
        return list(cursor.fetchall())


def whole_day() -> list[Reading]:
    end = MIDNIGHT + timedelta(days=1)
    return list(selectors.stream(subjects=None, since=MIDNIGHT, until=end))


def seal(day: date = DAY, at: datetime = NOW) -> bool:
    return services.seal_day(day, at=at)


def decimal_values(number: int) -> st.SearchStrategy[float]:
    code = codes.by_number(number)
    whole = 10**code.decimals
    return st.integers(int(code.low) * whole, int(code.high) * whole).map(lambda n: n / whole)


@st.composite
def messages(draw: st.DrawFn) -> tuple[object, ...]:
    """Draw a row of reading_hot: decimal values as devices send, or any float at all."""
    numbers = draw(st.sampled_from(SHAPES))
    any_float = st.floats(-1e9, 1e9)
    values = [draw(st.one_of(decimal_values(n), decimal_values(n), any_float)) for n in numbers]
    unit_us = draw(st.sampled_from([1_000_000, 1000, 1]))
    offset_us = draw(st.integers(0, 86_400_000_000 // unit_us - 1)) * unit_us
    at = MIDNIGHT + timedelta(microseconds=offset_us)
    subject = draw(st.sampled_from(SUBJECTS))
    return (
        draw(st.sampled_from([1, 2])),
        subject,
        draw(st.sampled_from(DEVICES)),
        at,
        fingerprint(numbers),
        at + timedelta(seconds=draw(st.sampled_from([0, 0, 1, 2, -200, 40_000, 7_900_000]))),
        list(numbers),
        values,
        draw(st.sampled_from([0, 0, 64, 65, 3])),
        draw(st.sampled_from([subject, subject, None, DEVICES[0]])),
    )


def store(wanted: Sequence[tuple[object, ...]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ensure_reading_day(%s)", [DAY])
        cursor.executemany(
            "INSERT INTO reading_hot VALUES (%s,%s,%s,%s,%s,%s,%s,%s,%s,%s) ON CONFLICT DO NOTHING",
            wanted,
        )


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(first=st.lists(messages(), max_size=30), late=st.lists(messages(), max_size=6))
def test_sealing_and_merging_lose_nothing(
    first: list[tuple[object, ...]], late: list[tuple[object, ...]]
) -> None:
    rows("DELETE FROM reading_hot RETURNING 1")
    rows("DELETE FROM reading_day RETURNING 1")
    store(first)
    before = whole_day()
    assert seal()
    assert whole_day() == before
    again = [*late, *first[:3]]  # some of them have come already, and are sealed
    store(again)
    together = {id_of(r): r for r in whole_day()} | {id_of(r): r for r in before}
    assert len(whole_day()) == len(together)
    assert seal()
    assert {id_of(r): r for r in whole_day()} == together
    assert rows("SELECT count(*) FROM reading_hot") == [(0,)]


def id_of(reading: Reading) -> tuple[object, ...]:
    return (reading.subject, reading.device, reading.effective_us, reading.fingerprint)


def test_what_is_sealed_is_small_and_its_partition_gone() -> None:
    numbers, mark = [4, 6], fingerprint((4, 6))
    store(
        [
            (1, SUBJECTS[0], DEVICES[0], MIDNIGHT + timedelta(minutes=26 * n), mark,
             MIDNIGHT + timedelta(minutes=26 * n, seconds=n % 3), numbers,
             [60.0 + n % 9, 96.0], 0, SUBJECTS[0])
            for n in range(55)
        ]
    )  # fmt: skip
    assert seal()
    assert rows("SELECT to_regclass('reading_hot_20261110')") == [(None,)]
    ((n, readings, size),) = rows("SELECT messages, readings, bytes FROM sealed_day")
    assert (n, readings) == (55, 110)
    assert size / readings < 10
    assert rows("SELECT pg_typeof(vals16)::text, flags_each FROM reading_day") == [
        ("smallint[]", None)
    ]


def test_only_closed_days_are_sealed_and_each_leaves_its_record() -> None:
    at = datetime(2026, 11, 13, 0, 5, tzinfo=UTC)
    for day in range(9, 14):
        put(SUBJECTS[0], DEVICES[0], datetime(2026, 11, day, 12, tzinfo=UTC), heart_rate=70)
    assert services.seal_old_days(clock=lambda: at) == 1
    assert rows("SELECT day FROM sealed_day") == [(date(2026, 11, 9),)]
    assert services.seal_old_days(clock=lambda: at + timedelta(days=1)) == 1
    assert list(Run.objects.values_list("work", "state", "day", "done", "total")) == [
        ("seal", "done", date(2026, 11, 9), 1, 1),
        ("seal", "done", date(2026, 11, 10), 1, 1),
    ]


def test_a_stopped_run_is_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "PIECE_MESSAGES", 2)
    for subject in [uuid7() for _ in range(5)]:
        put(subject, DEVICES[0], MIDNIGHT, heart_rate=70)
        put(subject, DEVICES[0], MIDNIGHT + timedelta(hours=1), heart_rate=71)
    before = whole_day()
    asked: list[bool] = []

    def enough() -> bool:
        asked.append(True)
        return len(asked) >= 2

    assert services.seal_old_days(clock=lambda: NOW, should_stop=enough) == 0
    run = Run.objects.get()
    assert (run.state, run.done, run.total) == ("stopped", 4, 10)
    assert rows("SELECT count(*) FROM reading_hot") == [(6,)]
    assert whole_day() == before
    assert services.seal_old_days(clock=lambda: NOW) == 1
    assert whole_day() == before


def test_what_was_written_wrong_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in packing changes nothing: the readings stay hot, the run says so."""
    from songhe.domains.telemetry.services import packing

    put(SUBJECTS[0], DEVICES[0], MIDNIGHT, heart_rate=70)
    before = whole_day()
    monkeypatch.setattr(
        packing, "_SEAL", packing._SEAL.replace("round(v.val *", "round(1 + v.val *")
    )
    with pytest.raises(services.SealBroken):
        services.seal_old_days(clock=lambda: NOW)
    assert Run.objects.get().state == "failed"
    assert whole_day() == before
    assert rows("SELECT count(*) FROM reading_hot") == [(1,)]


def test_evidence_voiding_and_tables_of_a_sealed_day(cast: Cast) -> None:
    actor = cast.actor("admin")
    person = people.get_person(actor, cast.chen, at=NOW)
    keys = [
        put(cast.chen, cast.devices["bp"], MIDNIGHT + timedelta(hours=n), sbp=186.0 + n, dbp=112,
            late_s=5, flags=64, person=cast.chen)
        for n in range(4)
    ]  # fmt: skip
    window = (MIDNIGHT - timedelta(days=1), MIDNIGHT + timedelta(days=2))
    hot, _ = selectors.readings_by_keys(keys)
    table = selectors.readings_of(actor, person, ["sbp"], *window)
    chart = selectors.series(actor, person, ["sbp", "dbp"], *window)
    assert seal()
    assert selectors.readings_by_keys(keys) == (hot, [])
    assert selectors.readings_of(actor, person, ["sbp"], *window) == table
    assert selectors.series(actor, person, ["sbp", "dbp"], *window) == chart
    services.void_reading(actor=actor, key=keys[1], reason="cuff slipped", at=NOW)
    found, gone = selectors.readings_by_keys(keys)
    assert (len(found), gone) == (3, [keys[1]])
    voided = selectors.voided_by_keys(keys)[keys[1]]
    assert voided.reading == hot[1]
    assert selectors.readings_of(actor, person, ["sbp"], *window)[1] == 3
    assert rows("SELECT messages, readings FROM sealed_day") == [(3, 6)]
    with pytest.raises(services.NoSuchReading):
        services.void_reading(actor=actor, key=keys[1], reason="again", at=NOW)
    for key in (keys[0], keys[2], keys[3]):
        services.void_reading(actor=actor, key=key, reason="all of them", at=NOW)
    assert rows("SELECT count(*) FROM reading_day") == [(0,)]
    assert rows("SELECT messages, readings, bytes FROM sealed_day") == [(0, 0, 0)]


def test_a_reading_that_came_twice_is_voided_once(cast: Cast) -> None:
    key = put(cast.chen, cast.devices["bp"], MIDNIGHT, sbp=186, dbp=112, person=cast.chen)
    assert seal()
    put(cast.chen, cast.devices["bp"], MIDNIGHT, sbp=186, dbp=112, person=cast.chen)
    services.void_reading(actor=cast.actor("admin"), key=key, reason="twice", at=NOW)
    assert selectors.readings_by_keys([key]) == ([], [key])
    assert rows("SELECT count(*) FROM voided_reading") == [(1,)]


def test_tables_are_paged_over_sealed_and_hot_days(cast: Cast) -> None:
    actor = cast.actor("sun")
    person = people.get_person(actor, cast.chen, at=NOW)
    times = [NOW - timedelta(hours=5 * n + 1) for n in range(60)]
    for at in times:
        put(cast.chen, cast.devices["band"], at, heart_rate=70, person=cast.chen)
    for day in range(8, 16):
        seal(date(2026, 11, day))
    start, end = NOW - timedelta(days=13), NOW - timedelta(hours=3)
    shown: list[datetime] = []
    for offset in range(0, 70, 7):
        page, total = selectors.readings_of(
            actor, person, ["heart-rate"], start, end, limit=7, offset=offset
        )
        assert total == 59
        shown += [row.at for row in page]
    assert shown == times[1:]
