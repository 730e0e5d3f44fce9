"""The job of this room: send one delivery."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from procrastinate.contrib.django import app

from songhe.base.events.retry import AWAY
from songhe.base.notify import sending


@app.task(name="notify.send", queue="notices", retry=AWAY)
def send(delivery_id: str, tries: int) -> None:
    """Send a delivery that was tried so often before; what fails for now has a timer of its own."""
    sending.send(delivery_id=UUID(delivery_id), tries=tries, clock=timezone.now)
