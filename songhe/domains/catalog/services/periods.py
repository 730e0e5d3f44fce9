"""What is in force from a day on: it cuts short what runs, and replaces what was planned."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import QuerySet

from songhe.base.access.actor import Actor
from songhe.base.regions.days import day_of
from songhe.kernel.errors import Invalid


class TooSoon(Invalid):
    code = "catalog.too_soon"
    message = "What holds today stays as it is today: choose a day from %(first)s on."


def make_room(rows: QuerySet[Any], *, actor: Actor, from_on: date, at: datetime) -> None:
    """Let nothing of these rows (of one item, or one price of it) be in force from a day on.

    The caller holds the lock of the item. Raises TooSoon for a day that has begun under another
    row, or is past; the system may go back to any day after the one that runs began.
    """
    standing = rows.filter(withdrawn_at=None)
    today = day_of(at)
    if not actor.is_system:
        first = today
        if standing.filter(period__contains=today).exists():
            first = date.fromordinal(today.toordinal() + 1)
        if from_on < first:
            raise TooSoon(field="from_on", first=first.isoformat())
    standing.filter(period__startswith__gte=from_on).update(withdrawn_at=at)
    running = standing.filter(period__contains=from_on).first()
    if running is not None:
        running.period = DateRange(running.period.lower, from_on)
        running.save(update_fields=["period"])
