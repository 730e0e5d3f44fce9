"""How the supervisor asks a process whether it is well."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class Probe(Protocol):
    """A question to a process that is answered well or not."""

    async def well(self) -> bool:
        """Tell whether the process does its work: then those that stand on it may start."""

    async def alive(self) -> bool:
        """Tell whether it answers at all. One that says why it cannot work is not ended for it."""


@dataclass(frozen=True)
class Http:
    """`GET path` on the loopback answers 200."""

    port: int
    path: str = "/healthz"
    tls: bool = False
    host: str = "127.0.0.1"

    async def well(self) -> bool:
        """Ask once; any refusal, silence or other status is not well."""
        try:
            return b" 200 " in await self._status_line()
        except (OSError, EOFError):
            return False

    async def alive(self) -> bool:
        """Ask once; any answer will do, such as 503 while the database is away."""
        try:
            return (await self._status_line()).startswith(b"HTTP/")
        except (OSError, EOFError):
            return False

    async def _status_line(self) -> bytes:
        context = None
        if self.tls:  # we ask ourselves on the loopback: whose name is on the paper is no matter
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        reader, writer = await asyncio.open_connection(self.host, self.port, ssl=context)
        try:
            writer.write(
                f"GET {self.path} HTTP/1.1\r\nHost: localhost:{self.port}\r\n"
                "Connection: close\r\n\r\n".encode("ascii")
            )
            await writer.drain()
            return await reader.readline()
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@dataclass(frozen=True)
class Beat:
    """A file that the process touches while its loop turns."""

    path: Path
    max_age_s: float = 30

    async def well(self) -> bool:
        """Tell whether the file was touched lately."""
        try:
            return time.time() - self.path.stat().st_mtime < self.max_age_s
        except OSError:
            return False

    async def alive(self) -> bool:
        """Tell the same: a loop that turns is all that is asked."""
        return await self.well()
