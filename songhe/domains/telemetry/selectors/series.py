"""Readings over time: thinned for charts, whole for tables, by key for evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db import connection
from django.utils import timezone

from songhe.base.access.actor import Actor
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry.policies import open_classes
from songhe.domains.telemetry.terms import class_of
from songhe.kernel import codes
from songhe.kernel.time import from_us, to_us
from songhe.kernel.wire import EvidenceKey

LONGEST = timedelta(days=400)
MOST_POINTS = 1200
Step = Literal["hour", "day"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of a series; values in the order of the asked codes, None where it has none."""

    at: datetime
    values: tuple[float | None, ...]
    flags: int
    key: EvidenceKey


@dataclass(frozen=True, slots=True)
class Series:
    """Readings of codes that belong together, in time order; count tells how many there are.

    Fewer samples than count means that it was thinned: every step of time keeps its lowest and
    its highest value of the first code.
    """

    codes: tuple[codes.Code, ...]
    samples: list[Sample]
    count: int


@dataclass(frozen=True, slots=True)
class StoredReading:
    """One stored reading, whole: values by code in the order of its message."""

    key: EvidenceKey
    subject_kind: int
    at: datetime
    received_at: datetime
    values: list[tuple[codes.Code, float]]
    flags: int
    person_id: UUID | None


@dataclass(frozen=True, slots=True)
class VoidedReading:
    """A reading that was voided: who, when and why."""

    reading: StoredReading
    voided_at: datetime
    voided_by: str
    reason: str


def _window(start: datetime, end: datetime) -> None:
    if not start < end <= start + LONGEST:
        raise ValueError("a read of readings is bounded: at most 400 days")


def key_text(key: EvidenceKey) -> str:
    """Return a reading's key as one word for addresses: subject.device.time.fingerprint."""
    return f"{key.subject}.{key.device}.{key.at_us}.{key.fingerprint}"


def parse_key(text: str) -> EvidenceKey:
    """Return the key of `key_text`; raises ValueError."""
    subject, device, at_us, fingerprint = text.split(".")
    return EvidenceKey(UUID(subject), UUID(device), int(at_us), str(int(fingerprint)))


_SERIES = """
WITH r AS (
  SELECT effective_at, device, fingerprint, flags, {columns},
         floor(extract(epoch FROM effective_at - %s) / %s) AS step
    FROM reading_hot
   WHERE subject = %s AND effective_at >= %s AND effective_at < %s AND %s = ANY(codes)
), n AS (
  SELECT r.*, count(*) OVER () AS whole,
         row_number() OVER (PARTITION BY step ORDER BY v0, effective_at) AS low,
         row_number() OVER (PARTITION BY step ORDER BY v0 DESC, effective_at) AS high
    FROM r
)
SELECT effective_at, device, fingerprint, flags, whole, {names} FROM n
 WHERE whole <= %s OR low = 1 OR high = 1
 ORDER BY effective_at, device, fingerprint
"""


def series(
    actor: Actor,
    person: PersonView,
    keys: Sequence[str],
    start: datetime,
    end: datetime,
    *,
    max_points: int = MOST_POINTS,
) -> Series:
    """Return a person's readings that carry the first of these codes, from start until end.

    keys are our short keys such as ("sbp", "dbp"). Empty where their class is not open. 1 query.
    """
    _window(start, end)
    wanted = tuple(codes.by_key(key) for key in keys)
    if class_of(wanted[0]) not in open_classes(actor, person):
        return Series(wanted, [], 0)
    columns = ", ".join(f"vals[array_position(codes, %s)] AS v{i}" for i in range(len(wanted)))
    names = ", ".join(f"v{i}" for i in range(len(wanted)))
    step_s = (end - start).total_seconds() / (max_points / 2)
    with connection.cursor() as cursor:
        cursor.execute(
            _SERIES.format(columns=columns, names=names),
            [
                *(code.number for code in wanted),
                start,
                step_s,
                person.id,
                start,
                end,
                wanted[0].number,
                max_points,
            ],
        )
        rows = cursor.fetchall()
    samples = [
        Sample(
            at=row[0],
            values=tuple(row[5:]),
            flags=row[3],
            key=EvidenceKey(person.id, row[1], to_us(row[0]), str(row[2])),
        )
        for row in rows
    ]
    return Series(wanted, samples, rows[0][4] if rows else 0)


_MANY = """
WITH r AS (
  SELECT u.code, r.effective_at, u.val,
         floor(extract(epoch FROM r.effective_at - %s) / %s) AS step
    FROM reading_hot r, unnest(r.codes, r.vals) AS u(code, val)
   WHERE r.subject = %s AND r.effective_at >= %s AND r.effective_at < %s
     AND r.codes && %s::smallint[] AND u.code = ANY(%s)
), n AS (
  SELECT r.*, count(*) OVER (PARTITION BY code) AS whole,
         row_number() OVER (PARTITION BY code, step ORDER BY val, effective_at) AS low,
         row_number() OVER (PARTITION BY code, step ORDER BY val DESC, effective_at) AS high
    FROM r
)
SELECT code, effective_at, val FROM n WHERE whole <= %s OR low = 1 OR high = 1
 ORDER BY code, effective_at
"""


def lines_of(
    actor: Actor,
    person: PersonView,
    keys: Iterable[str],
    start: datetime,
    end: datetime,
    *,
    max_points: int = MOST_POINTS,
) -> dict[str, list[tuple[datetime, float]]]:
    """Return single values over time for several charts at once, each thinned; 1 query."""
    _window(start, end)
    classes = open_classes(actor, person)
    wanted = [code for code in map(codes.by_key, keys) if class_of(code) in classes]
    found: dict[str, list[tuple[datetime, float]]] = {code.key: [] for code in wanted}
    if not wanted:
        return found
    numbers = [code.number for code in wanted]
    step_s = (end - start).total_seconds() / (max_points / 2)
    with connection.cursor() as cursor:
        cursor.execute(_MANY, [start, step_s, person.id, start, end, numbers, numbers, max_points])
        for number, at, value in cursor.fetchall():
            found[codes.by_number(number).key].append((at, value))
    return found


def _stored(row: Sequence[object]) -> StoredReading:
    kind, subject, device, at, fingerprint, received_at, numbers, values, flags, person = row
    return StoredReading(
        key=EvidenceKey(subject, device, to_us(at), str(fingerprint)),  # type: ignore[arg-type]
        subject_kind=kind,  # type: ignore[arg-type]
        at=at,  # type: ignore[arg-type]
        received_at=received_at,  # type: ignore[arg-type]
        values=[
            (codes.by_number(number), value)
            for number, value in zip(numbers, values, strict=True)  # type: ignore[call-overload]
        ],
        flags=flags,  # type: ignore[arg-type]
        person_id=person,  # type: ignore[arg-type]
    )


_SUMS = """
SELECT date_trunc(%s, r.effective_at AT TIME ZONE %s) AT TIME ZONE %s AS began, sum(u.val)
  FROM reading_hot r, unnest(r.codes, r.vals) AS u(code, val)
 WHERE r.subject = %s AND r.effective_at >= %s AND r.effective_at < %s AND u.code = %s
 GROUP BY began ORDER BY began
"""


def sums_of(
    actor: Actor, person: PersonView, key: str, start: datetime, end: datetime, *, step: Step
) -> dict[datetime, float]:
    """Return sums by local hour or day, keyed by its beginning; steps without data are absent."""
    _window(start, end)
    code = codes.by_key(key)
    if class_of(code) not in open_classes(actor, person):
        return {}
    zone = timezone.get_default_timezone_name()
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [step, zone, zone, person.id, start, end, code.number])
        return dict(cursor.fetchall())


_COUNT = """
SELECT count(*) FROM reading_hot
 WHERE subject = %s AND effective_at >= %s AND effective_at < %s AND codes && %s::smallint[]
"""
_PAGE = """
SELECT subject_kind, subject, device, effective_at, fingerprint, received_at, codes, vals, flags,
       person
  FROM reading_hot
 WHERE subject = %s AND effective_at >= %s AND effective_at < %s AND codes && %s::smallint[]
 ORDER BY effective_at DESC, device, fingerprint LIMIT %s OFFSET %s
"""


def readings_of(
    actor: Actor,
    person: PersonView,
    keys: Sequence[str],
    start: datetime,
    end: datetime,
    *,
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[StoredReading], int]:
    """Return a page of a person's readings of some codes, newest first, and how many there are.

    Other codes in the same message are left out where their class is not open.
    """
    _window(start, end)
    classes = open_classes(actor, person)
    numbers = [code.number for code in map(codes.by_key, keys) if class_of(code) in classes]
    if not numbers:
        return [], 0
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [person.id, start, end, numbers])
        (total,) = cursor.fetchone() or (0,)
        cursor.execute(_PAGE, [person.id, start, end, numbers, limit, offset])
        rows = [_stored(row) for row in cursor.fetchall()]
    return [_open_values(row, classes) for row in rows], total


def _open_values(row: StoredReading, classes: frozenset[str]) -> StoredReading:
    values = [(code, value) for code, value in row.values if class_of(code) in classes]
    return StoredReading(
        row.key, row.subject_kind, row.at, row.received_at, values, row.flags, row.person_id
    )


_BY_KEYS = """
SELECT r.subject_kind, r.subject, r.device, r.effective_at, r.fingerprint, r.received_at, r.codes,
       r.vals, r.flags, r.person
  FROM reading_hot r
  JOIN unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::bigint[])
       AS k(subject, device, effective_at, fingerprint)
    ON (r.subject, r.device, r.effective_at, r.fingerprint)
     = (k.subject, k.device, k.effective_at, k.fingerprint)
 WHERE r.effective_at = ANY(%s)
 ORDER BY r.effective_at
"""


def readings_by_keys(
    keys: Iterable[EvidenceKey],
) -> tuple[list[StoredReading], list[EvidenceKey]]:
    """Return the stored readings of these keys in time order, and the keys that are gone.

    For an alarm's evidence: the caller has narrowed the alarm. 1 query.
    """
    wanted = list(dict.fromkeys(keys))
    if not wanted:
        return [], []
    times = [from_us(key.at_us) for key in wanted]
    with connection.cursor() as cursor:
        cursor.execute(
            _BY_KEYS,
            [
                [key.subject for key in wanted],
                [key.device for key in wanted],
                times,
                [int(key.fingerprint) for key in wanted],
                times,
            ],
        )
        found = [_stored(row) for row in cursor.fetchall()]
    there = {row.key for row in found}
    return found, [key for key in wanted if key not in there]


_VOIDED = """
SELECT subject_kind, subject, device, effective_at, fingerprint, received_at, codes, vals, flags,
       person, voided_at, voided_by_name, reason
  FROM voided_reading WHERE subject = ANY(%s) AND effective_at = ANY(%s) ORDER BY id
"""


def voided_by_keys(keys: Iterable[EvidenceKey]) -> dict[EvidenceKey, VoidedReading]:
    """Return which of these readings were voided, by whom and why; the newest voiding of each."""
    wanted = list(dict.fromkeys(keys))
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            _VOIDED,
            [[key.subject for key in wanted], [from_us(key.at_us) for key in wanted]],
        )
        rows = cursor.fetchall()
    found = {
        reading.key: VoidedReading(reading, *rest)
        for reading, rest in ((_stored(row[:10]), row[10:]) for row in rows)
    }
    return {key: found[key] for key in wanted if key in found}
