"""Timed work of dispatch."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app

from songhe.base.events.retry import AWAY, MOST_TRIES, while_away
from songhe.domains.dispatch import services, shift_reads


@app.periodic(cron="40 * * * *", periodic_id="hourly")
@app.task(name="dispatch.forget_places", queueing_lock="dispatch.forget_places", retry=AWAY)
def forget_places(timestamp: int = 0) -> None:
    """Throw away where workers were once that says nothing of now."""
    services.forget_places(at=timezone.now())


@app.periodic(cron="30 0 * * *", periodic_id="daily")
@app.task(name="dispatch.tell_overdue", queueing_lock="dispatch.tell_overdue", retry=AWAY)
def tell_overdue(timestamp: int = 0) -> None:
    """Tell of complaints whose day passed without an answer."""
    services.tell_overdue(at=timezone.now())


@app.periodic(cron="10 * * * *", periodic_id="hourly")
@app.task(name="dispatch.make_turns", queueing_lock="dispatch.make_turns", retry=AWAY)
def make_turns(timestamp: int = 0) -> None:
    """Make the orders of series as far ahead as is planned."""
    services.make_turns(at=timezone.now())


@app.task(
    name="dispatch.run_plan",
    queue="trials",
    lock="dispatch.plans",
    pass_context=True,
    retry=while_away(services.Interrupted),
)
def run_plan(context: JobContext, plan_id: str) -> None:
    """Plan a week; begun anew by the next process when this one is asked to end."""
    services.run_plan(
        plan_id=UUID(plan_id),
        clock=timezone.now,
        should_end=context.should_abort,
        is_last=context.job is not None and context.job.attempts >= MOST_TRIES,
    )


@app.periodic(cron="1 * * * *", periodic_id="hourly")
@app.task(name="dispatch.tell_shift_over", queueing_lock="dispatch.tell_shift_over", retry=AWAY)
def tell_shift_over(timestamp: int = 0) -> None:
    """Tell leaders of the shift's report, in the hour after it ended."""
    now = timezone.now()
    if now - shift_reads.shift_at(now).since < timedelta(hours=1):
        services.tell_shift_over(at=now)
