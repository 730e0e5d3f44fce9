"""Holds that nobody confirmed, each minute."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from songhe.base.events.retry import AWAY
from songhe.engines.booking import line


@app.periodic(cron="* * * * *", periodic_id="minutely")
@app.task(name="booking.expire", queueing_lock="booking.expire", retry=AWAY)
def expire(timestamp: int = 0) -> None:
    """Release the holds that count no more, and offer their places."""
    line.expire_holds(at=timezone.now())
