"""One connection that hears PostgreSQL's notifications and comes back whenever it is lost."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import msgspec
import psycopg

from songhe.kernel.wire import CHANNEL_CUT, CHANNEL_LIVE, LiveEvent
from songhe.live.hub import Hub

logger = logging.getLogger("songhe.live")

ASK_EVERY_S = 10.0
BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
_KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "connect_timeout": 5,
    "application_name": "songhe live",
}
# Which of these sign-ins are still signed in; what a sign-in is called is said by accounts 0005.
_STILL = """
SELECT sign_in FROM (
    SELECT left(encode(sha256(convert_to(s.session_key, 'UTF8')), 'hex'), 24) AS sign_in
      FROM accounts_session s JOIN accounts_user u ON u.id = s.user_id
     WHERE u.is_active AND s.expire_date > now()
) x WHERE sign_in = ANY(%s)
"""
_KIND = frozenset("abcdefghijklmnopqrstuvwxyz_-")


class Listener:
    """Listens on `songhe_live` and `songhe_cut` and gives what it hears to the hub.

    `listening` is False while the database is away: then nobody is told that all is well, and
    once it listens every stream hears `resync`, because what was said meanwhile is lost.
    """

    def __init__(self, database_url: str, hub: Hub) -> None:
        self._url = database_url
        self._hub = hub
        self.listening = False
        self.heard_once = False

    async def run(self) -> None:
        """Listen until cancelled; a lost connection is made anew with growing pauses."""
        failures = 0
        while True:
            try:
                await self._listen()
            except psycopg.Error as error:
                if self.listening:
                    failures = 0
                self.listening = False
                pause_s = BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)]
                logger.warning("the database is away (%s); again in %s s", _first(error), pause_s)
                failures += 1
                await asyncio.sleep(pause_s)

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self._url,
            autocommit=True,
            **_KEEPALIVE,  # type: ignore[arg-type]
        )
        async with connection:
            await connection.execute(f"LISTEN {CHANNEL_LIVE}")
            await connection.execute(f"LISTEN {CHANNEL_CUT}")
            await self._cut_who_left(connection)
            self.listening = True
            if self.heard_once:
                logger.info("the database is back")
            # Also the first time: who came before we listened has missed what was said until now.
            self._hub.resync()
            self.heard_once = True
            while True:
                async for note in connection.notifies(timeout=ASK_EVERY_S):
                    if note.channel == CHANNEL_CUT:
                        self._hub.cut(note.payload)
                    else:
                        self._hear(note.payload)
                await connection.execute("SELECT 1")

    async def _cut_who_left(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """End the streams of sign-ins that ended while the database was not heard."""
        asked = self._hub.sessions()
        if not asked:
            return
        cursor = await connection.execute(_STILL, (list(asked),))
        still = {str(row[0]) for row in await cursor.fetchall()}
        for sign_in in asked - still:
            self._hub.cut(f"session:{sign_in}")

    def _hear(self, payload: str) -> None:
        try:
            event = msgspec.json.decode(payload, type=LiveEvent)
        except msgspec.MsgspecError as error:
            logger.error("a notification that nobody can read: %s", error)
            return
        if not event.kind or not _KIND.issuperset(event.kind):
            logger.error("a notification with a kind that nobody can read")
            return
        self._hub.publish(event)


def _first(error: psycopg.Error) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
