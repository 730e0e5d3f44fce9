"""Windows of local time that may run over midnight."""

from __future__ import annotations

from datetime import datetime, timedelta
from datetime import time as clock_time
from functools import lru_cache
from zoneinfo import ZoneInfo

from songhe.kernel.time import from_us, to_us


@lru_cache(maxsize=256)
def _clock(text: str) -> clock_time:
    return clock_time.fromisoformat(text)


def window_at(at_us: int, since: str, until: str, zone: str) -> tuple[int, int] | None:
    """Return the half-open window [from, until) that an instant falls into, in epoch microseconds.

    since and until are local times such as "22:00"; until not after since means the next morning.
    None when the instant is outside. Both ends follow the zone's clock changes.
    """
    tz = ZoneInfo(zone)
    start, end = _clock(since), _clock(until)
    day = from_us(at_us).astimezone(tz).date()
    for first in (day, day - timedelta(days=1)):
        last = first if end > start else first + timedelta(days=1)
        low = to_us(datetime.combine(first, start, tz))
        high = to_us(datetime.combine(last, end, tz))
        if low <= at_us < high:
            return low, high
    return None
