"""When a resource is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from songhe.base.regions.days import day_of
from songhe.engines.booking import seating
from songhe.engines.booking.models import Opening
from songhe.engines.booking.recurrence import Recurrence
from songhe.engines.booking.terms import Calendar, Span


@dataclass(frozen=True, slots=True)
class Open:
    """Open between two local times of the days that repeat; ends 00:00: the midnight after."""

    days: Recurrence
    begins: time
    ends: time

    @property
    def said(self) -> dict[str, Any]:
        """Return it as columns."""
        return {
            "rule": self.days.rule,
            "begins": self.begins,
            "ends": self.ends,
            "calendar": self.days.calendar.value,
            "period": (self.days.first, self.days.end),
        }


def of_row(row: Opening) -> Open:
    """Return an opening as it was said."""
    period: Any = row.period
    days = Recurrence(row.rule, period.lower, period.upper, Calendar(row.calendar))
    return Open(days, row.begins, row.ends)


def open_spans(resource_id: UUID, between: Span) -> list[Span]:
    """Return when a resource is open within a time, in order; all of it where nothing is said."""
    return spans_of([of_row(row) for row in Opening.objects.filter(resource=resource_id)], between)


def spans_of(openings: Sequence[Open], between: Span) -> list[Span]:
    """Return the times of some openings within a time, in order; all of it where there are none."""
    if not openings:
        return [between]
    since, until = day_of(between.begins), day_of(between.ends) + timedelta(days=1)
    # What begins the day before may end at this midnight and join what begins there.
    spans = [
        _on(one, day) for one in openings for day in one.days.days(since - timedelta(days=1), until)
    ]
    return [
        Span(max(span.begins, between.begins), min(span.ends, between.ends))
        for span in seating.joined(spans)
        if seating.overlap(span, between)
    ]


def is_open(resource_id: UUID, span: Span) -> bool:
    """Tell whether a resource is open all through a time."""
    return open_spans(resource_id, span) == [span]


def _on(one: Open, day: date) -> Span:
    zone = timezone.get_default_timezone()
    last = day + timedelta(days=1) if one.ends == time(0) else day
    return Span(
        datetime.combine(day, one.begins, zone).astimezone(UTC),
        datetime.combine(last, one.ends, zone).astimezone(UTC),
    )
