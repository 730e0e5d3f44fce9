"""The newest values of many persons at once."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from uuid import UUID

import numpy as np
import psycopg
from django.db import connection
from psycopg import sql
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format

from songhe.kernel import codes

_FLOATS_OID, _UUIDS_OID, _UUID_OID = 1022, 2951, 2950
# A two-dimensional array: dimensions, nulls, element type, then length and lower bound of each.
_HEAD_BYTES = 28
_CELL = np.dtype([("bytes", ">i4"), ("value", ">f8")])
_STATEMENT = """
SELECT array_agg(ARRAY[i, {cells}]::float8[]) FROM (
  SELECT a.i, l.vals, l.times, {places}
  FROM unnest(%b) WITH ORDINALITY AS a(subject, i)
  JOIN latest l ON l.subject = a.subject OFFSET 0) n
"""
_CELL_OF = """
coalesce(vals[{p}], 'NaN'), coalesce(date_part('epoch', times[{p}]), 'NaN')
"""


class _Ids(tuple[UUID, ...]):
    """Many ids on their way to the server."""

    __slots__ = ()


class _IdsDumper(Dumper):
    """Writes ids as PostgreSQL's binary uuid[]: a header, then each with its length."""

    format = Format.BINARY
    oid = _UUIDS_OID

    def dump(self, obj: _Ids) -> bytes:
        head = struct.pack("!iiIii", 1, 0, _UUID_OID, len(obj), 1)
        return head + b"".join([b"\0\0\0\x10" + subject.bytes for subject in obj])


class _TableLoader(Loader):
    """Reads a binary two-dimensional float8[] that has no NULL in it."""

    format = Format.BINARY

    def load(self, data: Buffer) -> np.ndarray:
        rows, width = struct.unpack_from("!i4xi", data, 12)
        cells = np.frombuffer(data, _CELL, offset=_HEAD_BYTES)
        return cells["value"].astype(np.float64).reshape(rows, width)


def newest_of(subjects: Sequence[UUID], keys: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the newest values of subjects, and when they were read in seconds since the epoch.

    Both of shape (subjects, keys) in the order given, float64, NaN where nothing is known. For
    pages over thousands of persons, which the caller has narrowed to. 1 query: ids go and cells
    come as one binary array each, since with 10,000 persons most of the time is turning them to
    and fro, and ten thousand rows of Python would have to be looked through by the collector.
    """
    table = np.full((len(subjects), 2 * len(keys)), np.nan)
    if subjects and keys:
        found = _cells(subjects, [codes.by_key(key).number for key in keys])
        table[found[:, 0].astype(np.intp) - 1] = found[:, 1:]
    return table[:, 0::2], table[:, 1::2]


def _cells(subjects: Sequence[UUID], numbers: Sequence[int]) -> np.ndarray:
    """Return rows of (place among the subjects from 1, value, time, value, time, …)."""
    names = [sql.Identifier(f"p{number}") for number in numbers]
    places = sql.SQL(", ").join(
        sql.SQL("array_position(l.codes, {}::smallint) AS {}").format(sql.Literal(number), name)
        for number, name in zip(numbers, names, strict=True)
    )
    cells = sql.SQL(", ").join(sql.SQL(_CELL_OF).format(p=name) for name in names)
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection, row_factory=psycopg.rows.scalar_row) as cursor:
        cursor.adapters.register_dumper(_Ids, _IdsDumper)
        cursor.adapters.register_loader(_FLOATS_OID, _TableLoader)
        statement = sql.SQL(_STATEMENT).format(cells=cells, places=places)
        cursor.execute(statement, [_Ids(subjects)], binary=True)
        table: np.ndarray | None = cursor.fetchone()
    return table if table is not None else np.empty((0, 2 * len(numbers) + 1))
