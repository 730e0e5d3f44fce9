"""Jobs of security: erasing at a person's request."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from procrastinate.contrib.django import app

from songhe.base.events.retry import AWAY
from songhe.domains.security import erasures


@app.task(name="security.erase", queue="old-days", lock="security.erase", retry=AWAY)
def erase(erasure_id: str) -> None:
    """Erase a person, search for what might be left, and certify it."""
    erasures.run_erasure(erasure_id=UUID(erasure_id), at=timezone.now())


@app.periodic(cron="20 20 * * *", periodic_id="daily")
@app.task(name="security.erase_due", queue="old-days", lock="security.erase", retry=AWAY)
def erase_due(timestamp: int = 0) -> None:
    """Erase what a legal duty kept until today; at 20:20 UTC, in China the night."""
    erasures.erase_due(at=timezone.now())
