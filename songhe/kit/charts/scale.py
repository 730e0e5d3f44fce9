"""Where a time and a value lie in a drawing: x in percent of the width, y in pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from datetime import time as clock_time
from itertools import pairwise

X_FROM, X_TO = 7.0, 98.0
_STEPS_H = (1, 2, 3, 6, 12)
_STEPS_D = (1, 2, 4, 7, 14, 30, 61)
_STEPS_M = (1, 2, 3, 6, 12, 24, 36, 60, 120)
MONTHS_FROM = timedelta(days=200)  # from here on the axis counts in months
YEARS_FROM = timedelta(days=1200)


@dataclass(frozen=True, slots=True)
class TimeScale:
    """A half-open window of time laid over a share of the width (percent)."""

    start: datetime
    end: datetime
    zone: tzinfo
    x_from: float = X_FROM
    x_to: float = X_TO

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError("a chart's window ends after it starts")

    def x(self, at: datetime) -> float:
        """Return the percentage of an instant, clamped to the window."""
        share = (at - self.start) / (self.end - self.start)
        return self.x_from + (self.x_to - self.x_from) * min(1.0, max(0.0, share))

    def holds(self, at: datetime) -> bool:
        return self.start <= at <= self.end

    def ticks(self, most: int = 6) -> list[datetime]:
        """Return at most `most` round local times inside the window."""
        if self.by_month:
            return self._month_ticks(most)
        hours = (self.end - self.start) / timedelta(hours=1)
        for step in _STEPS_H:
            if hours / step <= most:
                return self._hour_ticks(step)
        days = hours / 24
        step = next((s for s in _STEPS_D if days / s <= most), _STEPS_D[-1])
        return self._day_ticks(step)

    @property
    def by_hour(self) -> bool:
        """Tell whether ticks are times of day (short windows) or days."""
        return (self.end - self.start) / timedelta(hours=1) / _STEPS_H[-1] <= 6

    @property
    def by_month(self) -> bool:
        """Tell whether ticks are the first of months (long windows)."""
        return self.end - self.start >= MONTHS_FROM

    @property
    def by_year(self) -> bool:
        """Tell whether ticks are the first of years (very long windows)."""
        return self.end - self.start >= YEARS_FROM

    def _month_ticks(self, most: int) -> list[datetime]:
        months = (self.end - self.start) / timedelta(days=30.4)
        fitting = [s for s in _STEPS_M if months / s <= most and (s % 12 == 0 or not self.by_year)]
        step = fitting[0] if fitting else _STEPS_M[-1]
        first = self.start.astimezone(self.zone)
        count = first.year * 12 + first.month - 1
        found: list[datetime] = []
        while (at := self._local(date(count // 12, count % 12 + 1, 1), 0)) <= self.end:
            if count % step == 0 and self.holds(at):
                found.append(at)
            count += 1
        return found

    def _hour_ticks(self, step: int) -> list[datetime]:
        day = self.start.astimezone(self.zone).date()
        found: list[datetime] = []
        while (midnight := self._local(day, 0)) <= self.end:
            of_day = (self._local(day, hour) for hour in range(0, 24, step))
            found += [at for at in of_day if self.holds(at)]
            day = midnight.date() + timedelta(days=1)
        return found

    def _day_ticks(self, step: int) -> list[datetime]:
        day = self.start.astimezone(self.zone).date()
        if self._local(day, 0) < self.start:
            day += timedelta(days=1)
        found: list[datetime] = []
        while (at := self._local(day, 0)) <= self.end:
            found.append(at)
            day += timedelta(days=step)
        return found

    def _local(self, day: date, hour: int) -> datetime:
        return datetime.combine(day, clock_time(hour), self.zone)


@dataclass(frozen=True, slots=True)
class ValueScale:
    """A range of values laid between two heights in pixels; larger values stand higher."""

    low: float
    high: float
    y_top: float
    y_base: float

    def y(self, value: float) -> float:
        """Return the height of a value, clamped to the drawing."""
        share = (value - self.low) / (self.high - self.low)
        return self.y_base - (self.y_base - self.y_top) * min(1.0, max(0.0, share))

    def ticks(self, most: int = 4) -> list[float]:
        """Return at most `most` round values strictly inside the range."""
        step = round_step((self.high - self.low) / most)
        first = math.floor(self.low / step) + 1
        found = []
        n = first
        while n * step < self.high - 1e-9 * step:
            if n * step > self.low + 1e-9 * step:
                found.append(n * step)
            n += 1
        return found


def round_step(rough: float) -> float:
    """Return the next 1, 2, 3, 5 times a power of ten that is not below the rough step."""
    power: float = 10.0 ** math.floor(math.log10(rough))
    for factor in (1, 2, 3, 5):
        if factor * power >= rough * (1 - 1e-9):
            return factor * power
    return 10 * power


def value_scale(values: Sequence[float], y_top: float, y_base: float) -> ValueScale:
    """Return a scale that holds all values with a little air; no values give 0 to 1."""
    if not values:
        return ValueScale(0.0, 1.0, y_top, y_base)
    low, high = min(values), max(values)
    air = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return ValueScale(low - air, high + air, y_top, y_base)


def thin(points: Sequence[tuple[float, float]], width: float, buckets: int = 320) -> list[int]:
    """Return the indexes to keep so that each bucket of x keeps its lowest and highest value.

    `points` are (x, value) in order of x, x from 0 to `width`. Nothing is dropped while there
    are at most two points a bucket; first and last are always kept.
    """
    if len(points) <= 2 * buckets:
        return list(range(len(points)))
    extremes: dict[int, tuple[int, int]] = {}
    for index, (x, value) in enumerate(points):
        bucket = min(buckets - 1, int(x / width * buckets))
        low, high = extremes.get(bucket, (index, index))
        if value < points[low][1]:
            low = index
        if value > points[high][1]:
            high = index
        extremes[bucket] = (low, high)
    kept = {0, len(points) - 1}
    for low, high in extremes.values():
        kept |= {low, high}
    return sorted(kept)


def find_gaps(
    times: Sequence[datetime], start: datetime, end: datetime, longest: timedelta
) -> list[tuple[datetime, datetime]]:
    """Return the stretches of [start, end] longer than `longest` in which no time lies."""
    edges = [start, *times, end]
    return [(a, b) for a, b in pairwise(edges) if b - a > longest]
