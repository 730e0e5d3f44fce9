"""Background jobs that failed for good: shown to the engineer, and tried anew when asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from procrastinate.contrib.django import app

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.kernel.errors import Conflict, NotFound

RETRY = "operations.retry_job"
MOST = 50
_FRAME = re.compile(r"  \S+:\d+ in ")


class NoSuchJob(NotFound):
    code = "health.no_such_job"
    message = "This job does not exist any more."


class JobNotFailed(Conflict):
    code = "health.job_not_failed"
    message = "This job has not failed, or somebody has it tried again already."


@dataclass(frozen=True, slots=True)
class FailedJob:
    """One job; `what` names the handler of an event where the job delivers one.

    fault: its last error with where it came from, without personal data; "" where none was kept.
    """

    id: int
    task: str
    what: str
    attempts: int
    failed_at: datetime | None
    fault: str

    @property
    def error(self) -> str:
        """Return what went wrong in one line: the first one after the last frame."""
        lines = self.fault.split("\n")
        frames = [n for n, line in enumerate(lines) if _FRAME.match(line)]
        return lines[frames[-1] + 1] if frames and frames[-1] + 1 < len(lines) else lines[-1]


def failed_jobs(*, limit: int = MOST) -> list[FailedJob]:
    """Return the jobs that failed for good, the newest first. Arguments are ids, never shown."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT j.id, j.task_name, coalesce(j.args->>'handler', ''), j.attempts,"
            " (SELECT max(e.at) FROM procrastinate_events e"
            "   WHERE e.job_id = j.id AND e.type = 'failed'),"
            " coalesce(f.fault, '')"
            " FROM procrastinate_jobs j LEFT JOIN health_job_fault f ON f.job = j.id"
            " WHERE j.status = 'failed' ORDER BY j.id DESC LIMIT %s",
            [limit],
        )
        return [FailedJob(*row) for row in cursor.fetchall()]


@transaction.atomic
def retry_job(*, actor: Actor, job_id: int, at: datetime) -> None:
    """Let a failed job run again. Raises NoSuchJob, JobNotFailed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status::text, task_name FROM procrastinate_jobs WHERE id = %s FOR UPDATE",
            [job_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise NoSuchJob
    if row[0] != "failed":
        raise JobNotFailed
    app.job_manager.retry_job_by_id(job_id, retry_at=at)
    audit.record_change(
        actor=actor,
        action=RETRY,
        ref=f"procrastinate.Job/{job_id}",
        at=at,
        detail={"task": row[1]},
    )
