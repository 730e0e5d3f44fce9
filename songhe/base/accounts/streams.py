"""Telling the event stream that what somebody may hear has changed.

Nothing needs to be told when a sign-in ends or an account is closed: the database says it itself.
"""

from __future__ import annotations

from uuid import UUID

from django.db import connection

from songhe.kernel.wire import CHANNEL_CUT


def ask_again(user_id: UUID) -> None:
    """Let the open streams of an account come back with a new ticket, once this is committed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL_CUT, f"again:{user_id}"])
