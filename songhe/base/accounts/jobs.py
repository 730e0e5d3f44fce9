"""Jobs of accounts: sessions that have expired are forgotten."""

from __future__ import annotations

from procrastinate.contrib.django import app

from songhe.base.accounts.sessions import SessionStore
from songhe.base.events.retry import AWAY


@app.periodic(cron="10 18 * * *", periodic_id="nightly")
@app.task(name="accounts.forget_expired", queue="old-days", retry=AWAY)
def forget_expired(timestamp: int = 0) -> None:
    """Delete expired sessions; at 18:10 UTC, in China the night."""
    SessionStore.clear_expired()
