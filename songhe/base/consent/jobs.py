"""The job of this room: remind of emergencies that nobody reviews."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from songhe.base.consent import emergencies
from songhe.base.events.retry import AWAY


@app.periodic(cron="25 * * * *", periodic_id="hourly")
@app.task(name="consent.remind", queue="events", lock="consent.remind", retry=AWAY)
def remind(timestamp: int = 0) -> None:
    """Tell of emergencies that wait too long for their review; once an hour."""
    emergencies.remind(at=timezone.now())
