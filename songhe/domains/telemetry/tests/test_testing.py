"""The builder of readings leaves what the gateway leaves: the row, its key, the newest values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from songhe.domains.telemetry.testing import make_reading
from songhe.kernel import codes
from songhe.kernel.ids import uuid7

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def test_latest_is_the_newest_by_effective_time_of_every_code():
    subject, device = uuid7(), uuid7()
    make_reading(subject=subject, device=device, at=NOW, values={"sbp": 140, "dbp": 80})
    earlier = NOW - timedelta(days=2)
    key = make_reading(
        subject=subject, device=device, at=earlier, values={"sbp": 120, "heart-rate": 70}
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT codes, vals, times FROM latest WHERE subject = %s", [subject])
        numbers, values, times = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM reading_hot WHERE subject = %s", [subject])
        assert cursor.fetchone() == (2,)
        cursor.execute("SELECT fingerprint FROM reading_hot WHERE effective_at = %s", [earlier])
        assert cursor.fetchone() == (int(key.fingerprint),)
    found = dict(zip(numbers, zip(values, times, strict=True), strict=True))
    assert found == {
        codes.by_key("sbp").number: (140.0, NOW),
        codes.by_key("dbp").number: (80.0, NOW),
        codes.by_key("heart-rate").number: (70.0, earlier),
    }
