"""Instants as epoch microseconds on the hot path, aware datetimes elsewhere; business days."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_US = timedelta(microseconds=1)


def to_us(moment: datetime) -> int:
    """Return epoch microseconds of an aware datetime; a naive one raises ValueError."""
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    return (moment - _EPOCH) // _ONE_US


def from_us(moment_us: int) -> datetime:
    """Return the aware UTC datetime of epoch microseconds."""
    return _EPOCH + timedelta(microseconds=moment_us)


def parse_us(text: str) -> int:
    """Return epoch microseconds of an RFC 3339 time with zone; ValueError when it is not one."""
    return to_us(datetime.fromisoformat(text))


def business_day(moment: datetime, zone: str) -> date:
    """Return the calendar day that an instant falls on in a region's time zone."""
    return moment.astimezone(ZoneInfo(zone)).date()


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """Return the half-open UTC range of a region's calendar day."""
    start = datetime.combine(day, clock_time(), ZoneInfo(zone))
    end = datetime.combine(day + timedelta(days=1), clock_time(), ZoneInfo(zone))
    return start.astimezone(UTC), end.astimezone(UTC)


def steady_s() -> float:
    """Return seconds that no setting of the clock touches; they go on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class StepWatch:
    """Notices that the wall clock was set, as against a clock that nobody sets."""

    def __init__(self, wall_s: float, steady_s: float, tolerance_s: float = 2.0) -> None:
        self._apart_s = wall_s - steady_s
        self._tolerance_s = tolerance_s

    def look(self, wall_s: float, steady_s: float) -> float:
        """Return by how much the clock was set since the last look (s); 0 for slow corrections."""
        step_s, self._apart_s = wall_s - steady_s - self._apart_s, wall_s - steady_s
        return step_s if abs(step_s) > self._tolerance_s else 0.0


def minute_of_day(moment_us: int, zone: str) -> int:
    """Return minutes since local midnight (0..1439) of an instant in a region's time zone."""
    local = from_us(moment_us).astimezone(ZoneInfo(zone))
    return local.hour * 60 + local.minute
