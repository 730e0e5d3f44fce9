"""`python -m bench.load PLAN`: the load generator, a process of its own.

Opens one MQTT connection a device, keeps a window of unacknowledged QoS 1 messages on each, and
counts the acknowledgements by packet id. Packets are made before the clock starts, so that the
figure is the gateway's and not the generator's.
"""

from __future__ import annotations

import asyncio
import struct
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import uvloop

from bench.messages import KINDS, series


class Plan(msgspec.Struct):
    """What to send, to whom. critical: so many devices send one critical pressure.

    spread_s: the readings lie so far apart; window: unacknowledged messages a connection.
    mixed: of every twenty messages one is a second of acceleration and two are events of the home.
    """

    port: int
    logins: list[tuple[str, str]]
    messages: int
    window: int = 64
    critical: int = 0
    spread_s: float = 1.0
    mixed: bool = False


class Outcome(msgspec.Struct):
    """What came of it. twice: acknowledgements of a message that had one; lost: connections."""

    sent: int
    acknowledged: int
    twice: int
    lost: int
    began_s: float
    ended_s: float
    bytes: int
    cpu_s: float


def text(value: str) -> bytes:
    """Return a length-prefixed MQTT string."""
    raw = value.encode()
    return struct.pack("!H", len(raw)) + raw


def packet(first: int, body: bytes) -> bytes:
    """Return a packet with its remaining length."""
    size, head = len(body), bytearray((first,))
    while True:
        size, digit = size >> 7, size & 0x7F
        head.append(digit | 0x80 if size else digit)
        if not size:
            return bytes(head) + body


def connect(key: str, secret: str, keep_alive_s: int = 60) -> bytes:
    """Return a CONNECT of a clean session."""
    body = text("MQTT") + b"\x04\xc2" + struct.pack("!H", keep_alive_s)
    return packet(0x10, body + text(key) + text(key) + text(secret))


def publish(topic: bytes, packet_id: int, payload: bytes) -> bytes:
    """Return a PUBLISH of QoS 1."""
    return packet(0x32, topic + struct.pack("!H", packet_id) + payload)


class Sender(asyncio.Protocol):
    """One device: sends in halves of its window, as acknowledgements make room."""

    def __init__(self, key: str, secret: str, packets: list[bytes], window: int) -> None:
        self._hello = connect(key, secret)
        self._packets = packets
        self._window = window
        self._sent = 0
        self._rest = b""
        self._seen = bytearray(len(packets))
        self.acknowledged = 0
        self.twice = 0
        self.lost = False
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended_s = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        assert self._transport is not None
        self._transport.write(self._hello)

    def go(self) -> None:
        """Begin to send."""
        self._fill()

    def _fill(self) -> None:
        free = self._window - (self._sent - self.acknowledged)
        if self._transport is not None and free >= self._window // 2:
            self._transport.write(b"".join(self._packets[self._sent : self._sent + free]))
            self._sent = min(len(self._packets), self._sent + free)

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        if not self.ready.done():
            if data[:2] == b"\x20\x02" and len(data) >= 4:
                if data[3]:
                    raise SystemExit(f"sign-in refused: {data[3]}")
                data = data[4:]
                self.ready.set_result(None)
            if not data:
                return
        seen = self._seen
        whole = len(data) & ~3
        for (number,) in struct.iter_unpack("!xxH", data[:whole]):
            if seen[number - 1]:
                self.twice += 1
            else:
                seen[number - 1] = 1
                self.acknowledged += 1
        self._rest = data[whole:]
        if self.acknowledged == len(self._packets):
            self.ended_s = time.time()
            if not self.done.done():
                self.done.set_result(None)
        else:
            self._fill()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = self.acknowledged < len(self._packets)
        for one in (self.ready, self.done):
            if not one.done():
                one.set_result(None)


async def run(plan: Plan) -> Outcome:
    """Connect everybody, send everything, wait for every acknowledgement."""
    loop = asyncio.get_running_loop()
    until = datetime.now(UTC)
    senders = []
    for index, (key, secret) in enumerate(plan.logins):
        topics = {kind: text(f"songhe/1/{key}/{kind}") for kind in KINDS}
        payloads = series(
            index,
            plan.messages,
            until=until,
            step_s=plan.spread_s,
            critical=index < plan.critical,
            mixed=plan.mixed,
        )
        packets = [
            publish(topics[kind], n + 1, payload) for n, (kind, payload) in enumerate(payloads)
        ]
        sender = Sender(key, secret, packets, plan.window)
        await loop.create_connection(lambda s=sender: s, "127.0.0.1", plan.port)  # type: ignore[misc]
        senders.append(sender)
    await asyncio.gather(*(sender.ready for sender in senders))
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
    began_s, began_cpu_s = time.time(), time.process_time()
    for sender in senders:
        sender.go()
    await asyncio.gather(*(sender.done for sender in senders))
    return Outcome(
        sent=sum(len(sender._packets) for sender in senders),
        acknowledged=sum(sender.acknowledged for sender in senders),
        twice=sum(sender.twice for sender in senders),
        lost=sum(sender.lost for sender in senders),
        began_s=began_s,
        ended_s=max(sender.ended_s for sender in senders),
        bytes=sum(len(one) for sender in senders for one in sender._packets),
        cpu_s=time.process_time() - began_cpu_s,
    )


def main(path: str) -> None:
    """Carry out the plan of a file; the outcome is the last line."""
    plan = msgspec.json.decode(Path(path).read_bytes(), type=Plan)
    print(msgspec.json.encode(uvloop.run(run(plan))).decode(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
