"""Timed work of subsidies, each night."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from songhe.base.events.retry import AWAY
from songhe.domains.subsidies import services


@app.periodic(cron="25 * * * *", periodic_id="hourly")
@app.task(name="subsidies.turn", queueing_lock="subsidies.turn", retry=AWAY)
def turn(timestamp: int = 0) -> None:
    """Begin, fill, let fall back: each once, whenever the month or the day has turned."""
    services.turn(at=timezone.now())
