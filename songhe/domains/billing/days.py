"""Months of billing, each known by its first day."""

from __future__ import annotations

from datetime import UTC, date, datetime

from dateutil.relativedelta import relativedelta

from songhe.base.regions.days import day_of


def month_of(on: date) -> date:
    """Return the first day of a day's month."""
    return on.replace(day=1)


def month_after(month: date) -> date:
    """Return the first day of the month after."""
    after: date = month + relativedelta(months=1)
    return after


def month_before(month: date) -> date:
    """Return the first day of the month before."""
    before: date = month - relativedelta(months=1)
    return before


def month_asked(asked: str, now: datetime) -> date:
    """Return the first day of the month that is asked for, of this month for any other word."""
    try:
        return datetime.strptime(asked, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        return month_of(day_of(now))
