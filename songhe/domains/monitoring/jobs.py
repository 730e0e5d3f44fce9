"""Background work of monitoring: rules tried on stored readings."""

from __future__ import annotations

from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.utils import timezone
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from songhe.domains.monitoring import services

# The process may be asked to end, the database may be away for a while (10 minutes in all);
# whatever else goes wrong is for a person to see.
MOST_TRIES = 8
AGAIN = RetryStrategy(
    max_attempts=MOST_TRIES,
    wait=5,
    exponential_wait=2,
    retry_exceptions=[services.Interrupted, OperationalError, InterfaceError],
)


@app.task(
    name="monitoring.run_trial",
    queue="trials",
    lock="monitoring.trials",
    pass_context=True,
    retry=AGAIN,
)
def run_trial(context: JobContext, trial_id: str) -> None:
    """Try a rule; begun anew by the next process when this one is asked to end."""
    services.run_trial(
        trial_id=UUID(trial_id),
        clock=timezone.now,
        should_end=context.should_abort,
        is_last=context.job is not None and context.job.attempts >= MOST_TRIES,
    )
