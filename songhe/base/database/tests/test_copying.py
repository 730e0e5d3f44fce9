"""Rows that come in by COPY are those that Django's own INSERT makes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test.utils import CaptureQueriesContext

from songhe.base.audit.models import AuditEntry
from songhe.base.database.copying import copy_in
from songhe.base.history.models import Queued
from songhe.domains.people.models import Home, Person, PersonFact, PersonRecord, Residency
from songhe.engines.search.models import SearchEntry
from songhe.kernel.ids import uuid7

NOW = datetime(2026, 11, 22, 8, 30, 15, 123456, tzinfo=UTC)
HARD = ["", "NULL", "\\N", "\\", "a\tb\nc\rd", '陈秀兰 ‘"{},', "\U0002a6d6"]
pytestmark = pytest.mark.django_db


def rows() -> list[list[Any]]:
    """Return rows of every kind of column, parents first."""
    homes = [
        Home(region_code="990121001001", lat=None if n else 35.25, plan={"text": text, "n": [n]})
        for n, text in enumerate(HARD)
    ]
    persons = [
        Person(name=text, pinyin=text, sex="female", birth_on=date(1944, 3, 9 + n),
               region_code="990121001001", phone_sealed=bytes(range(256)) if n else b"",
               id_number_index=bytes([n]) * 32, care_level=None if n else 2)
        for n, text in enumerate(HARD)
    ]  # fmt: skip
    stays = [
        Residency(
            person=one, home=home, period=DateTimeTZRange(NOW, None if n else NOW + timedelta(1))
        )
        for n, (one, home) in enumerate(zip(persons, homes, strict=True))
    ]
    facts = [
        PersonFact(person=persons[0], kind="need", code=text, text_sealed=text.encode(),
                   period=DateTimeTZRange(None, NOW))
        for text in HARD
    ]  # fmt: skip
    records = [
        PersonRecord(person=persons[0], kind="x", value=text, data={"a": text},
                     since_at=NOW + timedelta(n), recorded_at=NOW, recorded_by=uuid7())
        for n, text in enumerate(HARD)
    ]  # fmt: skip
    entries = [
        SearchEntry(id=one.pk, kind="k", target=one.pk, region_code="99", title=one.name,
                    grams=[one.name[:2]] * n, pinyin="", initials="",
                    marks=[b"\\x00", b'"', b""][:n])
        for n, one in enumerate(persons)
    ]  # fmt: skip
    audits = [AuditEntry(at=NOW, kind=AuditEntry.Kind.CHANGE, action=text) for text in HARD]
    return [homes, persons, stays, facts, records, entries, audits]


def stored(some: list[Any]) -> list[dict[str, Any]]:
    found = []
    for row in type(some[0])._default_manager.order_by("pk").values():
        row.pop("created_at", None)
        found.append({key: bytes(x) if isinstance(x, memoryview) else x for key, x in row.items()})
    return found


def test_a_copy_stores_what_an_insert_stores() -> None:
    given, told = rows(), []
    for how in (lambda model, some: model._default_manager.bulk_create(some), copy_in):
        with transaction.atomic():
            for some in given:
                how(type(some[0]), some)
            noted = Queued.objects.order_by("table", "row").values_list("table", "row", "operation")
            told.append(([stored(some) for some in given], list(noted)))
            transaction.set_rollback(True)
    assert told[0] == told[1]
    assert len(told[0][1]) == 5 * len(HARD), "triggers hear of both"


def test_a_copy_is_one_statement_and_says_what_is_there_already() -> None:
    _homes, persons, *_rest = rows()
    with CaptureQueriesContext(connection) as asked:
        copy_in(Person, persons)
        copy_in(Person, [])
    assert len(asked) == 1
    assert abs(Person.objects.latest("created_at").created_at - datetime.now(UTC)).days == 0
    with pytest.raises(IntegrityError), transaction.atomic():
        copy_in(Person, [Person(id=uuid7(), **{"id_number_index": b"\x00" * 32}, name="x",
                                pinyin="x", sex="male", birth_on=date(1950, 1, 1),
                                region_code="99")])  # fmt: skip
    assert Person.objects.count() == len(HARD)
