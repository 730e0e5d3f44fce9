"""All MQTT connections of this process: admission, take-over, time limits, shutting down."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable

import structlog

from songhe.gateway import metrics
from songhe.gateway.commands import Commands
from songhe.gateway.front.connection import Connection
from songhe.gateway.front.turns import Turns
from songhe.gateway.limits import Bucket
from songhe.gateway.registry import Device, Registry
from songhe.gateway.settings import Settings
from songhe.gateway.writer import Writer

log = structlog.get_logger("songhe.gateway.mqtt")

# Every connection is looked at once in this time, a few at once: ten thousand in one go would hold
# up everybody's messages for tens of milliseconds.
SWEEP_S, SWEPT_AT_ONCE = 1.0, 500
LINES_PER_S, LINES_BURST = 5.0, 200.0
# A device that vanished without a word is let go, also one that asked for no keep-alive; seldom
# enough to wake no radio for it.
LOST_AFTER_S, LOST_EVERY_S, LOST_COUNT = 600, 30, 4
UNREAD_MS = 120_000
BACKLOG = 4096


class Listener:
    """Listens for devices and keeps one connection a device."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        writer: Writer,
        commands: Commands,
        now_us: Callable[[], int],
    ) -> None:
        self.settings = settings
        self.registry = registry
        self.writer = writer
        self.commands = commands
        self.now_us = now_us
        self.turns = Turns()
        self._connections: set[Connection] = set()
        self._unknown: Counter[str] = Counter()
        self._lines = Bucket(LINES_PER_S, LINES_BURST, now_us())
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.Task[None] | None = None
        self.is_stopping = False

    async def start(self, context: ssl.SSLContext | None) -> None:
        """Open the port."""
        loop = asyncio.get_running_loop()
        settings = self.settings
        self._server = await loop.create_server(
            lambda: Connection(self),
            settings.host,
            settings.device_port,
            ssl=context,
            ssl_handshake_timeout=settings.gateway_connect_s if context else None,
            backlog=BACKLOG,
        )
        for listening in self._server.sockets:
            _let_go_of_the_lost(listening.fileno())
        self._sweeper = asyncio.create_task(self._sweep())

    async def stop(self) -> None:
        """Take nobody in any more and read no more; what was taken in may still be settled."""
        self.is_stopping = True
        if self._server is not None:
            self._server.close()
        self.turns.finish_all()
        if self._sweeper is not None:
            self._sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeper

    def close_all(self, why: str) -> None:
        """End every connection."""
        for connection in list(self._connections):
            connection.end(why)

    def admit(self, connection: Connection) -> str:
        """Take a new connection in; return why not, or an empty text."""
        self._connections.add(connection)
        self._unknown[connection.address] += 1
        metrics.CONNECTIONS.set(len(self._connections))
        if len(self._connections) > self.settings.gateway_connections:
            return "too-many"
        if self._unknown[connection.address] > self.settings.gateway_unknown_per_address:
            return "too-many-unknown"
        return ""

    def may_say(self) -> bool:
        """Tell whether one more end of a connection is worth a line; the counters have them all.

        In an outage every device comes again and again.
        """
        now_us = self.now_us()
        if self._lines.debt_s(now_us) > 0:
            return False
        self._lines.take(1.0, now_us)
        return True

    def bucket(self, device: Device, now_us: int) -> Bucket:
        """Return a device's token bucket; it outlives its connections."""
        if device.bucket is None:
            settings = self.settings
            device.bucket = Bucket(settings.gateway_rate_per_s, settings.gateway_rate_burst, now_us)
        return device.bucket

    def signed_in(self, connection: Connection, device: Device) -> bool:
        """Let a connection be its device's only one; return whether a session was present."""
        self._known(connection)
        old: Connection | None = device.connection
        device.connection = connection
        if old is not None:
            old.end("taken-over")  # [MQTT-3.1.4-2]
        self.writer.device_online(device.id, True)
        return self.commands.begin_session(device, clean=connection.is_clean)

    def forget(self, connection: Connection) -> None:
        """Free the place of a connection that is closed."""
        self._connections.discard(connection)
        metrics.CONNECTIONS.set(len(self._connections))
        device = connection.device
        if device is None:
            self._known(connection)
        elif device.connection is connection:
            device.connection = None
            self.commands.disconnected(device)
            self.writer.device_online(device.id, False)

    def changed(self, device: Device) -> None:
        """Apply a changed snapshot to an open connection: revoked at once, routes anew."""
        connection: Connection | None = device.connection
        if connection is None:
            return
        if not connection.may_stay(self.now_us()):
            connection.end("revoked")
        else:
            connection.renew()

    def _known(self, connection: Connection) -> None:
        address = connection.address
        self._unknown[address] -= 1
        if self._unknown[address] <= 0:
            del self._unknown[address]

    async def _sweep(self) -> None:
        while True:
            everybody = list(self._connections)
            pieces = max(1, -(-len(everybody) // SWEPT_AT_ONCE))
            for piece in range(pieces):
                await asyncio.sleep(SWEEP_S / pieces)
                now_s, now_us = time.monotonic(), self.now_us()
                for connection in everybody[piece::pieces]:
                    connection.check(now_s, now_us)


def _let_go_of_the_lost(number: int) -> None:
    """Set what accepted sockets inherit (uvloop hands out no socket to set it on)."""
    with socket.socket(fileno=os.dup(number)) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, LOST_AFTER_S)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, LOST_EVERY_S)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, LOST_COUNT)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
