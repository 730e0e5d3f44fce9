"""New values of the persons somebody looks at: a small question, five times a second.

The gateway announces no readings, since nearly nobody looks at nearly anybody. A page of one person
asks for the topic `watch:<id>` with its ticket; this loop compares when the row of latest values of
the watched was last written, and says `reading` when it changed.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from uuid import UUID

import psycopg

from songhe.kernel.wire import LiveEvent
from songhe.live.hub import Hub

logger = logging.getLogger("songhe.live")

WATCH = "watch:"
EVERY_S = 0.2
AWAY_S = 2.0
_WRITTEN = "SELECT subject, updated_at FROM latest WHERE subject = ANY(%s)"


class Watch:
    """Looks at the latest values of watched persons while there are any."""

    def __init__(self, database_url: str, hub: Hub) -> None:
        self._url = database_url
        self._hub = hub
        self._written: dict[UUID, datetime] = {}

    async def run(self) -> None:
        """Look until cancelled; while the database is away nothing is said."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._url, autocommit=True, application_name="songhe live watch"
                ) as connection:
                    while True:
                        await self.look(connection)
                        await asyncio.sleep(EVERY_S)
            except psycopg.Error as error:
                logger.info("watched persons wait for the database (%s)", type(error).__name__)
                await asyncio.sleep(AWAY_S)

    async def look(self, connection: psycopg.AsyncConnection[tuple[UUID, datetime]]) -> None:
        """Announce whose latest values were written since the last look."""
        watched = self._hub.watched(WATCH)
        if not watched:
            self._written.clear()
            return
        cursor = await connection.execute(_WRITTEN, (list(watched),))
        found = dict(await cursor.fetchall())
        for subject, written_at in found.items():
            # Of who is newly watched the pages say from when on they want to know.
            before = self._written.get(subject) or datetime.fromtimestamp(watched[subject], UTC)
            if before < written_at:
                self._hub.publish(
                    LiveEvent(
                        topics=[f"{WATCH}{subject}"],
                        kind="reading",
                        id=str(subject),
                        at=datetime.now(UTC).isoformat(timespec="seconds"),
                    )
                )
        self._written = {
            subject: found.get(subject, datetime.fromtimestamp(since, UTC))
            for subject, since in watched.items()
        }
