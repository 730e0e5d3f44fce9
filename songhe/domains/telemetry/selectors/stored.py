"""Stored readings as they came, for rules tried on the past and for replay: no actor, no mask."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from songhe.kernel.time import to_us
from songhe.kernel.wire import Reading

CHUNK_ROWS = 20_000
# So many subjects' days are one query: what the server sorts for it stays small, and of few
# persons weeks come at once. The client holds chunk_rows either way.
SUBJECT_DAYS = 1_400
_PIECE = """
SELECT subject_kind, subject, device, effective_at, received_at, codes_of, vals, flags, person
  FROM readings(%s, %s, %s, %s)
 ORDER BY effective_at, device, fingerprint, subject
"""


def stream(
    *,
    subjects: Collection[UUID] | None,
    since: datetime,
    until: datetime,
    chunk_rows: int = CHUNK_ROWS,
    codes: Collection[int] | None = None,
) -> Iterator[Reading]:
    """Yield what is stored from since until before until, each once, by effective time and device.

    Hot and sealed days are read as one. subjects None means all of them; codes: only readings
    with one of these. `place` is not stored: it is None. Memory holds chunk_rows at a time; one
    query is a UTC day of many subjects, or as many days of few. For the system's own use: the
    caller answers for who may see.
    """
    if since >= until:
        return
    wanted = None if subjects is None else list(subjects)
    only = None if codes is None else list(codes)
    whole_days = timedelta(days=days_at_once(wanted))
    start = since
    while start < until:
        midnight = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        end = min(until, midnight + whole_days)
        with connection.chunked_cursor() as cursor:
            cursor.execute(_PIECE, [wanted, only, start, end])
            while rows := cursor.fetchmany(chunk_rows):
                yield from map(_reading, rows)
        start = end


def days_at_once(subjects: Sequence[UUID] | None) -> int:
    """Return how many UTC days of some subjects are read by one query; None means all subjects."""
    return 1 if subjects is None else max(1, SUBJECT_DAYS // max(1, len(subjects)))


def _reading(row: Any) -> Reading:
    kind, subject, device, effective_at, received_at, codes, values, flags, person = row
    return Reading(
        kind,
        subject,
        device,
        to_us(effective_at),
        to_us(received_at),
        tuple(codes),
        tuple(values),
        flags,
        person,
    )
