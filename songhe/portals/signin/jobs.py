"""Background work of signing in: a code is looked up and sent apart from who asked."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from procrastinate.contrib.django import app

from songhe.base.events.retry import AWAY
from songhe.portals.signin import codes


@app.task(name=codes.JOB, queue="events", retry=AWAY)
def send_code(code_id: str, locale: str) -> None:
    """Send a code to a phone that an account has; to others nothing leaves."""
    codes.send_code(code_id=UUID(code_id), locale=locale, at=timezone.now())
