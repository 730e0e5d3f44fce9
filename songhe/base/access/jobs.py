"""Jobs of access: sign-ins that nobody uses end by themselves."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from songhe.base.access.sessions import SessionStore
from songhe.base.events.retry import AWAY


@app.periodic(cron="*/5 * * * *", periodic_id="often")
@app.task(name="access.end_idle", retry=AWAY)
def end_idle(timestamp: int = 0) -> None:
    """Sign out who has asked for nothing for as long as the roles say."""
    SessionStore.end_idle(at=timezone.now())
