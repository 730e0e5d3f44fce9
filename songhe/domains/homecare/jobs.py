"""Timed work of home care beds."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from songhe.base.events.retry import AWAY
from songhe.domains.homecare import services


@app.periodic(cron="20 1 * * *", periodic_id="daily")
@app.task(name="homecare.remind", queueing_lock="homecare.remind", retry=AWAY)
def remind(timestamp: int = 0) -> None:
    """Tell who renews agreements of those that end soon, and who reviews of what is
    overdue; and who answers objections of those whose day has passed."""
    services.remind_of_ends(at=timezone.now())
    services.remind_of_reviews(at=timezone.now())
    services.remind_of_objections(at=timezone.now())
