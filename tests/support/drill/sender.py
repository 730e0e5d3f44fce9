"""The devices of a drill, a process of their own: `sender.py FACTS PORT ACKNOWLEDGED --rate N`.

Each device keeps what is not acknowledged and sends it again with DUP after every reconnection, as
real devices do. Every message carries a number of its own as a step count, so that it is known
again whatever becomes of its time. After a PUBACK a line `device number kind` is written to
ACKNOWLEDGED (kind 1: a critical pressure). SIGTERM: no new messages; the process ends once
everything is acknowledged, and its last line says how it went.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sys
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from songhe.gateway import mqtt

WINDOW = 30
ANSWER_S = 20.0
CONNECT_S = 10.0
CRITICAL, NORMAL = 1, 0


@dataclass
class Tally:
    """What all devices did together."""

    file: int
    sent: int = 0
    acknowledged: int = 0
    repeated: int = 0
    connections: int = 0
    oldest_wait_s: float = 0.0
    lines: list[bytes] = field(default_factory=list)

    def write(self) -> None:
        """Write what was acknowledged; one write a piece of network data."""
        if self.lines:
            os.write(self.file, b"".join(self.lines))
            self.lines.clear()


class Device:
    """One device: its queue, its window, its connection."""

    def __init__(
        self, index: int, key: str, secret: str, port: int, pace_s: float, critical_at_s: float
    ) -> None:
        self.index, self.key, self.port = index, key, port
        self._secret = secret.encode()
        self._pace_s = pace_s
        self._critical_at_s = critical_at_s
        self._number = 0
        self._packet = 0
        self._random = random.Random(index)
        # packet id -> (number, kind, payload, when it was first sent)
        self.waiting: OrderedDict[int, tuple[int, int, bytes, float]] = OrderedDict()

    def _payload(self, now_s: float) -> tuple[int, bytes]:
        kind, systolic = NORMAL, 118 + self._random.randrange(8)
        if self._critical_at_s >= 0 and now_s >= self._critical_at_s:
            kind, systolic, self._critical_at_s = CRITICAL, 196, -1.0
        rows = [
            {"code": "55423-8", "value": self._number, "unit": "1"},
            {"code": "8480-6", "value": systolic, "unit": "mm[Hg]"},
            {"code": "8462-4", "value": 70 + self._random.randrange(8), "unit": "mm[Hg]"},
        ]
        at = datetime.now(UTC).isoformat()
        return kind, json.dumps({"at": at, "readings": rows}).encode()

    def _new(self, tally: Tally, now_s: float) -> bytes:
        self._number += 1
        kind, payload = self._payload(now_s)
        while not self._packet or self._packet in self.waiting:
            self._packet = 1 + self._packet % 0xFFFF
        self.waiting[self._packet] = (self._number, kind, payload, now_s)
        tally.sent += 1
        return self._frame(self._packet, payload, dup=False)

    def _frame(self, packet_id: int, payload: bytes, *, dup: bool) -> bytes:
        topic = f"songhe/1/{self.key}/readings"
        return mqtt.encode(mqtt.Publish(topic, payload, 1, packet_id, dup=dup))

    async def run(self, tally: Tally, stopping: asyncio.Event) -> None:
        """Send until told to stop, then until everything is acknowledged."""
        await asyncio.sleep(self._random.random() * self._pace_s)
        while not stopping.is_set() or self.waiting:
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                await self._connection(tally, stopping)
            if not stopping.is_set() or self.waiting:
                await asyncio.sleep(0.1 + 0.4 * self._random.random())

    async def _connection(self, tally: Tally, stopping: asyncio.Event) -> None:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        speaking: asyncio.Task[None] | None = None
        try:
            login = mqtt.Connect(f"drill-{self.index}", True, 30, None, self.key, self._secret)
            writer.write(mqtt.encode(login))
            parser = mqtt.Parser(mqtt.SERVER_SENDS)
            while True:
                # A device that waits in vain for an answer goes and comes again.
                async with asyncio.timeout(ANSWER_S):
                    data = await reader.read(65536)
                if not data:
                    return
                for packet in parser.feed(data):
                    if isinstance(packet, mqtt.Connack):
                        if packet.code:
                            return
                        tally.connections += 1
                        self._again(writer, tally)
                        speaking = asyncio.create_task(self._speak(writer, tally, stopping))
                    elif isinstance(packet, mqtt.Puback):
                        self._hear(packet.packet_id, tally)
                tally.write()
                if stopping.is_set() and not self.waiting:
                    return
        finally:
            if speaking is not None:
                speaking.cancel()
            writer.close()

    def _again(self, writer: asyncio.StreamWriter, tally: Tally) -> None:
        for packet_id, (_, _, payload, _) in self.waiting.items():
            writer.write(self._frame(packet_id, payload, dup=True))
            tally.repeated += 1

    def _hear(self, packet_id: int, tally: Tally) -> None:
        number, kind, _, since_s = self.waiting.pop(packet_id)
        tally.acknowledged += 1
        tally.oldest_wait_s = max(tally.oldest_wait_s, asyncio.get_running_loop().time() - since_s)
        tally.lines.append(b"%d %d %d\n" % (self.index, number, kind))

    async def _speak(
        self, writer: asyncio.StreamWriter, tally: Tally, stopping: asyncio.Event
    ) -> None:
        loop = asyncio.get_running_loop()
        while not stopping.is_set():
            if len(self.waiting) < WINDOW:
                writer.write(self._new(tally, loop.time()))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), self._pace_s)
        writer.write(mqtt.encode(mqtt.Pingreq()))  # its answer ends an idle connection


async def run(arguments: argparse.Namespace) -> None:
    """Let all devices of the facts speak."""
    facts = json.loads(Path(arguments.facts).read_text(encoding="utf-8"))
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    file = os.open(arguments.acknowledged, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    tally = Tally(file)
    logins = facts["devices"]
    pace_s = len(logins) / arguments.rate
    began_s, over_s = loop.time(), arguments.critical_over
    devices = [
        # The troubles of the persons are spread over the drill, each once.
        Device(index, key, secret, arguments.port, pace_s,
               began_s + 1 + over_s * index / len(logins))
        for index, (key, secret) in enumerate(logins)
    ]  # fmt: skip
    await asyncio.gather(*(device.run(tally, stopping) for device in devices))
    os.close(file)
    said = {
        "sent": tally.sent,
        "acknowledged": tally.acknowledged,
        "repeated": tally.repeated,
        "connections": tally.connections,
        "longest_wait_s": round(tally.oldest_wait_s, 1),
    }
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("facts")
    parser.add_argument("port", type=int)
    parser.add_argument("acknowledged")
    parser.add_argument("--rate", type=float, default=200.0, help="messages a second, together")
    parser.add_argument("--critical-over", type=float, default=30.0, help="seconds")
    uvloop.run(run(parser.parse_args()))
