"""Jobs of telemetry: seal closed days, roll regions up, destroy what is out of time."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError
from django.utils import timezone
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from songhe.domains.telemetry import services

LOCK = "telemetry.old_days"  # one after the other: they read and rewrite the same days
# The database may be away for a while; whatever else goes wrong is for a person to see.
AWAY = RetryStrategy(
    max_attempts=8, wait=5, exponential_wait=2, retry_exceptions=[OperationalError, InterfaceError]
)


@app.periodic(cron="20 * * * *", periodic_id="hourly")
@app.task(name="telemetry.seal", queue="old-days", lock=LOCK, retry=AWAY, pass_context=True)
def seal(context: JobContext, timestamp: int = 0) -> None:
    """Seal what is closed, merge what came late; a stopped run is gone on with the next time."""
    services.seal_old_days(clock=timezone.now, should_stop=context.should_abort)


@app.periodic(cron="5,20,35,50 * * * *", periodic_id="quarterly")
@app.task(name="telemetry.roll_up", queue="old-days", lock=LOCK, retry=AWAY, pass_context=True)
def roll_up(context: JobContext, timestamp: int = 0) -> None:
    """Roll up the regions' days that have changed."""
    services.roll_up_due_regions(clock=timezone.now, should_stop=context.should_abort)


@app.periodic(cron="40 19 * * *", periodic_id="nightly")
@app.task(name="telemetry.destroy", queue="old-days", lock=LOCK, retry=AWAY, pass_context=True)
def destroy(context: JobContext, timestamp: int = 0) -> None:
    """Destroy what is kept no longer; at 19:40 UTC, in China the middle of the night."""
    services.destroy_old(clock=timezone.now, should_stop=context.should_abort)
