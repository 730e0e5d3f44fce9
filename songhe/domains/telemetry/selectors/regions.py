"""Counts of regions by hour or day, and the newest values of many persons at once."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import psycopg
from django.db import connection
from psycopg import sql
from psycopg.adapt import Dumper
from psycopg.pq import Format

from songhe.base.access.actor import Actor
from songhe.domains.telemetry.terms import VIEW_REGIONS
from songhe.kernel import codes
from songhe.kernel.errors import Denied
from songhe.kernel.time import from_us


@dataclass(frozen=True, slots=True)
class RegionStep:
    """What was measured in a region in one hour (began_at) or local day, of how many persons."""

    began: datetime | date
    persons: int
    n: int
    total: float
    low: float
    high: float

    @property
    def mean(self) -> float:
        return self.total / self.n


_HOURS = """
SELECT date_part('epoch', began_at), persons, n, total, low, high FROM region_hour
 WHERE region_code = %s AND code = %s AND began_at >= %s AND began_at < %s ORDER BY began_at
"""
_DAYS = """
SELECT day, persons, n, total, low, high FROM region_day
 WHERE region_code = %s AND code = %s AND day >= %s AND day <= %s ORDER BY day
"""


def _may(actor: Actor, region_code: str) -> None:
    if not actor.covers(VIEW_REGIONS, region_code):
        raise Denied(action=VIEW_REGIONS)


def region_hours(
    actor: Actor, region_code: str, key: str, start: datetime, end: datetime
) -> list[RegionStep]:
    """Return the hours of a region (2, 4, 6, 9 or 12 digits) for one code; 1 query.

    Raises Denied.
    """
    _may(actor, region_code)
    with connection.cursor() as cursor:
        cursor.execute(_HOURS, [region_code, codes.by_key(key).number, start, end])
        return [
            RegionStep(from_us(round(began_s * 1_000_000)), *rest)
            for began_s, *rest in cursor.fetchall()
        ]


def region_days(
    actor: Actor, region_code: str, key: str, first: date, last: date
) -> list[RegionStep]:
    """Return the local days of a region for one code, last included. Raises Denied. 1 query."""
    _may(actor, region_code)
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, [region_code, codes.by_key(key).number, first, last])
        return [RegionStep(*row) for row in cursor.fetchall()]


class _Ids(tuple[UUID, ...]):
    """Many ids on their way to the server."""

    __slots__ = ()


class _IdsDumper(Dumper):
    """Writes ids as PostgreSQL's binary uuid[]: a header, then each with its length."""

    format = Format.BINARY
    oid = 2951  # uuid[]

    def dump(self, obj: _Ids) -> bytes:
        head = struct.pack("!iiIii", 1, 0, 2950, len(obj), 1)
        return head + b"".join([b"\0\0\0\x10" + subject.bytes for subject in obj])


def newest_of(
    subjects: Sequence[UUID], keys: Sequence[str]
) -> list[tuple[float | None, ...] | None]:
    """Return each subject's newest values, in the order of the subjects; None: nothing is known.

    A row is (value, epoch seconds, value, epoch seconds, …) in the order of keys. For pages over
    thousands of persons, which the caller has narrowed to. 1 query: ids go and cells come in
    binary, since with 10,000 persons most of the time is turning them to and fro.
    """
    numbers = [codes.by_key(key).number for key in keys]
    places = sql.SQL(", ").join(
        sql.SQL("array_position(l.codes, {}::smallint) AS {}").format(
            sql.Literal(number), sql.Identifier(f"p{number}")
        )
        for number in numbers
    )
    cells = sql.SQL(", ").join(
        sql.SQL("vals[{p}], date_part('epoch', times[{p}])").format(p=sql.Identifier(f"p{number}"))
        for number in numbers
    )
    statement = sql.SQL(
        "SELECT i::integer, {cells} FROM (SELECT a.i, l.vals, l.times, {places}"
        " FROM unnest(%b) WITH ORDINALITY AS a(subject, i)"
        " JOIN latest l ON l.subject = a.subject OFFSET 0) n"
    ).format(cells=cells, places=places)
    found: list[tuple[float | None, ...] | None] = [None] * len(subjects)
    if not subjects:
        return found
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.adapters.register_dumper(_Ids, _IdsDumper)
        for row in cursor.execute(statement, [_Ids(subjects)], binary=True):
            found[row[0] - 1] = row[1:]
    return found
