"""Whether the platform's own watch is alive: how old the newest sample may be."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

LEAST_S = 45.0
PERIODS = 4


def stale_after() -> timedelta:
    """Return the age from which a newest sample says that nobody watches any more."""
    return timedelta(seconds=max(LEAST_S, PERIODS * settings.HEALTH["every_s"]))


def is_stale(sampled_at: datetime | None, *, at: datetime) -> bool:
    """Tell whether the newest sample is too old, or there is none."""
    return sampled_at is None or at - sampled_at > stale_after()
