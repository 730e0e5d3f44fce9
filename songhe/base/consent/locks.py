"""Locks and small things of the services: one writer a person, streams that begin anew."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import connection

from songhe.kernel.wire import CHANNEL_LIVE, LiveEvent


def lock(kind: str, one: UUID) -> None:
    """Wait until nobody else writes this kind of thing for this id; held to the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{kind}:{one}"])


def renew_streams(users: Iterable[UUID], *, at: datetime) -> None:
    """Let open pages of users come with a new ticket at commit, which knows what holds then."""
    topics = sorted({f"user:{user}" for user in users})
    if topics:
        event = LiveEvent(topics=topics, kind="again", id="", at=at.isoformat())
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_notify(%s, %s)", [CHANNEL_LIVE, msgspec.json.encode(event).decode()]
            )
