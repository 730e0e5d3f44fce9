"""All devices of the county on their own connections in one process, and what they do by order."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
import resource
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from songhe.config.demo.model import Gadget
from songhe.config.simulate.link import Link
from songhe.config.simulate.said import stamp

# New connections a second: the gateway lets 200 strangers in at a time.
CONNECTS_PER_S = 250
OPENING = 60
SWEEP_S = 5.0
ANSWER_S = 0.8


class Tally:
    """What has happened so far, for the progress line."""

    def __init__(self) -> None:
        self.sent = self.acknowledged = self.connected = self.lost = self.commands = 0
        self.refused = 0


class Fleet:
    """The links of devices: opened at a pace, opened again with back-off, kept alive."""

    def __init__(
        self,
        gadgets: Sequence[Gadget],
        secret_of: Callable[[str], str],
        *,
        host: str,
        port: int,
        now_us: Callable[[], int],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.links = {
            gadget.index: Link(gadget.key, secret_of(gadget.key), self) for gadget in gadgets
        }
        self.tally = Tally()
        self._address = (host, port, tls)
        self._now_us = now_us
        self._due: list[tuple[float, int, Link]] = []
        self._order = itertools.count()
        self._asleep: set[str] = set()
        self._gate = asyncio.Semaphore(OPENING)
        self._wake = asyncio.Event()
        self._opening: set[asyncio.Task[None]] = set()

    # --- running -----------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect everybody and keep them connected until cancelled."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        for number, link in enumerate(self.links.values()):
            self._push(link, start + number / CONNECTS_PER_S)
        swept = start
        while True:
            now = loop.time()
            while self._due and self._due[0][0] <= now:
                link = heapq.heappop(self._due)[2]
                if not link.stopped and link.key not in self._asleep:
                    task = loop.create_task(self._open(link))
                    self._opening.add(task)
                    task.add_done_callback(self._opening.discard)
            if now - swept >= SWEEP_S:
                swept = now
                for link in self.links.values():
                    link.keep_alive(now)
            pause = min(self._due[0][0] - now if self._due else SWEEP_S, swept + SWEEP_S - now)
            self._wake.clear()
            try:
                async with asyncio.timeout(max(0.01, pause)):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _push(self, link: Link, at_s: float) -> None:
        heapq.heappush(self._due, (at_s, next(self._order), link))
        self._wake.set()

    async def _open(self, link: Link) -> None:
        async with self._gate:
            await link.open(*self._address)

    async def close(self) -> None:
        """Say good-bye on every connection."""
        for link in self.links.values():
            link.close()
        await asyncio.sleep(0.2)

    # --- devices that are off ------------------------------------------------------------------

    def sleep(self, gadget: int) -> None:
        """Let a device go silent: its connection is lost and not made again."""
        link = self.links[gadget]
        if link.key not in self._asleep:
            self._asleep.add(link.key)
            link.cut()

    def wake(self, gadget: int) -> None:
        """Let a silent device come back."""
        link = self.links[gadget]
        if link.key in self._asleep:
            self._asleep.discard(link.key)
            self._push(link, asyncio.get_running_loop().time())

    # --- told by links ---------------------------------------------------------------------------

    def publish(self, gadget: int, kind: str, payload: bytes) -> None:
        """Let a device say something."""
        self.tally.sent += 1
        self.links[gadget].publish(kind, payload)

    def acknowledged(self, link: Link, count: int) -> None:
        """Count what is stored."""
        self.tally.acknowledged += count

    def connected(self, link: Link) -> None:
        """Count a connection."""
        self.tally.connected += 1

    def lost(self, link: Link, delay_s: float) -> None:
        """Try again after a while."""
        self.tally.lost += 1
        if link.refused is not None:
            self.tally.refused += 1
        self._push(link, asyncio.get_running_loop().time() + delay_s)

    def commanded(self, link: Link, payload: bytes) -> None:
        """Do what a command asks, and say so a moment later."""
        self.tally.commands += 1
        asyncio.get_running_loop().call_later(ANSWER_S, self._answer, link, payload)

    def _answer(self, link: Link, payload: bytes) -> None:
        answers = answers_to(payload, stamp(self._now_us()))
        for kind, message in answers:
            link.publish(kind, msgspec.json.encode(message))


def answers_to(payload: bytes, at: str) -> list[tuple[str, dict[str, Any]]]:
    """Return what a device says to a command: what it did, and how it is now.

    A command that has expired is refused; one that cannot be read is left unanswered.
    """
    try:
        command = json.loads(payload)
        known = str(command["id"]), str(command["name"]), str(command["expires_at"])
    except (ValueError, KeyError, TypeError):
        return []
    ident, name, expires_at = known
    if expires_at < at:
        return [("acks", {"at": at, "command": ident, "result": "refused", "detail": "expired"})]
    done = {"at": at, "command": ident, "result": "done"}
    reported = {"at": at, "online": True, "reported": {"last_command": name}}
    return [("acks", done), ("status", reported)]


def allow_connections(count: int) -> int:
    """Raise the limit of open files for so many connections; return what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 200
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    return count if soft == resource.RLIM_INFINITY else soft


def tls_context(certificate: Path | None) -> ssl.SSLContext | None:
    """Return the context that trusts the install's own certificate, or None without TLS."""
    if certificate is None:
        return None
    context = ssl.create_default_context(cafile=str(certificate))
    context.check_hostname = False
    return context
