"""Stored readings one by one: a page of a table, and by their keys for evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db import connection

from songhe.base.access.actor import Actor
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry.policies import open_classes
from songhe.domains.telemetry.selectors.series import bounded
from songhe.domains.telemetry.terms import class_of
from songhe.kernel import codes
from songhe.kernel.time import from_us, to_us
from songhe.kernel.wire import EvidenceKey

_DAY = timedelta(days=1)


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


def key_text(key: EvidenceKey) -> str:
    """Return a reading's key as one word for addresses: subject.device.time.fingerprint."""
    return f"{key.subject}.{key.device}.{key.at_us}.{key.fingerprint}"


def parse_key(text: str) -> EvidenceKey:
    """Return the key of `key_text`; raises ValueError."""
    subject, device, at_us, fingerprint = text.split(".")
    return EvidenceKey(UUID(subject), UUID(device), int(at_us), str(int(fingerprint)))


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


_COUNT = """
SELECT day, sum(n) FROM (
  SELECT (effective_at AT TIME ZONE 'UTC')::date AS day, count(*) AS n FROM reading_hot
   WHERE subject = ANY(%(persons)s) AND effective_at >= %(start)s AND effective_at < %(end)s
     AND codes && %(codes)s::smallint[]
   GROUP BY 1
  UNION ALL
  SELECT r.day, sum(r.n) FROM reading_day r JOIN reading_shape s ON s.id = r.shape
   WHERE r.subject = ANY(%(persons)s) AND r.day >= %(first)s AND r.day < %(last)s
     AND s.codes && %(codes)s::smallint[]
   GROUP BY 1
  UNION ALL
  SELECT %(first)s::date - 1, count(*)
    FROM sealed_readings(%(persons)s, %(codes)s::smallint[], %(start)s, %(first_at)s)
  UNION ALL
  SELECT %(last)s::date, count(*)
    FROM sealed_readings(%(persons)s, %(codes)s::smallint[], %(last_at)s, %(end)s)
) c GROUP BY day HAVING sum(n) > 0 ORDER BY day DESC
"""
_PAGE = """
SELECT subject_kind, subject, device, effective_at, fingerprint, received_at, codes_of, vals,
       flags, person
  FROM readings(%s, %s::smallint[], %s, %s)
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

    Other codes in the same message are left out where their class is not open. Only the days of
    the page are unpacked; 2 queries.
    """
    bounded(start, end)
    classes = open_classes(actor, person)
    numbers = [code.number for code in map(codes.by_key, keys) if class_of(code) in classes]
    if not numbers:
        return [], 0
    counts = _counts(person.ids, numbers, start, end)
    first, last, skipped = _days_of_page(counts, limit, offset)
    rows: list[StoredReading] = []
    if first is not None:
        since, until = max(start, _midnight(last)), min(end, _midnight(first) + _DAY)
        with connection.cursor() as cursor:
            cursor.execute(_PAGE, [person.ids, numbers, since, until, limit, offset - skipped])
            rows = [_stored(row) for row in cursor.fetchall()]
    return [_open_values(row, classes) for row in rows], sum(n for _, n in counts)


def _counts(
    persons: list[UUID], numbers: list[int], start: datetime, end: datetime
) -> list[tuple[date, int]]:
    """Return how many messages each UTC day has, newest first; whole sealed days by their row."""
    first = (start - timedelta(microseconds=1)).astimezone(UTC).date() + _DAY
    last = max(first, end.astimezone(UTC).date())
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            {
                "persons": persons,
                "codes": numbers,
                "start": start,
                "end": end,
                "first": first,
                "last": last,
                "first_at": min(end, _midnight(first)),
                "last_at": min(end, _midnight(last)),
            },
        )
        return [(day, int(n)) for day, n in cursor.fetchall()]


def _days_of_page(
    counts: list[tuple[date, int]], limit: int, offset: int
) -> tuple[date | None, date, int]:
    """Return the newest and oldest day that a page touches, and how many messages are newer."""
    seen, skipped = 0, 0
    first: date | None = None
    last = date.min
    for day, n in counts:
        if first is None and seen + n > offset:
            first, skipped = day, seen
        seen += n
        last = day
        if first is not None and seen >= offset + limit:
            break
    return first, last, skipped


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _open_values(row: StoredReading, classes: frozenset[str]) -> StoredReading:
    values = [(code, value) for code, value in row.values if class_of(code) in classes]
    return StoredReading(
        row.key, row.subject_kind, row.at, row.received_at, values, row.flags, row.person_id
    )


_BY_KEYS = """
SELECT r.subject_kind, r.subject, r.device, r.effective_at, r.fingerprint, r.received_at,
       r.codes_of, r.vals, r.flags, r.person
  FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::bigint[])
       AS k(subject, device, effective_at, fingerprint)
 CROSS JOIN LATERAL readings(ARRAY[k.subject], NULL, k.effective_at,
                             k.effective_at + interval '1 microsecond') r
 WHERE r.device = k.device AND r.fingerprint = k.fingerprint
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
    with connection.cursor() as cursor:
        cursor.execute(
            _BY_KEYS,
            [
                [key.subject for key in wanted],
                [key.device for key in wanted],
                [from_us(key.at_us) for key in wanted],
                [int(key.fingerprint) for key in wanted],
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
