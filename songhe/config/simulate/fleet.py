"""All devices of the county on their own connections in one process, and what they do by order."""

from __future__ import annotations

import asyncio
import json
import resource
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from songhe.config.demo.model import Gadget
from songhe.config.simulate.link import Address, Link
from songhe.config.simulate.said import stamp

# Connections are made at a pace: the gateway lets 200 strangers in at a time.
CONNECTS_PER_S = 250
ANSWER_S = 0.8


class Tally:
    """What has happened so far, for the progress line."""

    def __init__(self) -> None:
        self.sent = self.acknowledged = self.connected = self.lost = self.commands = 0
        self.refused = 0


class Fleet:
    """The links of devices: opened at a pace, kept alive, switched off and on."""

    def __init__(
        self,
        gadgets: Sequence[Gadget],
        secret_of: Callable[[str], str],
        address: Address,
        now_us: Callable[[], int],
    ) -> None:
        self.links = {
            gadget.index: Link(gadget.key, secret_of(gadget.key), self, address)
            for gadget in gadgets
        }
        self.tally = Tally()
        self._now_us = now_us
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._asleep: set[int] = set()

    # --- running -----------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect everybody and keep them connected; ends with the first fault of ours."""
        for number, index in enumerate(self.links):
            if index not in self._asleep:
                self._start(index)
            if number % 25 == 24:
                await asyncio.sleep(25 / CONNECTS_PER_S)
        while True:
            await asyncio.sleep(5)
            for task in list(self._tasks.values()):
                if task.done() and not task.cancelled():
                    task.result()

    def _start(self, index: int) -> None:
        if index not in self._tasks:
            self._tasks[index] = asyncio.create_task(self.links[index].run())

    async def close(self) -> None:
        """Say good-bye on every connection."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=3)

    # --- devices that are off ------------------------------------------------------------------

    def sleep(self, gadget: int) -> None:
        """Let a device go silent: its connection ends and is not made again."""
        self._asleep.add(gadget)
        task = self._tasks.pop(gadget, None)
        if task is not None:
            task.cancel()

    def wake(self, gadget: int) -> None:
        """Let a silent device come back."""
        if gadget in self._asleep:
            self._asleep.discard(gadget)
            self._start(gadget)

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

    def lost(self, link: Link) -> None:
        """Count a loss, and a refusal apart."""
        self.tally.lost += 1
        self.tally.refused += link.refused

    def commanded(self, link: Link, payload: bytes) -> None:
        """Do what a command asks, and say so a moment later."""
        self.tally.commands += 1
        delay_s = ANSWER_S + listens_s(payload)
        asyncio.get_running_loop().call_later(delay_s, self._answer, link, payload)

    def _answer(self, link: Link, payload: bytes) -> None:
        answers = answers_to(payload, stamp(self._now_us()))
        for kind, message in answers:
            link.publish(kind, msgspec.json.encode(message))


def listens_s(payload: bytes) -> float:
    """Return how long a speaker listens before it says that it heard nothing, 0 for the others."""
    try:
        wait_s = float(json.loads(payload)["args"].get("wait_s", 0.0))
    except (ValueError, KeyError, TypeError, AttributeError):
        return 0.0
    return min(max(wait_s - 2 * ANSWER_S, 0.0), 120.0)


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
    if name == "ask":  # in the demo nobody is there to answer a speaker
        done["detail"] = "silence"
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
