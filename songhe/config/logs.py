"""How the Django processes log: `songhe.kernel.logs`, with what libraries may say.

JSON lines in production, readable ones in the demo and in tests; SONGHE_LOG_FORMAT (json, lines)
chooses otherwise. The supervisor adds time and process to readable lines.
"""

from __future__ import annotations

import logging

from songhe.config.env import Env
from songhe.kernel import logs

CHATTY = {
    "django.request": "ERROR",  # a page that is not there is no fault of ours
    "django.security.DisallowedHost": "CRITICAL",
    "procrastinate": "WARNING",
    "procrastinate.worker": "INFO",  # see FailedJobs
    "psycopg.pool": "ERROR",  # the page that had to wait says it
    "asyncio": "WARNING",
    "PIL": "WARNING",
    "fontTools": "WARNING",
    "_granian": "WARNING",
    "granian": "WARNING",
}


class FailedJobs(logging.Filter):
    """Of background jobs only failures are told: which job, never with what arguments."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record is kept; that of a failed job gets words of ours."""
        if not record.name.startswith("procrastinate"):
            return True
        action = getattr(record, "action", "")
        if action not in {"job_error", "job_error_retry"}:
            return record.levelno >= logging.WARNING
        job = getattr(record, "job", {})
        again = action == "job_error_retry"
        end = "is tried again" if again else "failed for good"
        record.msg = f"job {job.get('id')} ({job.get('task_name')}) {end}"
        record.args = ()
        record.levelno = logging.WARNING if again else logging.ERROR
        record.levelname = logging.getLevelName(record.levelno)
        return True


def configure(process: str, env: Env) -> None:
    """Set up the log of a process from its environment."""
    logs.configure(
        process,
        level=env.log_level,
        readable=env.log_style == "lines",
        quiet=CHATTY,
        filters=[FailedJobs()],
    )
