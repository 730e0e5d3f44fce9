"""The stretch of time that a page's charts show, and the ways from it: earlier, later, nearer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

RANGES_DAYS = (1, 7, 14, 30, 90, 365, 3650)
TABLE_RANGES_DAYS = RANGES_DAYS[:-1]  # single readings are read for 400 days at most
USUAL_RANGE_DAYS = 14
OLDEST = timedelta(days=20 * 365)
Step = Literal["raw", "hour", "day", "month"]
# Longest range in days that is still read by single readings, hours, days.
_STEPS: tuple[tuple[int, Step], ...] = ((45, "raw"), (200, "hour"), (1500, "day"))
_GAP_DAYS = {1: 1, 7: 2, 14: 2, 30: 3, 90: 7, 365: 21, 3650: 95}
RANGE_WORDS: dict[int, Promise] = {
    1: pgettext_lazy("range", "1 day"),
    7: pgettext_lazy("range", "7 days"),
    14: pgettext_lazy("range", "14 days"),
    30: pgettext_lazy("range", "30 days"),
    90: pgettext_lazy("range", "90 days"),
    365: pgettext_lazy("range", "1 year"),
    3650: pgettext_lazy("range", "10 years"),
}


@dataclass(frozen=True, slots=True)
class Window:
    """The time that all charts show: so many days until the end; until is None for now."""

    days: int
    start: datetime
    end: datetime
    now: datetime
    until: date | None = None

    @property
    def gap(self) -> timedelta:
        return timedelta(days=_GAP_DAYS[self.days])

    @property
    def step(self) -> Step:
        """Return the resolution in which a line of this length is read."""
        return next((step for most, step in _STEPS if self.days <= most), "month")

    def frame(self) -> dict[str, Any]:
        """Return what every chart of this window is given."""
        zone = timezone.get_default_timezone()
        return {"start": self.start, "end": self.end, "zone": zone, "now": self.now}

    def query(self) -> dict[str, str | None]:
        """Return the window as the parameters of an address."""
        return {
            "days": str(self.days),
            "until": None if self.until is None else self.until.isoformat(),
        }

    def earlier(self) -> Window | None:
        """Return the window half its length before (a day before for one day)."""
        found = _ending(self.days, _last_day(self) - timedelta(days=max(1, self.days // 2)), self)
        return found if found.end > self.now - OLDEST else None

    def later(self) -> Window | None:
        """Return the window half its length after, None where this one ends now."""
        if self.until is None:
            return None
        return _ending(self.days, self.until + timedelta(days=max(1, self.days // 2)), self)

    def resized(self, days: int) -> Window:
        """Return a window of another length about the same middle; one that ends now stays so."""
        if self.until is None:
            return window_of(days, self.now)
        moved = timedelta(days=(days - self.days) // 2)
        return _ending(days, self.until + moved, self)

    def nearer(self) -> Window | None:
        """Return the next shorter window."""
        place = RANGES_DAYS.index(self.days)
        return self.resized(RANGES_DAYS[place - 1]) if place else None

    def wider(self) -> Window | None:
        """Return the next longer window."""
        place = RANGES_DAYS.index(self.days) + 1
        return self.resized(RANGES_DAYS[place]) if place < len(RANGES_DAYS) else None


def _last_day(window: Window) -> date:
    return window.until or timezone.localdate(window.now)


def _ending(days: int, until: date, window: Window) -> Window:
    return window_of(days, window.now, until)


def days_of(request: HttpRequest, ranges: tuple[int, ...] = RANGES_DAYS) -> int:
    """Return the asked range in days, 14 for anything that is no range."""
    asked = request.GET.get("days", "")
    days = int(asked) if asked.isdecimal() and len(asked) < 5 else USUAL_RANGE_DAYS
    if days in ranges:
        return days
    return ranges[-1] if days in RANGES_DAYS else USUAL_RANGE_DAYS


def until_of(request: HttpRequest) -> date | None:
    """Return the asked last day, None for none."""
    try:
        return date.fromisoformat(request.GET.get("until", ""))
    except ValueError:
        return None


def window_of(days: int, at: datetime, until: date | None = None) -> Window:
    """Return the window of so many days that ends now, or with a local day of the past."""
    if until is None or until >= timezone.localdate(at):
        return Window(days, at - timedelta(days=days), at, at)
    until = max(until, timezone.localdate(at - OLDEST))
    zone = timezone.get_default_timezone()
    end = datetime.combine(until + timedelta(days=1), clock_time(), zone)
    start = datetime.combine(until + timedelta(days=1 - days), clock_time(), zone)
    return Window(days, start, end, at, until)


def asked_window(
    request: HttpRequest, at: datetime, ranges: tuple[int, ...] = RANGES_DAYS
) -> Window:
    """Return the window that a page was asked for."""
    return window_of(days_of(request, ranges), at, until_of(request))
