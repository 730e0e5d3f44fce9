"""The job of the audit: a look over the whole chain."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from procrastinate.contrib.django import app

from songhe.base.audit import walking
from songhe.base.events.retry import AWAY


@app.task(name="audit.check", queue="audit", lock="audit.check", retry=AWAY)
def check(check_id: str) -> None:
    """Check every link against its record, its day and the signed end."""
    walking.run_check(check_id=UUID(check_id), clock=timezone.now)
