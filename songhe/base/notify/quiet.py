"""Quiet hours: from a local time until a local time, across midnight where need be."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.utils import timezone

from songhe.base.notify import plans
from songhe.base.notify.models import Preference


def hours_of(wanted: Preference | None) -> tuple[time, time] | None:
    """Return a user's quiet hours; None for who wants none."""
    if wanted is None:
        return plans.quiet_hours()
    return (wanted.quiet_from, wanted.quiet_until) if wanted.is_quiet else None


def quiet_until(wanted: Preference | None, at: datetime) -> datetime | None:
    """Return when the quiet hours end within which a moment lies; None where it lies in none."""
    hours = hours_of(wanted)
    if hours is None or hours[0] == hours[1]:
        return None
    start, end = hours
    here = timezone.localtime(at)
    now = here.time()
    inside = start <= now < end if start < end else now >= start or now < end
    if not inside:
        return None
    day = here.date() + timedelta(days=1 if now >= end else 0)
    return datetime.combine(day, end, tzinfo=here.tzinfo).astimezone(at.tzinfo)
