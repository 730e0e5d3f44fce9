"""Jobs of telemetry: seal closed days, roll regions up."""

from __future__ import annotations

from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app

from songhe.base.events.retry import AWAY
from songhe.domains.telemetry import services
from songhe.domains.telemetry.terms import OLD_DAYS_LOCK as LOCK


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
