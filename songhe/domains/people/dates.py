"""Days and moments of the register: a day begins at midnight where the install is."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings


def begin_of(day: date) -> datetime:
    """Return the first moment of a day."""
    return datetime.combine(day, time(0), ZoneInfo(settings.TIME_ZONE))


def end_of(day: date) -> datetime:
    """Return the first moment after a day."""
    return begin_of(day + timedelta(days=1))


def day_of(at: datetime) -> date:
    """Return the day of a moment."""
    return at.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
