"""The hand-packed COPY rows, read back from a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from songhe.gateway.writer import rows
from songhe.kernel.time import to_us
from songhe.kernel.wire import Reading

instants_us = st.integers(0, 4_102_444_800_000_000)
uuids = st.uuids()
floats = st.floats(allow_nan=False)
codes = st.lists(st.integers(1, 32_767), min_size=1, max_size=12, unique=True).map(tuple)


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    numbers = draw(codes)
    return Reading(
        draw(st.integers(1, 3)),
        draw(uuids),
        draw(uuids),
        draw(instants_us),
        draw(instants_us),
        numbers,
        tuple(draw(st.lists(floats, min_size=len(numbers), max_size=len(numbers)))),
        draw(st.integers(0, 127)),
        draw(st.none() | uuids),
    )


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    """Return a connection with tables of the rows' shapes."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "CREATE TEMP TABLE packed (subject_kind smallint, subject uuid, device uuid,"
            " effective_at timestamptz, fingerprint bigint, received_at timestamptz,"
            " codes smallint[], vals float8[], flags int, person uuid)"
        )
        connection.execute(
            "CREATE TEMP TABLE newest (subject uuid, subject_kind smallint, codes smallint[],"
            " times timestamptz[], vals float8[], devices uuid[], updated_at timestamptz)"
        )
        yield connection


def copied(
    database: psycopg.Connection[Any], table: str, columns: str, packed: bytes
) -> list[tuple[Any, ...]]:
    """Copy a stream into an emptied table and return what is in it."""
    database.execute(f"TRUNCATE {table}")
    with database.cursor() as cursor:
        with cursor.copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(packed)
        return cursor.execute(f"SELECT {columns} FROM {table}").fetchall()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(readings(), max_size=5))
def test_readings_come_back_as_they_were(
    database: psycopg.Connection[Any], sent: list[Reading]
) -> None:
    packed = rows.stream(rows.reading(row, row.fingerprint) for row in sent)
    found = copied(database, "packed", rows.READING_COLUMNS, packed)
    assert [
        Reading(r[0], r[1], r[2], to_us(r[3]), to_us(r[5]), tuple(r[6]), tuple(r[7]), r[8], r[9])
        for r in found
    ] == sent
    assert [row[4] for row in found] == [row.fingerprint for row in sent]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    uuids,
    st.dictionaries(st.integers(1, 99), st.tuples(instants_us, floats, uuids), min_size=1),
    instants_us,
)
def test_newest_values_come_back_by_code(
    database: psycopg.Connection[Any],
    subject: UUID,
    cells: dict[int, tuple[int, float, UUID]],
    updated_us: int,
) -> None:
    packed = rows.stream([rows.latest(subject, 1, cells, updated_us)])
    ((got, kind, numbers, times, values, devices, updated_at),) = copied(
        database, "newest", rows.LATEST_COLUMNS, packed
    )
    assert (got, kind, to_us(updated_at)) == (subject, 1, updated_us)
    assert numbers == sorted(cells)
    found = zip(numbers, map(to_us, times), values, devices, strict=True)
    assert {number: (at, value, device) for number, at, value, device in found} == cells
