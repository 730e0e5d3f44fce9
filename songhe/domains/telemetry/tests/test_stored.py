"""The stream of stored readings: everything once, in time order, day by day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from songhe.domains.telemetry import selectors, services
from songhe.domains.telemetry.selectors.stored import days_at_once
from songhe.domains.telemetry.tests.cast import NOW, put
from songhe.kernel.ids import uuid7
from songhe.kernel.time import to_us

pytestmark = pytest.mark.django_db


def test_the_stream_gives_everything_once_in_time_order() -> None:
    one, other, device = uuid7(), uuid7(), uuid7()
    times = [NOW - timedelta(hours=hours) for hours in (50, 30, 26, 3, 1)]
    for subject in (one, other):
        for at in reversed(times):
            put(subject, device, at, heart_rate=70, flags=1, late_s=5)
    put(one, device, NOW, heart_rate=70)  # the end is not part of it
    found = list(selectors.stream(subjects=None, since=times[0], until=NOW, chunk_rows=3))
    assert [row.effective_us for row in found] == [to_us(at) for at in times for _ in "12"]
    only = list(selectors.stream(subjects=[other], since=times[1], until=NOW))
    assert {row.subject for row in only} == {other}
    assert len(only) == 4
    assert only[0].received_us - only[0].effective_us == 5_000_000
    put(one, device, NOW - timedelta(hours=2), spo2=96)
    spo2 = list(selectors.stream(subjects=[one, other], since=times[0], until=NOW, codes=[6]))
    assert [row.codes for row in spo2] == [(6,)]
    assert (only[0].codes, only[0].values, only[0].flags) == ((4,), (70.0,), 1)
    assert list(selectors.stream(subjects=[], since=times[0], until=NOW)) == []
    assert list(selectors.stream(subjects=None, since=NOW, until=NOW)) == []


def test_weeks_of_few_subjects_are_one_query_and_days_of_many() -> None:
    one, device = uuid7(), uuid7()
    times = [NOW - timedelta(hours=13 * n) for n in range(48, 0, -1)]  # 26 days
    for at in times:
        put(one, device, at, heart_rate=70)
    services.seal_old_days(clock=lambda: NOW)  # most are old days now
    with CaptureQueriesContext(connection) as queries:
        found = list(selectors.stream(subjects=[one], since=times[0], until=NOW, chunk_rows=5))
    assert [row.effective_us for row in found] == [to_us(at) for at in times]
    assert len(queries) == 1
    crowd = [uuid7() for _ in range(1_000)]
    assert [days_at_once(some) for some in (None, crowd, crowd[:200], [one])] == [1, 1, 7, 1_400]
    many = list(selectors.stream(subjects=[one, *crowd], since=times[0], until=NOW))
    assert many == found
