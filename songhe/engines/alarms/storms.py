"""Many alarms of one kind from one place within minutes are one incident, not many rings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class StormRule:
    """at_least alarms of different homes in one region within window_s are a storm (status E)."""

    at_least: int = 5
    window_s: int = 600


@dataclass(frozen=True, slots=True)
class Beat:
    """One alarm as the storm rule sees it."""

    home: str
    at: datetime


def is_storm(beats: Iterable[Beat], now: datetime, rule: StormRule) -> bool:
    """Tell whether enough different homes rang within the window before now."""
    since = now - timedelta(seconds=rule.window_s)
    return len({beat.home for beat in beats if since <= beat.at <= now}) >= rule.at_least
