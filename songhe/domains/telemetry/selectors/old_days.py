"""How the keeping of old days stands: what waits, what is sealed, what runs, how long it stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import connection

from songhe.base.access.actor import Actor
from songhe.domains.telemetry import kept
from songhe.domains.telemetry.models import Run
from songhe.domains.telemetry.terms import VIEW_OLD_DAYS
from songhe.kernel.errors import Denied

SHOWN_RUNS = 20
_LEAVES = """
SELECT to_date(right(c.relname, 8), 'YYYYMMDD'), s.day IS NOT NULL
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  LEFT JOIN sealed_day s ON s.day = to_date(right(c.relname, 8), 'YYYYMMDD')
 WHERE i.inhparent = 'reading_hot'::regclass ORDER BY 1
"""
_SEALED = """
SELECT count(*), coalesce(sum(readings), 0), min(day), max(day) FROM sealed_day WHERE messages > 0
"""
_SIZES = """
SELECT coalesce(sum(pg_total_relation_size(i.inhrelid)) FILTER
         (WHERE i.inhparent = 'reading_hot'::regclass), 0),
       coalesce(sum(pg_total_relation_size(i.inhrelid)) FILTER
         (WHERE i.inhparent = 'reading_day'::regclass), 0),
       coalesce(sum(pg_total_relation_size(i.inhrelid)) FILTER
         (WHERE i.inhparent = 'reading_hour'::regclass), 0)
         + pg_total_relation_size('reading_month') + pg_total_relation_size('region_hour')
         + pg_total_relation_size('region_day')
  FROM pg_inherits i
"""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes on the disk with indexes: hot readings, sealed readings, roll-ups."""

    hot: int
    sealed: int
    rollups: int


@dataclass(frozen=True, slots=True)
class TermLine:
    """How long something is kept, and the day before which it has been destroyed, if any."""

    term: kept.Term
    destroyed_until: date | None


@dataclass(frozen=True, slots=True)
class OldDays:
    """The state of old days. waiting: closed days never sealed; late: sealed ones with new data."""

    hot_days: int
    waiting: list[date]
    late: list[date]
    sealed: int
    readings: int
    first: date | None
    last: date | None
    sizes: Sizes
    running: list[Run]
    runs: list[Run]
    terms: list[TermLine]

    @property
    def bytes_per_reading(self) -> float | None:
        """Return the bytes on the disk of a sealed value, None while nothing is sealed."""
        return self.sizes.sealed / self.readings if self.readings else None


def old_days(actor: Actor, *, at: datetime) -> OldDays:
    """Return how the keeping of old days stands. Raises Denied. 5 queries."""
    if not actor.may(VIEW_OLD_DAYS):
        raise Denied(action=VIEW_OLD_DAYS)
    waiting, late = _closed(at)
    runs = list(Run.objects.order_by("-started_at")[:SHOWN_RUNS])
    with connection.cursor() as cursor:
        cursor.execute(_SEALED)
        sealed, readings, first, last = cursor.fetchone()
        cursor.execute(_SIZES)
        sizes = Sizes(*(int(n) for n in cursor.fetchone()))
        cursor.execute("SELECT term, until FROM destroyed_until")
        until = dict(cursor.fetchall())
    settings = kept.settings()
    return OldDays(
        hot_days=settings.hot_days,
        waiting=waiting,
        late=late,
        sealed=sealed,
        readings=int(readings),
        first=first,
        last=last,
        sizes=sizes,
        running=[run for run in runs if run.state == Run.State.RUNNING],
        runs=[run for run in runs if run.state != Run.State.RUNNING],
        terms=[TermLine(term, until.get(term.name)) for term in settings.terms()],
    )


def _closed(at: datetime) -> tuple[list[date], list[date]]:
    newest = (at - timedelta(days=kept.settings().hot_days)).astimezone(UTC).date()
    with connection.cursor() as cursor:
        cursor.execute(_LEAVES)
        closed = [(day, sealed) for day, sealed in cursor.fetchall() if day < newest]
    return [day for day, sealed in closed if not sealed], [day for day, sealed in closed if sealed]


def sealed_days() -> tuple[int, date | None]:
    """Return how many days with readings are sealed, and the newest of them; 1 query."""
    with connection.cursor() as cursor:
        cursor.execute(_SEALED)
        days, _readings, _first, last = cursor.fetchone()
    return days, last


def figures(at: datetime) -> dict[str, float | None]:
    """Return what the platform's watch is told: the age in days of the oldest unsealed day.

    Counted from the day on which it might have been sealed: 0 where nothing waits.
    """
    waiting, _late = _closed(at)
    if not waiting:
        return {"unsealed_days": 0.0}
    newest = (at - timedelta(days=kept.settings().hot_days)).astimezone(UTC).date()
    return {"unsealed_days": float((newest - waiting[0]).days)}
