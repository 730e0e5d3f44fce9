"""Timed work of billing."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from songhe.base.events.retry import AWAY
from songhe.domains.billing import services


@app.periodic(cron="50 * * * *", periodic_id="hourly")
@app.task(name="billing.draft", queueing_lock="billing.draft", retry=AWAY)
def draft(timestamp: int = 0) -> None:
    """Draft what is to be settled of the last month, and keep the drafts up to date."""
    services.draft_settlements(at=timezone.now())
