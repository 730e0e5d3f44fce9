"""Background work of monitoring: trials of rules, suggestions, daily life, trends."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app

from songhe.base.events.retry import AWAY, MOST_TRIES, while_away
from songhe.domains.monitoring import services


@app.task(
    name="monitoring.run_trial",
    queue="trials",
    lock="monitoring.trials",
    pass_context=True,
    retry=while_away(services.Interrupted),
)
def run_trial(context: JobContext, trial_id: str) -> None:
    """Try a rule; begun anew by the next process when this one is asked to end."""
    services.run_trial(
        trial_id=UUID(trial_id),
        clock=timezone.now,
        should_end=context.should_abort,
        is_last=context.job is not None and context.job.attempts >= MOST_TRIES,
    )


@app.periodic(cron="35 19 * * *", periodic_id="nightly")
@app.task(name="monitoring.suggest", queue="trials", lock="monitoring.trials", retry=AWAY,
          pass_context=True)  # fmt: skip
def suggest(context: JobContext, timestamp: int = 0) -> None:
    """Every night (03:35 in China) look at rules that rang mostly for nothing."""
    services.make_suggestions(clock=timezone.now, should_stop=context.should_abort)


@app.periodic(cron="15 18 * * *", periodic_id="after-midnight")
@app.task(name="monitoring.learn_lives", queue="old-days", lock="monitoring.lives", retry=AWAY,
          pass_context=True)  # fmt: skip
def learn_lives(context: JobContext, timestamp: int = 0) -> None:
    """Every night (02:15 in China) learn the days that are over of everybody with sensors."""
    services.learn_lives(clock=timezone.now, should_stop=context.should_abort)


@app.periodic(cron="50 18 * * *", periodic_id="after-the-days")
@app.task(name="monitoring.watch_trends", queue="old-days", lock="monitoring.lives", retry=AWAY,
          pass_context=True)  # fmt: skip
def watch_trends(context: JobContext, timestamp: int = 0) -> None:
    """Every night (02:50 in China) judge how the values of everybody moved over weeks."""
    services.watch_trends(clock=timezone.now, should_stop=context.should_abort)


@app.periodic(cron="*/15 * * * *", periodic_id="as-measured")
@app.task(name="monitoring.watch_measured", queue="trials", lock="monitoring.measured",
          queueing_lock="monitoring.measured", retry=AWAY, pass_context=True)  # fmt: skip
def watch_measured(context: JobContext, timestamp: int = 0) -> None:
    """Every quarter of an hour judge of whom something was measured in the last one and a half."""
    services.watch_trends(
        clock=timezone.now, should_stop=context.should_abort, within=timedelta(minutes=90)
    )
