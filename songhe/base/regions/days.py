"""Days where the install is: a day begins at its midnight."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings


def day_of(at: datetime) -> date:
    """Return the business day of a moment."""
    return local(at).date()


def local(at: datetime) -> datetime:
    """Return a moment by the clock of the install's place."""
    return at.astimezone(ZoneInfo(settings.TIME_ZONE))


def begin_of(day: date) -> datetime:
    """Return the first moment of a day."""
    return datetime.combine(day, time(0), ZoneInfo(settings.TIME_ZONE))


def end_of(day: date) -> datetime:
    """Return the first moment after a day."""
    return begin_of(day + timedelta(days=1))
