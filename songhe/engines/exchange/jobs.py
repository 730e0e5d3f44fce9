"""Background work of exchange: imports, and throwing their files away."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app

from songhe.base.events.retry import AWAY, MOST_TRIES, while_away
from songhe.engines.exchange import services


@app.task(
    name=services.JOB,
    queue=services.QUEUE,
    pass_context=True,
    retry=while_away(services.Interrupted),
)
def run_import(context: JobContext, run_id: str) -> None:
    """Take the rows of an import; gone on with by the next process when this one ends."""
    services.run_import(
        run_id=UUID(run_id),
        clock=timezone.now,
        should_end=context.should_abort,
        is_last=context.job is not None and context.job.attempts >= MOST_TRIES,
    )


@app.periodic(cron="30 * * * *", periodic_id="hourly")
@app.task(name="exchange.tidy", queue="old-days", retry=AWAY)
def tidy(timestamp: int = 0) -> None:
    """Throw away what no import needs any more."""
    services.tidy(at=timezone.now())
