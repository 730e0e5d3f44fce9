"""`python -m bench.streams PLAN`: many open event streams, a process of its own.

Prints "ready" once all are open; then, when told how many events there were, waits for the last of
them and prints how many streams received each, and when the first and the last of them did.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from pathlib import Path

import msgspec
import uvloop

PATIENCE_S = 10.0


class Plan(msgspec.Struct):
    """One ticket a stream."""

    port: int
    tickets: list[str]


class Heard(msgspec.Struct):
    """An event as the streams received it; times are epoch seconds."""

    streams: int = 0
    first_s: float = 0.0
    last_s: float = 0.0


class Reader(asyncio.Protocol):
    """One open stream."""

    def __init__(self, hello: bytes, heard: dict[str, Heard]) -> None:
        self._hello = hello
        self._heard = heard
        self._rest = b""
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self._hello)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        now_s = time.time()
        if not self.ready.done() and b"event: hello" in data:
            self.ready.set_result(None)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b'data: {"kind":"bench"'):
                name = str(msgspec.json.decode(line[6:])["id"])
                heard = self._heard.setdefault(name, Heard(0, now_s, now_s))
                heard.streams += 1
                heard.last_s = now_s

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("a stream was refused"))


async def run(plan: Plan) -> dict[str, Heard]:
    """Open all streams; listen until a line comes."""
    loop, heard = asyncio.get_running_loop(), dict[str, Heard]()
    for ticket in plan.tickets:
        hello = (
            f"GET /stream?ticket={ticket} HTTP/1.1\r\nHost: 127.0.0.1:{plan.port}\r\n\r\n".encode()
        )
        _, reader = await loop.create_connection(
            lambda h=hello: Reader(h, heard),  # type: ignore[misc]
            "127.0.0.1",
            plan.port,
        )
        await reader.ready
    print("ready", flush=True)
    events = int(await loop.run_in_executor(None, sys.stdin.readline))
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s and (
        len(heard) < events or any(one.streams < len(plan.tickets) for one in heard.values())
    ):
        await asyncio.sleep(0.1)
    return heard


def main(path: str) -> None:
    """Carry out the plan of a file; what was heard is the last line."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    plan = msgspec.json.decode(Path(path).read_bytes(), type=Plan)
    print(msgspec.json.encode(uvloop.run(run(plan))).decode(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
