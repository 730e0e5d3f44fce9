"""`python -m bench.pace PLAN`: the paced load generator, a process of its own.

Sends QoS 1 messages at a steady rate, each by the connection whose turn it is, and notes for every
message when it was sent and when it was acknowledged, by the wall clock of this machine.
"""

from __future__ import annotations

import asyncio
import random
import struct
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import uvloop

from bench.load import connect, publish, text
from bench.messages import CRITICAL, payload, walk

LEAD_S = 0.5


class Plan(msgspec.Struct):
    """rate: messages a second over all; critical: so many devices send one critical pressure."""

    port: int
    logins: list[tuple[str, str]]
    rate: float
    seconds: float
    critical: int


class Outcome(msgspec.Struct):
    """Times in epoch seconds. critical: by device key, when its critical pressure was sent."""

    sent: int
    acknowledged: int
    ack_ms: list[float]
    late_ms: list[float]
    critical: dict[str, float]
    began_s: float
    ended_s: float
    cpu_s: float


class Device(asyncio.Protocol):
    """One connection with the times of what is under way."""

    def __init__(self, key: str, secret: str) -> None:
        self._hello = connect(key, secret)
        self._rest = b""
        self.sent_s: list[float] = []
        self.ack_ms: list[float] = []
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        transport.write(self._hello)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        now_s = time.time()
        data = self._rest + data
        if not self.ready.done():
            if data[3]:
                raise SystemExit(f"sign-in refused: {data[3]}")
            self.ready.set_result(None)
            data = data[4:]
        whole = len(data) & ~3
        for (number,) in struct.iter_unpack("!xxH", data[:whole]):
            self.ack_ms.append((now_s - self.sent_s[number - 1]) * 1000)
        self._rest = data[whole:]


async def run(plan: Plan) -> Outcome:
    """Connect everybody, send at the rate, wait up to ten seconds for what is under way."""
    loop, devices = asyncio.get_running_loop(), []
    for key, secret in plan.logins:
        device = Device(key, secret)
        await loop.create_connection(lambda d=device: d, "127.0.0.1", plan.port)  # type: ignore[misc]
        devices.append(device)
    await asyncio.gather(*(device.ready for device in devices))
    total, count = round(plan.rate * plan.seconds), len(devices)
    rounds = total // count
    rows = [walk(index, rounds) for index in range(count)]
    chance, critical_at = random.Random(7), {}
    for index in chance.sample(range(count), plan.critical):
        critical_at[index] = chance.randrange(rounds // 5, rounds)
        row = rows[index][critical_at[index]]
        rows[index][critical_at[index]] = (row[0], *CRITICAL, *row[3:])
    start_s = time.time() + LEAD_S + count * rounds * 8e-6
    packets = []
    for turn in range(rounds):
        for index, (key, _) in enumerate(plan.logins):
            at = datetime.fromtimestamp(start_s + (turn * count + index) / plan.rate, UTC)
            topic = text(f"songhe/1/{key}/readings")
            packets.append(publish(topic, turn + 1, payload(at, rows[index][turn])))
    late: list[float] = []
    began_cpu_s = time.process_time()
    while time.time() < start_s:
        await asyncio.sleep(0.001)
    sent = 0
    while sent < len(packets):
        now_s = time.time()
        due = min(len(packets), int((now_s - start_s) * plan.rate) + 1)
        for number in range(sent, due):
            device = devices[number % count]
            device.sent_s.append(time.time())
            assert device.transport is not None
            device.transport.write(packets[number])
        if due > sent:
            late.append((now_s - start_s - sent / plan.rate) * 1000)
        sent = due
        await asyncio.sleep(0.0005)
    ended_s = time.time()
    for _ in range(1000):
        if sum(len(device.ack_ms) for device in devices) == sent:
            break
        await asyncio.sleep(0.01)
    acks = [ms for device in devices for ms in device.ack_ms]
    return Outcome(
        sent=sent,
        acknowledged=len(acks),
        ack_ms=acks,
        late_ms=late,
        critical={
            plan.logins[index][0]: devices[index].sent_s[turn]
            for index, turn in critical_at.items()
        },
        began_s=start_s,
        ended_s=ended_s,
        cpu_s=time.process_time() - began_cpu_s,
    )


def main(path: str) -> None:
    """Carry out the plan of a file; the outcome is the last line."""
    plan = msgspec.json.decode(Path(path).read_bytes(), type=Plan)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(run(plan))))


if __name__ == "__main__":
    main(sys.argv[1])
