"""A real process of the event stream, and a plain reader of server-sent events."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

import msgspec

from songhe.kernel import tickets
from songhe.kernel.ids import uuid7
from songhe.kernel.wire import LiveTicket

SECRET = "a secret for the tests of the event stream"
USER = UUID("0198b5c0-0000-7000-8000-000000000001")


def ticket(
    *topics: str,
    seconds: float = 60,
    secret: str = SECRET,
    user: UUID = USER,
    session: str = "",
) -> str:
    """Return a signed ticket for topics."""
    until = int(time.time() + seconds)
    return tickets.sign(LiveTicket(user, list(topics), until, session), secret)


@dataclass
class Answer:
    """Status, headers and what has been read of a body."""

    status: int
    headers: dict[str, str]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    events: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    comments: int = 0
    _rest: bytes = b""

    async def next(self, within_s: float = 10) -> tuple[str, dict[str, str]] | None:
        """Return the next named event but `beat`; None at the end of the stream."""
        async with asyncio.timeout(within_s):
            while not self.events:
                if not await self._read():
                    return None
            return self.events.pop(0)

    async def beat(self, within_s: float = 10) -> None:
        """Wait for a heart-beat comment."""
        before = self.comments
        async with asyncio.timeout(within_s):
            while self.comments == before:
                assert await self._read(), "the stream ended before its heart-beat"

    async def _read(self) -> bool:
        size = int((await self.reader.readline()).strip() or b"0", 16)
        if not size:
            return False
        self._rest += await self.reader.readexactly(size)
        await self.reader.readexactly(2)
        *blocks, self._rest = self._rest.split(b"\n\n")
        for block in blocks:
            lines = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line)
            if b"" in lines:
                self.comments += 1
            if b"event" in lines and lines[b"event"] != b"beat":
                body = msgspec.json.decode(lines[b"data"], type=dict[str, str])
                self.events.append((lines[b"event"].decode(), body))
        return True

    def close(self) -> None:
        self.writer.close()


class Process:
    """`songhe live` on a free port against a database."""

    def __init__(self, url: str, port: int, **more: str) -> None:
        self.url = url
        self.port = port
        settings = {
            "SONGHE_DATABASE_URL": url,
            "SONGHE_LIVE_PORT": str(port),
            "SONGHE_SECRET_KEY": SECRET,
            "SONGHE_LIVE_BEAT_S": "0.3",
        }
        self.child = subprocess.Popen(
            [sys.executable, "-m", "songhe.live.main"], env={**os.environ, **settings, **more}
        )

    async def up(self) -> None:
        """Wait until it listens to the database."""
        async with asyncio.timeout(20):
            while True:
                assert self.child.poll() is None, "songhe live ended at once"
                try:
                    answer = await self.get("/healthz")
                except OSError:
                    await asyncio.sleep(0.05)
                    continue
                answer.close()
                if answer.status == 200:
                    return
                await asyncio.sleep(0.05)

    async def get(self, path: str, method: str = "GET", body: str = "", **headers: str) -> Answer:
        """Return the answer to one request with its body unread."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = {"Host": f"localhost:{self.port}", **headers}
        if body:
            lines["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n{body}".encode())
        status = int((await reader.readline()).split()[1])
        found: dict[str, str] = {}
        while line := (await reader.readline()).decode().strip():
            name, _, value = line.partition(": ")
            found[name.lower()] = value
        return Answer(status, found, reader, writer)

    async def health(self) -> bytes:
        """Return what the process says of itself."""
        answer = await self.get("/healthz")
        body = await answer.reader.readexactly(int(answer.headers["content-length"]))
        answer.close()
        return body

    async def stream(
        self, *topics: str, since: float | None = None, user: UUID = USER, session: str = ""
    ) -> Answer:
        """Open a stream of topics, of a page drawn at `since`, and read its first word."""
        drawn = "" if since is None else quote(datetime.fromtimestamp(since, UTC).isoformat())
        admitted = ticket(*topics, user=user, session=session)
        answer = await self.get(f"/stream?ticket={admitted}&since={drawn}")
        assert answer.status == 200
        first = await answer.next()
        assert first is not None
        assert first[0] == "hello"
        return answer

    def stop(self) -> int:
        """Stop it as the supervisor does; return its exit code."""
        self.child.terminate()
        return self.child.wait(timeout=5)

    def close(self) -> None:
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()


def event(*topics: str, kind: str = "alarm") -> str:
    """Return the payload of one announcement."""
    body = {"topics": topics, "kind": kind, "id": str(uuid7()), "at": "2026-11-21T10:00:00Z"}
    return msgspec.json.encode(body).decode()
