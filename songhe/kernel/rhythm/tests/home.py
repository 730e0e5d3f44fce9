"""A home by rule: one person's days as events, drawn from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from songhe.kernel.rhythm import Day, Fired, days_of
from songhe.kernel.rhythm.sensing import in_order
from songhe.kernel.time import MINUTE_US, to_us

ZONE = "Asia/Shanghai"
FIRST = date(2026, 8, 31)


def at(on: date, minutes: float) -> int:
    """Return the instant of minutes after a local midnight."""
    midnight = datetime(on.year, on.month, on.day, tzinfo=ZoneInfo(ZONE))
    return to_us(midnight) + round(minutes * MINUTE_US)


def fired(on: date, minutes: float, channel: str, lasting: float = 0.0) -> Fired:
    """Return one event of a day."""
    return Fired(at(on, minutes), at(on, minutes + lasting), channel)


def day_events(
    on: date, draw: Random, *, up: float = 390, bed: float = 1310, night_visits: int = 1,
    outing: tuple[float, float] | None = (540, 620), busy: float = 12.0,
) -> list[Fired]:  # fmt: skip
    """Return one day: up, meals, an outing, moves about every `busy` minutes, bed, the night."""
    up, bed = up + draw.gauss(0, 8), bed + draw.gauss(0, 10)
    found = [fired(on, up, "bedroom"), fired(on, up + 3, "toilet"), fired(on, up + 10, "kitchen")]
    found += [fired(on, up + 15, "kitchen")]
    when = up + 20
    while when < bed:
        out = outing is not None and outing[0] <= when < outing[1]
        if not out:
            room = draw.choice(("living", "kitchen", "living", "hall", "toilet"))
            found.append(fired(on, when, room, 0.3))
        when += draw.expovariate(1 / busy) + 1
    if outing is not None:
        found = [e for e in found if not at(on, outing[0]) <= e.at_us < at(on, outing[1])]
        found += [fired(on, outing[0], "front", 0.2), fired(on, outing[1], "front", 0.2)]
    for meal in (690, 1050):
        found += [fired(on, meal + draw.gauss(0, 6) + k, "kitchen") for k in (0, 3, 7)]
    found += [fired(on, bed, "living"), fired(on, bed + 4, "bedroom")]
    for _ in range(night_visits):
        found.append(fired(on, 1440 + draw.uniform(60, 240), "toilet"))
    return found


def life(count: int, seed: int = 1, first: date = FIRST, **given: object) -> list[Fired]:
    """Return events of so many days and the one before; a value may be a function of the number."""
    draw, found = Random(seed), []
    for number in range(-1, count):
        own = {name: (v(number) if callable(v) else v) for name, v in given.items()}
        found += day_events(first + timedelta(days=number), draw, **own)  # type: ignore[arg-type]
    return in_order(found)


def days(events: Sequence[Fired], count: int, first: date = FIRST, **given: object) -> list[Day]:
    """Return the days of events."""
    until = at(first + timedelta(days=count), 0)
    return days_of(events, ZONE, at(first, 0), until, **given)  # type: ignore[arg-type]
