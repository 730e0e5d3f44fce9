"""`python -m bench.browse PLAN`: browsers that read pages one after another, a process of its own.

Each keeps its connection and asks for the next page as soon as it has the last one. Prints what
came of it as JSON; everything before the warm-up's end is not counted.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec
import uvloop

# Every worker compiles its templates on the first pages; those are not counted.
WARM_EACH, PATIENCE_S = 4, 60.0


class Plan(msgspec.Struct):
    """What to read as whom. Paths are taken in turn, each connection from another place."""

    port: int
    paths: list[str]
    cookie: str = ""
    connections: int = 16
    seconds: float = 8.0
    warm_s: float = 2.0


class Outcome(msgspec.Struct):
    """statuses: answers by status; bytes: of all bodies; lost: connections that ended."""

    statuses: dict[str, int]
    ms: list[float]
    seconds: float
    bytes: int
    lost: int
    cpu_s: float


class Browser(asyncio.Protocol):
    """One connection."""

    def __init__(self, crowd: Crowd, at: int) -> None:
        self._crowd = crowd
        self._at = at
        self._head = b""
        self._left = -1
        self._asked_s = 0.0
        self._status = ""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._ask()

    def _ask(self) -> None:
        assert self._transport is not None
        self._head, self._left = b"", -1
        self._at += 1
        self._asked_s = time.perf_counter()
        self._transport.write(self._crowd.requests[self._at % len(self._crowd.requests)])

    def data_received(self, data: bytes) -> None:
        if self._left < 0:
            self._head += data
            head, found, body = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            self._status = head[9:12].decode()
            lowered = head.lower()
            if b"content-length: " not in lowered:
                raise SystemExit(f"an answer without a length: {head!r}")
            length = lowered.split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0]
            self._left = int(length) - len(body)
            self._crowd.bytes += int(length)
        else:
            self._left -= len(data)
        if self._left <= 0:
            self._crowd.note(self._status, time.perf_counter() - self._asked_s)
            if self._crowd.is_over:
                assert self._transport is not None
                self._transport.close()
            else:
                self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.gone(early=not self._crowd.is_over)


class Crowd:
    """All connections, with the times of what they read."""

    def __init__(self, plan: Plan) -> None:
        self.requests = [
            (
                f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{plan.port}\r\nAccept: text/html\r\n"
                f"Cookie: {plan.cookie}\r\n\r\n"
            ).encode()
            for path in plan.paths
        ]
        self.is_over = self._counts = False
        self.statuses: Counter[str] = Counter()
        self.ms: list[float] = []
        self.answers = self.bytes = self.lost = 0
        self._open = plan.connections
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def begin(self) -> None:
        """Count from now on."""
        self._counts, self.bytes = True, 0

    def note(self, status: str, took_s: float) -> None:
        """Note an answer."""
        self.answers += 1
        if self._counts and not self.is_over:
            self.statuses[status] += 1
            self.ms.append(took_s * 1000)

    def gone(self, *, early: bool) -> None:
        """Note the end of a connection."""
        self.lost += early
        self._open -= 1
        if not self._open and not self.ended.done():
            self.ended.set_result(None)


async def run(plan: Plan) -> Outcome:
    """Read for as long as the plan says."""
    loop, crowd = asyncio.get_running_loop(), Crowd(plan)
    for number in range(plan.connections):
        at = number * len(plan.paths) // plan.connections
        await loop.create_connection(lambda a=at: Browser(crowd, a), "127.0.0.1", plan.port)  # type: ignore[misc]
    end_s = time.monotonic() + PATIENCE_S
    while crowd.answers < WARM_EACH * plan.connections and time.monotonic() < end_s:
        await asyncio.sleep(plan.warm_s)
    print("warm", flush=True)
    crowd.begin()
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    await asyncio.sleep(plan.seconds)
    took_s, used_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    crowd.is_over = True
    print("over", flush=True)
    await asyncio.wait({crowd.ended}, timeout=10)
    return Outcome(dict(crowd.statuses), crowd.ms, took_s, crowd.bytes, crowd.lost, used_s)


def main(path: str) -> None:
    """Carry out the plan of a file; the outcome is the last line."""
    plan = msgspec.json.decode(Path(path).read_bytes(), type=Plan)
    sys.stdout.write(msgspec.json.encode(uvloop.run(run(plan))).decode() + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
