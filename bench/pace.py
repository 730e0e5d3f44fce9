"""`python -m bench.pace PLAN`: the paced load generator, a process of its own.

Sends QoS 1 messages at a steady rate, each by the connection whose turn it is, and notes for every
message when it was sent and when it was acknowledged, by the wall clock of this machine. Plain
sockets and epoll: the generator shares the machine with what it measures, so it must cost little.
"""

from __future__ import annotations

import random
import select
import socket
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bench.load import connect, publish, text
from bench.messages import CRITICAL, payload, walk

LEAD_S = 0.5
STEP_S = 0.001
PATIENCE_S = 10.0


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


class Fleet:
    """All connections, with the times of what is under way."""

    def __init__(self, plan: Plan) -> None:
        self._epoll = select.epoll()
        self.sockets: list[socket.socket] = []
        self._by_number: dict[int, int] = {}
        self.sent_s: list[list[float]] = [[] for _ in plan.logins]
        self.ack_ms: list[float] = []
        for index, (key, secret) in enumerate(plan.logins):
            one = socket.create_connection(("127.0.0.1", plan.port))
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.sendall(connect(key, secret))
            if one.recv(4)[3]:
                raise SystemExit("sign-in refused")
            one.setblocking(False)
            self.sockets.append(one)
            self._by_number[one.fileno()] = index
            self._epoll.register(one.fileno(), select.EPOLLIN)

    def hear(self, wait_s: float) -> None:
        """Take what acknowledgements there are, waiting for the first so long."""
        events = self._epoll.poll(wait_s)
        if not events:
            return
        now_s = time.time()
        for number, _ in events:
            index = self._by_number[number]
            data = self.sockets[index].recv(4096)
            if not data:
                raise SystemExit("a connection was closed")
            while len(data) % 4:
                data += self.sockets[index].recv(4 - len(data) % 4)
            sent_s = self.sent_s[index]
            for at in range(2, len(data), 4):
                turn = (data[at] << 8 | data[at + 1]) - 1
                self.ack_ms.append((now_s - sent_s[turn]) * 1000)


def prepare(plan: Plan, rounds: int, start_s: float) -> tuple[list[bytes], dict[int, int]]:
    """Return (all packets in the order of sending, device to the turn of its critical one)."""
    count = len(plan.logins)
    rows = [walk(index, rounds) for index in range(count)]
    chance, critical_at = random.Random(7), {}
    for index in chance.sample(range(count), plan.critical):
        turn = critical_at[index] = chance.randrange(rounds // 5, rounds)
        rows[index][turn] = (rows[index][turn][0], *CRITICAL, *rows[index][turn][3:])
    topics = [text(f"songhe/1/{key}/readings") for key, _ in plan.logins]
    packets = []
    for number in range(rounds * count):
        turn, index = divmod(number, count)
        at = datetime.fromtimestamp(start_s + number / plan.rate, UTC)
        packets.append(publish(topics[index], turn + 1, payload(at, rows[index][turn])))
    return packets, critical_at


def run(plan: Plan) -> Outcome:
    """Connect everybody, send at the rate, wait for what is under way."""
    fleet, count = Fleet(plan), len(plan.logins)
    rounds = round(plan.rate * plan.seconds) // count
    start_s = time.time() + LEAD_S + count * rounds * 1.5e-5
    packets, critical_at = prepare(plan, rounds, start_s)
    if time.time() > start_s:
        raise SystemExit("the packets were not ready in time")
    time.sleep(start_s - time.time())
    late: list[float] = []
    began_cpu_s, sent = time.process_time(), 0
    while sent < len(packets):
        now_s = time.time()
        due = min(len(packets), int((now_s - start_s) * plan.rate) + 1)
        if due > sent:
            late.append((now_s - start_s - sent / plan.rate) * 1000)
        while sent < due:
            index = sent % count
            fleet.sent_s[index].append(time.time())
            fleet.sockets[index].send(packets[sent])
            sent += 1
        fleet.hear(0)
        rest_s = start_s + sent / plan.rate - time.time()
        if rest_s > 0:
            time.sleep(min(rest_s, STEP_S) if rest_s > STEP_S else STEP_S)
    ended_s = time.time()
    while len(fleet.ack_ms) < sent and time.time() < ended_s + PATIENCE_S:
        fleet.hear(0.05)
    return Outcome(
        sent=sent,
        acknowledged=len(fleet.ack_ms),
        ack_ms=fleet.ack_ms,
        late_ms=late,
        critical={
            plan.logins[index][0]: fleet.sent_s[index][turn] for index, turn in critical_at.items()
        },
        began_s=start_s,
        ended_s=ended_s,
        cpu_s=time.process_time() - began_cpu_s,
    )


def main(path: str) -> None:
    """Carry out the plan of a file; the outcome is the last line."""
    plan = msgspec.json.decode(Path(path).read_bytes(), type=Plan)
    sys.stdout.buffer.write(msgspec.json.encode(run(plan)))


if __name__ == "__main__":
    main(sys.argv[1])
