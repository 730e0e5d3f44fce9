"""Rows in PostgreSQL's binary COPY format, packed by hand because this is the hot path.

A row is a field count, then each field as its length and its bytes, all big-endian; a timestamp is
microseconds since 2000-01-01, an array a header (dimensions, nulls, element type, size, lower
bound) and its elements.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from struct import Struct
from uuid import UUID

import msgspec

from songhe.kernel.wire import Reading

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
_EPOCH_2000_US = _E = 946_684_800_000_000
_INT2, _FLOAT8, _TIMESTAMPTZ, _UUID = 21, 701, 1184, 2950
_READING_HEAD = "h ih i16s i16s iq iq iq"
_FLAGS_PERSON = "ii i16s"
_FLAGS_NOBODY = "ii i"
_ARRAY_HEAD = Struct("!iiiIii")
_LATEST_HEAD = Struct("!h i16s ih")
_INSTANT = Struct("!iq")
_INT2_PACK, _INT4_PACK, _INT8_PACK = Struct("!h").pack, Struct("!i").pack, Struct("!q").pack
_FLOAT8_PACK, _NULL = Struct("!d").pack, b"\xff\xff\xff\xff"
_float_pairs: dict[int, Struct] = {}
_code_arrays: dict[tuple[int, ...], bytes] = {}
_KEPT = 200_000


def _array(element_type: int, count: int, element_size: int) -> bytes:
    size = 20 + count * (4 + element_size) if count else 12
    return _ARRAY_HEAD.pack(size, 1, 0, element_type, count, 1)


def codes_array(codes: tuple[int, ...]) -> bytes:
    """Return a smallint[] field; the same few tuples come again and again."""
    found = _code_arrays.get(codes)
    if found is None:
        if len(_code_arrays) >= _KEPT:
            _code_arrays.clear()
        elements = b"".join(b"\0\0\0\2" + code.to_bytes(2, "big") for code in codes)
        found = _code_arrays[codes] = _array(_INT2, len(codes), 2) + elements
    return found


_float_heads: dict[int, bytes] = {}


def floats_array(values: Sequence[float]) -> bytes:
    """Return a double precision[] field."""
    count = len(values)
    pairs = _float_pairs.get(count)
    if pairs is None:
        pairs = _float_pairs[count] = Struct("!" + "id" * count)
        _float_heads[count] = _array(_FLOAT8, count, 8)
    flat: list[float] = [8] * (2 * count)
    flat[1::2] = values
    return _float_heads[count] + pairs.pack(*flat)


def times_array(moments_us: Sequence[int]) -> bytes:
    """Return a timestamptz[] field of epoch microseconds."""
    pack = _INSTANT.pack
    elements = b"".join(pack(8, moment - _EPOCH_2000_US) for moment in moments_us)
    return _array(_TIMESTAMPTZ, len(moments_us), 8) + elements


def uuids_array(ids: Sequence[UUID]) -> bytes:
    """Return a uuid[] field."""
    elements = b"".join(b"\0\0\0\x10" + value.bytes for value in ids)
    return _array(_UUID, len(ids), 16) + elements


# The order of the fields of `reading`.
READING_COLUMNS = (
    "subject_kind, subject, device, effective_at, fingerprint, received_at, codes, vals, flags,"
    " person"
)


class _Shape:
    """How rows of one combination of codes are packed: one call a row."""

    __slots__ = ("arrays", "nobody", "somebody", "values")

    def __init__(self, codes: tuple[int, ...]) -> None:
        self.arrays = codes_array(codes) + _array(_FLOAT8, len(codes), 8)
        middle = f"{_READING_HEAD} {len(self.arrays)}s {'id' * len(codes)}"
        self.somebody = Struct(f"!{middle} {_FLAGS_PERSON}").pack
        self.nobody = Struct(f"!{middle} {_FLAGS_NOBODY}").pack
        self.values: list[float] = [8] * (2 * len(codes))


_shapes: dict[tuple[int, ...], _Shape] = {}


def reading(row: Reading, fingerprint: int) -> bytes:
    """Return one row of reading_hot in the order of READING_COLUMNS."""
    shape = _shapes.get(row.codes)
    if shape is None:
        if len(_shapes) >= _KEPT:
            _shapes.clear()
        shape = _shapes[row.codes] = _Shape(row.codes)
    values = shape.values
    values[1::2] = row.values
    kind, subject, device = row.subject_kind, row.subject.bytes, row.device.bytes
    at, came, person = row.effective_us - _E, row.received_us - _E, row.person
    if person is None:
        return shape.nobody(10, 2, kind, 16, subject, 16, device, 8, at, 8, fingerprint, 8, came,
                            shape.arrays, *values, 4, row.flags, -1)  # fmt: skip
    return shape.somebody(10, 2, kind, 16, subject, 16, device, 8, at, 8, fingerprint, 8, came,
                          shape.arrays, *values, 4, row.flags, 16, person.bytes)  # fmt: skip


LATEST_COLUMNS = "subject, subject_kind, codes, times, vals, devices, updated_at"


def latest(
    subject: UUID,
    subject_kind: int,
    values: dict[int, tuple[int, float, UUID]],
    updated_us: int,
) -> bytes:
    """Return one row of latest in the order of LATEST_COLUMNS, codes ascending.

    values: code number to (epoch microseconds, value, device).
    """
    codes = tuple(sorted(values))
    cells = [values[code] for code in codes]
    return b"".join(
        (
            _LATEST_HEAD.pack(7, 16, subject.bytes, 2, subject_kind),
            codes_array(codes),
            times_array([cell[0] for cell in cells]),
            floats_array([cell[1] for cell in cells]),
            uuids_array([cell[2] for cell in cells]),
            _INSTANT.pack(8, updated_us - _EPOCH_2000_US),
        )
    )


def row(*fields: bytes | None) -> bytes:
    """Return a row of fields that were packed on their own; None is NULL."""
    out = [_INT2_PACK(len(fields))]
    for field in fields:
        if field is None:
            out.append(_NULL)
        else:
            out += (_INT4_PACK(len(field)), field)
    return b"".join(out)


def instant(moment_us: int) -> bytes:
    """Return a timestamptz field."""
    return _INT8_PACK(moment_us - _E)


def number(value: float) -> bytes:
    """Return a double precision field."""
    return _FLOAT8_PACK(value)


def jsonb(value: object) -> bytes:
    """Return a jsonb field."""
    return b"\x01" + msgspec.json.encode(value)


def stream(rows: Iterable[bytes]) -> bytes:
    """Return rows as one COPY stream."""
    return b"".join((HEADER, *rows, TRAILER))
