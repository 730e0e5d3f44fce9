"""Keeps the last error of each background job, for the page that lists those that failed for good.

The queue itself remembers that a job failed and when, not why.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import structlog
from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection
from django.utils import timezone
from procrastinate.job_context import JobContext
from procrastinate.worker import Worker

from songhe.base.health.models import JobFault
from songhe.kernel.logs import fault_text

MOST_LETTERS = 8_000
log = structlog.get_logger(__name__)


async def noting(call: Callable[[], Awaitable[Any]], context: JobContext, _worker: Worker) -> Any:
    """Run a job; note why it failed, and forget it when it succeeds. The job's error goes on."""
    try:
        done = await call()
    except Exception as error:
        await sync_to_async(note)(context.job.id, error, at=timezone.now())
        raise
    if context.job.attempts:
        await sync_to_async(forget)(context.job.id)
    return done


def note(job: int | None, error: Exception, *, at: datetime) -> None:
    """Keep why a job failed, without personal data; while the database is away, the log has it."""
    if job is None:
        return
    fault = fault_text(error)[-MOST_LETTERS:]
    try:
        JobFault.objects.update_or_create(job=job, defaults={"at": at, "fault": fault})
        with connection.cursor() as cursor:
            # Those of jobs that were done or removed meanwhile.
            cursor.execute(
                "DELETE FROM health_job_fault f WHERE NOT EXISTS"
                " (SELECT FROM procrastinate_jobs j WHERE j.id = f.job)"
            )
    except DatabaseError as gone:
        log.warning("job_fault_not_kept", job=job, error=type(gone).__name__)


def forget(job: int | None) -> None:
    """Forget the error of a job that has succeeded at last."""
    if job is None:
        return
    try:
        JobFault.objects.filter(job=job).delete()
    except DatabaseError as gone:
        log.warning("job_fault_not_forgotten", job=job, error=type(gone).__name__)
