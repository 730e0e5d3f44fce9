"""Jobs of security: erasing at a person's request, destroying what is out of time."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app

from songhe.base.events.retry import AWAY
from songhe.base.retention import running
from songhe.domains.security import erasures
from songhe.domains.telemetry.terms import OLD_DAYS_LOCK


@app.task(name="security.erase", queue="old-days", lock="security.erase", retry=AWAY)
def erase(erasure_id: str) -> None:
    """Erase a person, search for what might be left, and certify it."""
    erasures.run_erasure(erasure_id=UUID(erasure_id), at=timezone.now())


@app.periodic(cron="20 20 * * *", periodic_id="daily")
@app.task(name="security.erase_due", queue="old-days", lock="security.erase", retry=AWAY)
def erase_due(timestamp: int = 0) -> None:
    """Erase what a legal duty kept until today; at 20:20 UTC, in China the night."""
    erasures.erase_due(at=timezone.now())


@app.periodic(cron="40 19 * * *", periodic_id="nightly")
@app.task(
    name="security.destroy_expired",
    queue="old-days",
    lock=OLD_DAYS_LOCK,
    retry=AWAY,
    pass_context=True,
)
def destroy_expired(context: JobContext, timestamp: int = 0) -> None:
    """Destroy what is kept no longer; at 19:40 UTC, in China the middle of the night."""
    run = running.destroy_expired(clock=timezone.now, should_stop=context.should_abort)
    running.complain(run)  # an engineer sees it among the jobs that failed


@app.task(
    name="security.try_destruction",
    queue="old-days",
    lock=OLD_DAYS_LOCK,
    retry=AWAY,
    pass_context=True,
)
def try_destruction(context: JobContext, run_id: str) -> None:
    """Count what would go; nothing is destroyed."""
    running.run_trial(run_id=UUID(run_id), clock=timezone.now, should_stop=context.should_abort)
