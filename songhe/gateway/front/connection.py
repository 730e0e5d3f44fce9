"""One MQTT connection: its bytes, its limits, and what each packet means."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, cast

import structlog

from songhe.gateway import metrics, mqtt
from songhe.gateway.batch import Inbound
from songhe.gateway.decoders import Refused
from songhe.gateway.limits import Bucket
from songhe.gateway.mqtt import Accepted
from songhe.gateway.registry import Device, Route
from songhe.gateway.settings import PAYLOAD_LIMIT

if TYPE_CHECKING:
    from songhe.gateway.front.listener import Listener

log = structlog.get_logger("songhe.gateway.mqtt")

# A topic of at most a few hundred bytes, its length and a packet id beside the payload.
PACKET_LIMIT = PAYLOAD_LIMIT + 1024
UNREAD_LIMIT = 1024 * 1024
# A hub's world of topics has no end; those of its devices are some hundreds.
ROUTES_KEPT = 2048
CLOSING_S = 5.0
KEEP_ALIVE_GRACE = 1.5  # [MQTT-3.1.2-24]


class Connection(asyncio.Protocol):
    """The server side of MQTT 3.1.1 for one device.

    Messages go to the writer as they are parsed; their PUBACKs come back through `settle` after
    the commit, in the order of the messages [MQTT-4.6.0-2]. No task and no await per message.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._parser = mqtt.Parser(limit=PACKET_LIMIT)
        self._transport: asyncio.Transport | None = None
        self._routes: dict[str, Route] = {}
        self._will: mqtt.Will | None = None
        self._holds: set[str] = set()
        self._digest = ""
        self._until_us: int | None = None
        self._bucket = Bucket(1.0, 1.0, 0)
        self._ending: tuple[bytes, str] | None = None
        self._closing: asyncio.Transport | None = None
        self.device: Device | None = None
        self.address = ""
        self.is_clean = True
        self.keep_alive_s = 0.0
        self.opened_s = self.active_s = time.monotonic()
        self.opened_us = 0

    # ---- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit a connection, or turn it away when there are too many."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else ""
        self._transport.set_write_buffer_limits(high=UNREAD_LIMIT // 4)
        refusal = self._listener.admit(self)
        if refusal:
            self._end(refusal)

    def data_received(self, data: bytes) -> None:
        """Take bytes in, now or when it is their turn."""
        if self._transport is not None:
            self._listener.turns.put(self, data, self._listener.now_us())

    def take(self, data: bytes, received_us: int) -> None:
        """Handle every packet that these bytes complete."""
        if self._transport is None or self._ending is not None:
            return
        packets = self._parser.feed(data)
        if packets:
            self.active_s = time.monotonic()
            for packet in packets:
                if type(packet) is mqtt.Publish and self.device is not None:
                    self._publish(self.device, packet, received_us)
                else:
                    self._control(packet, received_us)
                if self._transport is None or self._ending is not None:
                    return
        if self._parser.failed is not None:
            self._end(self._parser.failed.reason)
        elif self._listener.writer.full and "queue" not in self._holds:
            self._hold("queue")
            self._listener.writer.drained.append(self._queue_drained)

    def eof_received(self) -> bool:
        """Close when the other side has closed."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Publish the will unless the device said good-bye, and free its place."""
        self._listener.turns.finish(self)
        self._transport = self._closing = None
        self._listener.forget(self)
        will, self._will = self._will, None
        if will is not None and self.device is not None and not self._listener.is_stopping:
            message = mqtt.Publish(will.topic, will.payload, retain=will.retain)
            self._publish(self.device, message, self._listener.now_us())

    def pause_writing(self) -> None:
        """Read no more from a device that does not read."""
        self._hold("unread")

    def resume_writing(self) -> None:
        """Read again."""
        self._release("unread")

    # ---- the writer's side (a batch.Source)

    def begin(self, count: int) -> None:
        """Nothing to prepare."""

    def refuse(self, index: int, refused: Refused) -> bool:
        """MQTT 3.1.1 has no refusal of a message: it becomes a dead letter."""
        return True

    def overrun(self) -> None:
        """Close on a device that sends nothing but unusable messages."""
        self._end_after(b"", "rate-limited")

    def settle(self, tokens: bytes) -> None:
        """Send the PUBACKs of committed messages."""
        if tokens:
            self.write(tokens)
        if self._ending is not None and tokens.endswith(self._ending[0]):
            self._end(self._ending[1])

    def give_up(self) -> None:
        """Close without acknowledgement; the device sends again, and all of it is news."""
        if self.device is not None:
            self.device.memory.forget()
        self._end("unavailable")

    # ---- packets

    def _publish(self, device: Device, packet: mqtt.Publish, received_us: int) -> None:
        topic = packet.topic
        route = self._routes.get(topic)
        if route is None:
            route = self._listener.registry.route(device, topic)
            if not route.refusal:
                if len(self._routes) >= ROUTES_KEPT:
                    self._routes.clear()
                self._routes[topic] = route
        token = b"\x40\x02" + packet.packet_id.to_bytes(2, "big") if packet.qos else b""
        payload = packet.payload
        if len(payload) > PAYLOAD_LIMIT:
            route = Route(route.device, device, route.kind, topic, "too-large")
        inbound = Inbound(self, token, route, payload, received_us, packet.dup)
        self._listener.writer.put(inbound)
        if route.refusal == "not-your-topic":
            self._end_after(token, "not-your-topic")
        self._spend(1 + (len(payload) >> 10), received_us)

    def _spend(self, cost: int, now_us: int) -> None:
        """Take tokens for what came, and read no more while the device is in debt."""
        debt_s = self._bucket.take(cost, now_us)
        if debt_s > 0 and "rate" not in self._holds:
            self._hold("rate")
            asyncio.get_running_loop().call_later(debt_s, self._release, "rate")

    def _control(self, packet: mqtt.Packet, now_us: int) -> None:
        if isinstance(packet, mqtt.Connect):
            if self.device is not None:
                self._end("second-connect")  # [MQTT-3.1.0-2]
            else:
                self._connect(packet, now_us)
            return
        if self.device is None:
            self._end("not-connected")  # [MQTT-3.1.0-1]
            return
        # Each filter is work and a row of the answer: a million of them come as slowly as messages.
        self._spend(1 + len(getattr(packet, "filters", ())), now_us)
        if isinstance(packet, mqtt.Pingreq):
            self.write(b"\xd0\x00")
        elif isinstance(packet, mqtt.Puback):
            self._listener.commands.delivered(self.device, packet.packet_id)
        elif isinstance(packet, mqtt.Subscribe):
            self._listener.commands.subscribe(self.device, packet)
        elif isinstance(packet, mqtt.Unsubscribe):
            self._listener.commands.unsubscribe(self.device, packet)
        elif isinstance(packet, mqtt.Disconnect):
            self._will = None  # [MQTT-3.14.4-3]
            self._end("")

    def _connect(self, packet: mqtt.Connect, now_us: int) -> None:
        if packet.level != 4:
            self._refuse_connect(Accepted.BAD_VERSION, "bad-version")  # [MQTT-3.1.2-2]
            return
        if not packet.client_id and not packet.clean:
            self._refuse_connect(Accepted.BAD_IDENTIFIER, "no-client-id")  # [MQTT-3.1.3-8]
            return
        found = self._listener.registry.sign_in(packet.username, packet.password, now_us)
        if found is None:
            self._refuse_connect(Accepted.NOT_AUTHORISED, "not-authorised")
            return
        if self._listener.writer.is_down or self._listener.writer.full:
            # A device that came again would only send again what waits here already.
            self._refuse_connect(Accepted.UNAVAILABLE, "unavailable")
            return
        device, self._digest = found
        self.device = device
        self._until_us = device.until_us(self._digest)
        self._will = packet.will
        self.is_clean = packet.clean
        self.keep_alive_s = packet.keep_alive_s * KEEP_ALIVE_GRACE
        self.opened_us = now_us
        self._bucket = self._listener.bucket(device, now_us)
        present = self._listener.signed_in(self, device)
        self.write(mqtt.encode(mqtt.Connack(Accepted.ACCEPTED, present)))
        self._listener.commands.connected(device)

    def _refuse_connect(self, code: Accepted, why: str) -> None:
        self.write(mqtt.encode(mqtt.Connack(code)))
        self._end(why)

    # ---- limits

    def may_stay(self, now_us: int) -> bool:
        """Tell whether the secret that this connection signed in with still holds."""
        return self.device is None or self.device.honours(self._digest, now_us)

    def check(self, now_s: float, now_us: int) -> None:
        """End a connection whose secret has run out, or that is silent or slow for too long."""
        if self._until_us is not None and now_us >= self._until_us:
            self._end("revoked")
        if self._closing is not None:
            if now_s - self.active_s > CLOSING_S:
                self._closing.abort()
            return
        if self._holds:
            # It is we who do not read: silence is not the device's.
            self.active_s = now_s
            return
        limits, silent_s = self._listener.settings, now_s - self.active_s
        if self.device is None:
            if now_s - self.opened_s > limits.gateway_connect_s:
                self._end("no-connect")
        elif self.keep_alive_s and silent_s > self.keep_alive_s:
            self._end("keep-alive")
        elif self._parser.partial and silent_s > limits.gateway_packet_s:
            self._end("slow-packet")

    def _hold(self, why: str) -> None:
        if not self._holds and self._transport is not None:
            self._transport.pause_reading()
        self._holds.add(why)

    def _release(self, why: str) -> None:
        self._holds.discard(why)
        if not self._holds and self._transport is not None:
            self.active_s = time.monotonic()
            self._transport.resume_reading()

    def _queue_drained(self) -> None:
        self._release("queue")

    # ---- ends

    def write(self, data: bytes) -> None:
        """Send bytes, unless the other side is gone or has not read for a megabyte."""
        transport = self._transport
        if transport is None:
            return
        transport.write(data)
        if transport.get_write_buffer_size() > UNREAD_LIMIT:
            self._transport = None
            transport.abort()

    def renew(self) -> None:
        """Look every topic and the secret's end up again: the device or its children changed."""
        self._routes.clear()
        if self.device is not None:
            self._until_us = self.device.until_us(self._digest)

    def end(self, why: str) -> None:
        """Close from outside: revoked, taken over, shutting down."""
        self._end(why)

    def _end_after(self, token: bytes, why: str) -> None:
        """Read no more, and close when what was taken in is committed and acknowledged."""
        self._ending = (token, why)
        self._hold("ending")

    def _end(self, why: str) -> None:
        transport, self._transport = self._transport, None
        if transport is None:
            return
        if why == "revoked":
            self._will = None
        self._closing, self.active_s = transport, time.monotonic()
        transport.close()
        if why:
            metrics.REFUSED.labels(why).inc()
            if not self._listener.may_say():
                return
            key = self.device.key if self.device is not None else None
            log.info("connection ended", why=why, device=key, address=self.address)
