"""Builders for tests: stored readings and newest values, as the gateway writes them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from django.db import connection

from songhe.kernel import codes
from songhe.kernel.time import to_us
from songhe.kernel.wire import EvidenceKey, SubjectKind, fingerprint


def make_reading(
    *,
    subject: UUID,
    device: UUID,
    at: datetime,
    values: Mapping[str, float],
    subject_kind: SubjectKind = SubjectKind.PERSON,
    person: UUID | None = None,
    received_at: datetime | None = None,
    flags: int = 0,
) -> EvidenceKey:
    """Store one reading, values by the codes' short keys ("sbp"), and return its key."""
    numbers = tuple(codes.by_key(key).number for key in values)
    mark = fingerprint(numbers)
    kind = int(subject_kind)
    who = person or (subject if subject_kind == SubjectKind.PERSON else None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT ensure_reading_day((%s AT TIME ZONE 'UTC')::date)", [at])
        cursor.execute(
            "INSERT INTO reading_hot (subject_kind, subject, device, effective_at, fingerprint,"
            " received_at, codes, vals, flags, person)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s::smallint[], %s::float8[], %s, %s)",
            [kind, subject, device, at, mark, received_at or at, list(numbers),
             [float(value) for value in values.values()], flags, who],
        )  # fmt: skip
        for number, value in zip(numbers, values.values(), strict=True):
            _make_latest(subject, kind, number, at, float(value), device)
    return EvidenceKey(subject, device, to_us(at), str(mark))


def make_readings(
    rows: Iterable[tuple[UUID, UUID, datetime, str, float]], person: UUID | None = None
) -> None:
    """Store many readings of places at once, (place, device, at, code's short key, value) each.

    Newest values are left alone: for days that are over.
    """
    given = list(rows)
    days = sorted({at.astimezone(UTC).date() for _place, _device, at, _key, _value in given})
    number = {key: codes.by_key(key).number for _p, _d, _at, key, _v in given}
    with connection.cursor() as cursor:
        for day in days:
            cursor.execute("SELECT ensure_reading_day(%s)", [day])
        cursor.executemany(
            "INSERT INTO reading_hot (subject_kind, subject, device, effective_at, fingerprint,"
            " received_at, codes, vals, flags, person)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s::smallint[], %s::float8[], 0, %s)",
            [
                (int(SubjectKind.PLACE), place, device, at, fingerprint((number[key],)), at,
                 [number[key]], [value], person)
                for place, device, at, key, value in given
            ],
        )  # fmt: skip


def _make_latest(
    subject: UUID, kind: int, number: int, at: datetime, value: float, device: UUID
) -> None:
    """Put a value into `latest` unless a newer one of its code stands there."""
    with connection.cursor() as other:
        other.execute(
            "SELECT codes, times, vals, devices FROM latest WHERE subject = %s FOR UPDATE",
            [subject],
        )
        row = other.fetchone()
        cells = {} if row is None else {c: tuple(rest) for c, *rest in zip(*row, strict=True)}
        if number in cells and cells[number][0] > at:
            return
        cells[number] = (at, value, device)
        order = sorted(cells)
        other.execute(
            "INSERT INTO latest (subject, subject_kind, codes, times, vals, devices, updated_at)"
            " VALUES (%s, %s, %s::smallint[], %s::timestamptz[], %s::float8[], %s::uuid[], %s)"
            " ON CONFLICT (subject) DO UPDATE SET codes = EXCLUDED.codes,"
            " times = EXCLUDED.times, vals = EXCLUDED.vals, devices = EXCLUDED.devices,"
            " updated_at = EXCLUDED.updated_at",
            [subject, kind, order, *([cells[c][n] for c in order] for n in range(3)), at],
        )


def make_waveform(
    *,
    subject: UUID,
    device: UUID,
    code: str,
    at: datetime,
    rate_hz: float,
    values: Sequence[float],
    subject_kind: SubjectKind = SubjectKind.PERSON,
    lead: str = "",
    seq: int = 0,
    recording: str = "",
    quality: float | None = None,
    frame: tuple[int, int] = (1, 1),
) -> None:
    """Store one chunk of a waveform, code by its short key ("ecg"), canonical unit."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO waveform (subject, subject_kind, device, code, started_at, seq, rate_hz,"
            " samples, person, received_at, lead, recording, quality, frame)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                subject,
                int(subject_kind),
                device,
                codes.by_key(code).number,
                at,
                seq,
                rate_hz,
                struct.pack(f"<{len(values)}f", *values),
                subject if subject_kind == SubjectKind.PERSON else None,
                at,
                lead,
                recording,
                quality,
                list(frame),
            ],
        )
