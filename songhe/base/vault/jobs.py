"""The job of the vault: seal anew what a rotation has left."""

from __future__ import annotations

from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app

from songhe.base.events.retry import AWAY
from songhe.base.vault import rotation


@app.periodic(cron="50 * * * *", periodic_id="hourly")
@app.task(name="vault.rotate", queue="old-days", lock="vault", retry=AWAY, pass_context=True)
def rotate(context: JobContext, timestamp: int = 0) -> None:
    """Go on with a rotation that runs; once an hour, for one that was stopped."""
    rotation.go_on(clock=timezone.now, should_stop=context.should_abort)
