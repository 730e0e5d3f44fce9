"""One device's MQTT connection: QoS 1, keep-alive, will, commands; nothing is lost while it is off.

Built on aiomqtt, a client that is not ours: what the simulator and the replay send has crossed the
border between two independent implementations.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import ssl
from collections import deque
from typing import Protocol

import aiomqtt

KEEP_ALIVE_S = 240
ANSWER_WITHIN_S = 30
INFLIGHT = 20
# What a device keeps while it is not connected: the oldest goes first, as in a real one.
KEPT = 2_000
FIRST_DELAY_S, LONGEST_DELAY_S, REFUSED_DELAY_S = 1.0, 60.0, 600.0
NOT_AUTHORISED = 5
_OFFLINE = b'{"online": false}'
# The client warns of every lost connection; the fleet counts them instead.
_quiet = logging.getLogger("songhe.simulate.mqtt")
_quiet.setLevel(logging.CRITICAL)
Message = tuple[str, bytes]


class Owner(Protocol):
    """Who hears of a link: the fleet, a replay."""

    def acknowledged(self, link: Link, count: int) -> None:
        """Hear that messages are stored and judged."""

    def commanded(self, link: Link, payload: bytes) -> None:
        """Hear of a command for the device."""

    def connected(self, link: Link) -> None:
        """Hear that the gateway has accepted the device."""

    def lost(self, link: Link) -> None:
        """Hear that there is no connection (any more)."""


class Address:
    """Where the gateway listens; how many connections are opened at a time; how long a device
    waits that was refused."""

    def __init__(
        self,
        host: str,
        port: int,
        tls: ssl.SSLContext | None = None,
        *,
        opening: int = 40,
        refused_delay_s: float = REFUSED_DELAY_S,
    ) -> None:
        self.host = host
        self.port = port
        self.tls = tls
        self.gate = asyncio.Semaphore(opening)
        self.refused_delay_s = refused_delay_s


class Link:
    """A device. `publish` may be called at any time; `run` connects and sends until cancelled."""

    __slots__ = (
        "_address",
        "_backlog",
        "_connections",
        "_news",
        "_owner",
        "is_connected",
        "key",
        "refused",
        "secret",
    )

    def __init__(self, key: str, secret: str, owner: Owner, address: Address) -> None:
        self.key = key
        self.secret = secret
        self._owner = owner
        self._address = address
        self._backlog: deque[Message] = deque(maxlen=KEPT)
        self._news = asyncio.Event()
        self._connections = 0
        self.is_connected = False
        self.refused = False

    def publish(self, kind: str, payload: bytes) -> None:
        """Send a message at QoS 1, now or as soon as there is a connection."""
        self._backlog.append((f"songhe/1/{self.key}/{kind}", payload))
        self._news.set()

    @property
    def waiting(self) -> int:
        """Return how many messages are not acknowledged yet."""
        return len(self._backlog)

    async def run(self) -> None:
        """Stay connected, trying again after longer and longer pauses."""
        delay_s = FIRST_DELAY_S
        while True:
            began = self._connections
            await _to_its_end(asyncio.create_task(self._connect()))
            if self._connections > began:
                delay_s = FIRST_DELAY_S
            self._owner.lost(self)
            wait_s = self._address.refused_delay_s if self.refused else delay_s
            await asyncio.sleep(wait_s * random.uniform(0.7, 1.3))  # noqa: S311 - spreads them
            delay_s = min(LONGEST_DELAY_S, delay_s * 2)

    async def _connect(self) -> None:
        """Connect once and talk until the connection is lost."""
        try:
            async with contextlib.AsyncExitStack() as stack:
                client = self._client()
                async with self._address.gate:
                    await stack.enter_async_context(client)
                await self._talk(client)
        except aiomqtt.MqttError as error:
            self.refused = _code(error) == NOT_AUTHORISED
        finally:
            self.is_connected = False

    def _client(self) -> aiomqtt.Client:
        address = self._address
        return aiomqtt.Client(
            address.host,
            address.port,
            identifier=self.key,
            username=self.key,
            password=self.secret,
            clean_session=False,
            keepalive=KEEP_ALIVE_S,
            timeout=ANSWER_WITHIN_S,
            will=aiomqtt.Will(f"songhe/1/{self.key}/status", _OFFLINE, qos=1),
            max_inflight_messages=INFLIGHT,
            tls_context=address.tls,
            logger=_quiet,
        )

    async def _talk(self, client: aiomqtt.Client) -> None:
        """Send what there is and hear commands until the connection is lost."""
        self.refused = False
        self.is_connected = True
        self._connections += 1
        self._owner.connected(self)
        await client.subscribe(f"songhe/1/{self.key}/commands", qos=1)
        tasks = [asyncio.create_task(self._send(client)), asyncio.create_task(self._hear(client))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            if isinstance(message.payload, bytes):
                self._owner.commanded(self, message.payload)

    async def _send(self, client: aiomqtt.Client) -> None:
        """Send in order, a few at a time; a message leaves the backlog when it is acknowledged."""
        while True:
            while not self._backlog:
                self._news.clear()
                await self._news.wait()
            some = [self._backlog[n] for n in range(min(INFLIGHT, len(self._backlog)))]
            await asyncio.gather(*(client.publish(topic, load, qos=1) for topic, load in some))
            for message in some:
                if self._backlog and self._backlog[0] is message:
                    self._backlog.popleft()
            self._owner.acknowledged(self, len(some))


async def _to_its_end(task: asyncio.Task[None]) -> None:
    """Wait for a task; cancelled, cancel it until it has ended.

    Once is not enough: `wait_for` of Python 3.11, which the client is full of, forgets a
    cancellation that comes together with what it waits for.
    """
    try:
        await asyncio.wait([task])
        task.result()
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=0.5)


def _code(error: aiomqtt.MqttError) -> int | None:
    """Return the return code of CONNACK, where the error is one."""
    code = getattr(error, "rc", None)
    value = getattr(code, "value", code)
    # MQTT 5 words for a 3.1.1 refusal: paho turns 5 into 135 (0x87, not authorised).
    return NOT_AUTHORISED if value in (NOT_AUTHORISED, 135) else None
