"""`python -m bench.idle PLAN`: many devices that say nothing, a process of its own.

Each signs in, pings as its keep-alive asks, and comes back after a moment of its own when its
connection is lost. A line "wait N" on standard input is answered by a JSON line once all N are
signed in since the last such line (or patience ended); "lose" begins a new count.
"""

from __future__ import annotations

import asyncio
import random
import resource
import sys
import time
from pathlib import Path

import msgspec
import uvloop

from bench.load import connect

PINGREQ = b"\xc0\x00"
PINGRESP = b"\xd0\x00"
PATIENCE_S = 120.0
PER_SOURCE = 2000


class Plan(msgspec.Struct):
    """at_once: connections that are on their way in at the same time, the first time.

    back_off_s: shortest and longest time that a device waits before it tries again.
    """

    port: int
    logins: list[tuple[str, str]]
    keep_alive_s: int = 60
    at_once: int = 500
    back_off_s: tuple[float, float] = (0.1, 1.0)


class Tally(msgspec.Struct):
    """Since the last count began. opened_s: of the first connection that was taken, epoch seconds.

    refused: connections that were taken and ended before the sign-in was done.
    """

    signed_in: int = 0
    refused: int = 0
    lost: int = 0
    pongs: int = 0
    opened_s: float = 0.0
    last_s: float = 0.0


class Idler(asyncio.Protocol):
    """One device."""

    def __init__(self, fleet: Fleet, index: int) -> None:
        self._fleet = fleet
        self._index = index
        self._is_in = False
        self._transport: asyncio.Transport | None = None
        self._ping: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        assert self._transport is not None
        self._transport.write(self._fleet.hello[self._index])
        self._fleet.taken()

    def data_received(self, data: bytes) -> None:
        if self._is_in:
            self._fleet.tally.pongs += data.count(PINGRESP)
        elif data[:4] == b"\x20\x02\x00\x00":
            self._is_in = True
            self._fleet.entered()
            self._later(random.uniform(0.1, 0.75))
        # Any other answer is a refusal: the server closes.

    def _later(self, share: float) -> None:
        self._ping = self._fleet.loop.call_later(self._fleet.plan.keep_alive_s * share, self._beat)

    def _beat(self) -> None:
        if self._transport is not None:
            self._transport.write(PINGREQ)
            self._later(0.75)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._ping is not None:
            self._ping.cancel()
        if self._is_in:
            self._fleet.tally.lost += 1
        else:
            self._fleet.tally.refused += 1
        self._fleet.again(self._index)


class Fleet:
    """All devices."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.loop = asyncio.get_running_loop()
        self.hello = [connect(key, secret, plan.keep_alive_s) for key, secret in plan.logins]
        self.tally = Tally()
        self._slots = asyncio.Semaphore(plan.at_once)
        self._tasks: set[asyncio.Task[None]] = set()

    def lose(self) -> None:
        """Begin a new count."""
        self.tally = Tally()

    def taken(self) -> None:
        """Note the first connection that was taken."""
        self.tally.opened_s = self.tally.opened_s or time.time()

    def entered(self) -> None:
        """Note a sign-in."""
        self.tally.signed_in += 1
        self.tally.last_s = time.time()

    def again(self, index: int) -> None:
        """Have a device come back after a moment of its own."""
        wait_s = random.uniform(*self.plan.back_off_s)
        self.loop.call_later(wait_s, self._begin, index)

    def _begin(self, index: int) -> None:
        task = self.loop.create_task(self.reach(index))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def reach(self, index: int) -> None:
        """Open one connection; where nobody listens, try again later."""
        source = f"127.0.0.{2 + index // PER_SOURCE}"
        try:
            await self.loop.create_connection(
                lambda: Idler(self, index), "127.0.0.1", self.plan.port, local_addr=(source, 0)
            )
        except OSError:
            self.again(index)

    async def first(self) -> None:
        """Let everybody in, so many at once."""

        async def one(index: int) -> None:
            async with self._slots:
                await self.reach(index)

        await asyncio.gather(*(one(index) for index in range(len(self.hello))))


async def run(plan: Plan) -> None:
    """Do as standard input says until it ends."""
    fleet = Fleet(plan)
    print("ready", flush=True)
    while line := await fleet.loop.run_in_executor(None, sys.stdin.readline):
        word, _, rest = line.strip().partition(" ")
        if word == "first":
            await fleet.first()
        elif word == "lose":
            fleet.lose()
        elif word == "wait":
            end_s = time.monotonic() + PATIENCE_S
            while fleet.tally.signed_in < int(rest) and time.monotonic() < end_s:
                await asyncio.sleep(0.05)
        print(msgspec.json.encode(fleet.tally).decode(), flush=True)


def main(path: str) -> None:
    """Carry out the plan of a file."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(run(msgspec.json.decode(Path(path).read_bytes(), type=Plan)))


if __name__ == "__main__":
    main(sys.argv[1])
