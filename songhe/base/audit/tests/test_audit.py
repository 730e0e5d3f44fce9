"""The audit trail cannot be changed, not even by raw SQL."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.audit import services
from songhe.base.audit.models import AuditEntry
from songhe.kernel.ids import uuid7

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "sql", ["UPDATE audit_auditentry SET action = 'x'", "DELETE FROM audit_auditentry"]
)
def test_entries_are_append_only(sql: str) -> None:
    services.record_change(actor=SYSTEM, action="a.b", ref="x/1", at=NOW)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(sql)
    assert AuditEntry.objects.get().action == "a.b"


def test_reads_are_recorded_one_row_a_person_and_the_systems_own_are_not() -> None:
    reader = Actor(user_id=uuid7(), display_name="x", request_id="r1")
    services.record_reads(actor=reader, action="people.view_person", refs=["p/1", "p/2"], at=NOW)
    services.record_reads(actor=SYSTEM, action="people.view_person", refs=["p/3"], at=NOW)
    rows = AuditEntry.objects.filter(kind="read").order_by("ref")
    assert [(row.ref, row.user_id, row.request_id) for row in rows] == [
        ("p/1", reader.user_id, "r1"),
        ("p/2", reader.user_id, "r1"),
    ]
