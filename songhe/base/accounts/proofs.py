"""When somebody last proved who they are. Sensitive pages ask again when that is long ago.

Declared at the page: `screen(…, fresh=True)`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.sessions.backends.base import SessionBase

PROVED = "proved_at"  # the entry of a session
FRESH = timedelta(minutes=10)


def mark(session: SessionBase, *, at: datetime) -> None:
    """Note in a session that its account was proved just now."""
    session[PROVED] = int(at.timestamp())


def is_fresh(session: SessionBase, *, at: datetime) -> bool:
    """Tell whether the last proof is younger than ten minutes."""
    proved = session.get(PROVED)
    return isinstance(proved, int) and 0 <= at.timestamp() - proved < FRESH.total_seconds()
