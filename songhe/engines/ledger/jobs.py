"""The ledger's seals, each minute."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from songhe.base.events.retry import AWAY
from songhe.engines.ledger import sealing


@app.periodic(cron="* * * * *", periodic_id="minutely")
@app.task(name="ledger.seal", queueing_lock="ledger.seal", retry=AWAY)
def seal(timestamp: int = 0) -> None:
    """Seal what was recorded since the last time."""
    sealing.seal_all(at=timezone.now())
