"""One device's MQTT connection: QoS 1, keep-alive, will, commands; nothing is lost while it is off.

A slim asyncio client on the gateway's MQTT codec, because a county's devices live in one process
(the figures are in the package's docstring).
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import Protocol

import msgspec

from songhe.gateway.mqtt import (
    SERVER_SENDS,
    Accepted,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Parser,
    Pingreq,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Will,
    encode,
)

KEEP_ALIVE_S = 240
SUBSCRIBE_ID = 0xFFFF
INFLIGHT = 20
# What a device keeps while it is not connected: the oldest goes first, as in a real one.
KEPT = 2_000
FIRST_DELAY_S, LONGEST_DELAY_S, REFUSED_DELAY_S = 1.0, 60.0, 600.0
_PING = encode(Pingreq())
_OFFLINE = b'{"online": false}'


class Owner(Protocol):
    """Who hears of a link: the fleet, a replay."""

    def acknowledged(self, link: Link, count: int) -> None:
        """Hear that messages are stored and judged."""

    def commanded(self, link: Link, payload: bytes) -> None:
        """Hear of a command for the device."""

    def connected(self, link: Link) -> None:
        """Hear that the gateway has accepted the device."""

    def lost(self, link: Link, delay_s: float) -> None:
        """Hear that the connection is gone, and after how long to try again."""


class Message(msgspec.Struct, gc=False):
    """One message on its way; it is repeated with DUP until it was acknowledged."""

    topic: str
    payload: bytes
    sent: bool = False


class Link(asyncio.Protocol):
    """A device. It may be told to `publish` at any time; `open` makes a connection."""

    __slots__ = (
        "_backlog",
        "_delay_s",
        "_heard_s",
        "_inflight",
        "_loop",
        "_next_id",
        "_owner",
        "_parser",
        "_sent_s",
        "_transport",
        "is_connected",
        "key",
        "refused",
        "secret",
        "stopped",
    )

    def __init__(self, key: str, secret: str, owner: Owner) -> None:
        self.key = key
        self.secret = secret
        self._owner = owner
        self._loop: asyncio.AbstractEventLoop | None = None
        self._transport: asyncio.Transport | None = None
        self._parser: Parser | None = None
        self._inflight: dict[int, Message] = {}
        self._backlog: deque[Message] = deque(maxlen=KEPT)
        self._next_id = 0
        self._sent_s = self._heard_s = 0.0
        self._delay_s = FIRST_DELAY_S
        self.is_connected = False
        self.stopped = False
        self.refused: int | None = None

    # --- to the gateway ----------------------------------------------------------------------

    async def open(self, host: str, port: int, tls: object = None) -> None:
        """Connect; what follows is told to the owner. A refused socket counts as a loss."""
        self._loop = asyncio.get_running_loop()
        try:
            await self._loop.create_connection(lambda: self, host, port, ssl=tls)  # type: ignore[arg-type]
        except OSError:
            self._owner.lost(self, self._next_delay())

    def publish(self, kind: str, payload: bytes) -> None:
        """Send a message at QoS 1, now or as soon as there is a connection."""
        self._backlog.append(Message(f"songhe/1/{self.key}/{kind}", payload))
        if self.is_connected:
            self._flush()

    @property
    def waiting(self) -> int:
        """Return how many messages are not acknowledged yet."""
        return len(self._backlog) + len(self._inflight)

    def keep_alive(self, now_s: float) -> None:
        """Ping when nothing was sent for long; give up a connection that does not answer."""
        transport = self._transport
        if transport is None:
            return
        if now_s - self._heard_s > KEEP_ALIVE_S * 1.3:
            transport.abort()
        elif now_s - self._sent_s > KEEP_ALIVE_S * 0.75:
            self._write(_PING)

    def close(self, *, politely: bool = True) -> None:
        """End the connection; politely says good-bye, so that the will is not published."""
        self.stopped = True
        if self._transport is not None:
            if politely:
                self._write(encode(Disconnect()))
                self._transport.close()
            else:
                self._transport.abort()

    def cut(self) -> None:
        """Lose the connection without a word, as in a power cut; `open` makes a new one."""
        if self._transport is not None:
            self._transport.abort()

    def _write(self, raw: bytes) -> None:
        if self._transport is not None and self._loop is not None:
            self._sent_s = self._loop.time()
            self._transport.write(raw)

    def _flush(self) -> None:
        while self._backlog and len(self._inflight) < INFLIGHT:
            message = self._backlog.popleft()
            self._next_id = self._next_id % (SUBSCRIBE_ID - 1) + 1
            while self._next_id in self._inflight:
                self._next_id = self._next_id % (SUBSCRIBE_ID - 1) + 1
            self._inflight[self._next_id] = message
            self._send(self._next_id, message)

    def _send(self, packet_id: int, message: Message) -> None:
        packet = Publish(message.topic, message.payload, 1, packet_id, dup=message.sent)
        message.sent = True
        self._write(encode(packet))

    def _next_delay(self) -> float:
        delay = self._delay_s * random.uniform(0.7, 1.3)  # noqa: S311 - spreads reconnections
        self._delay_s = min(LONGEST_DELAY_S, self._delay_s * 2)
        return delay

    # --- from the transport -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say who we are."""
        if not isinstance(transport, asyncio.Transport) or self._loop is None:
            raise TypeError("a link needs a stream transport")
        self._transport = transport
        self._parser = Parser(SERVER_SENDS)
        self._heard_s = self._loop.time()
        will = Will(f"songhe/1/{self.key}/status", _OFFLINE, qos=1)
        connect = Connect(self.key, False, KEEP_ALIVE_S, will, self.key, self.secret.encode())
        self._write(encode(connect))

    def data_received(self, data: bytes) -> None:
        """Take packets in; the connection ends with bytes that are not MQTT."""
        if self._parser is None or self._loop is None or self._transport is None:
            return
        self._heard_s = self._loop.time()
        acknowledged = 0
        for packet in self._parser.feed(data):
            if type(packet) is Puback:
                acknowledged += self._inflight.pop(packet.packet_id, None) is not None
            else:
                self._other(packet)
        if acknowledged:
            self._flush()
            self._owner.acknowledged(self, acknowledged)
        if self._parser is not None and self._parser.failed is not None:
            self.cut()

    def _other(self, packet: Packet) -> None:
        if isinstance(packet, Connack):
            self._welcomed(packet)
        elif isinstance(packet, Publish):
            if packet.qos:
                self._write(encode(Puback(packet.packet_id)))
            self._owner.commanded(self, packet.payload)
        elif isinstance(packet, Suback) and packet.codes[0] > 1:
            self.cut()

    def _welcomed(self, packet: Connack) -> None:
        if packet.code != Accepted.ACCEPTED:
            self.refused = packet.code
            self._delay_s = REFUSED_DELAY_S
            self.cut()
            return
        self.refused = None
        self._delay_s = FIRST_DELAY_S
        self.is_connected = True
        self._write(encode(Subscribe(SUBSCRIBE_ID, ((f"songhe/1/{self.key}/commands", 1),))))
        for packet_id, message in self._inflight.items():
            self._send(packet_id, message)
        self._flush()
        self._owner.connected(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the owner, unless it was us who ended it for good."""
        self._transport = self._parser = None
        self.is_connected = False
        if not self.stopped:
            self._owner.lost(self, self._next_delay())
