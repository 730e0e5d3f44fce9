"""What a turn of the loop takes in: so much, and the rest when the others had theirs.

A thousand sockets may be ready at once, and each may hold a hundred messages. Taken in at one go
they would keep everybody waiting for a tenth of a second, the database's answers among them.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Protocol

import structlog

from songhe.gateway import metrics

log = structlog.get_logger("songhe.gateway.mqtt")

# At least so long; as long as everything else took since, up to the most: under a burst the others
# must not starve what they live on.
LEAST_S, MOST_S = 0.0015, 0.01
# Beyond so many bytes nothing more is put off: memory stays bounded, whoever sends.
MOST_BYTES = 32 * 1024 * 1024


class Taker(Protocol):
    """A connection."""

    def take(self, data: bytes, received_us: int) -> None:
        """Handle bytes that came at that time."""

    def end(self, why: str) -> None:
        """Close: the bytes could not be handled, an error of ours."""


class Turns:
    """Hands bytes on in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Taker, bytes, int]] = deque()
        self._bytes = 0
        self._until_s = 0.0
        self._ended_s = 0.0

    def put(self, taker: Taker, data: bytes, received_us: int) -> None:
        """Hand bytes on now, or put them off until the loop has turned."""
        if self._until_s == 0.0:
            self._begin()
        elif self._waiting or time.monotonic() > self._until_s:
            self._waiting.append((taker, data, received_us))
            self._bytes += len(data)
            if self._bytes > MOST_BYTES:
                self._hand_on(float("inf"))
            return
        _hand(taker, data, received_us)

    def finish(self, taker: Taker) -> None:
        """Hand on what waits of a connection that has ended."""
        if not self._waiting:
            return
        mine = [entry for entry in self._waiting if entry[0] is taker]
        if mine:
            self._waiting = deque(entry for entry in self._waiting if entry[0] is not taker)
            for _, data, received_us in mine:
                self._bytes -= len(data)
                _hand(taker, data, received_us)

    def finish_all(self) -> None:
        """Hand everything on."""
        self._hand_on(float("inf"))

    def _turn(self) -> None:
        self._until_s = 0.0
        if self._waiting:
            self._begin()
            self._hand_on(self._until_s)
            self._ended_s = time.monotonic()

    def _begin(self) -> None:
        now_s = time.monotonic()
        self._until_s = now_s + min(max(now_s - self._ended_s, LEAST_S), MOST_S)
        asyncio.get_running_loop().call_soon(self._turn)

    def _hand_on(self, until_s: float) -> None:
        waiting = self._waiting
        while waiting:
            taker, data, received_us = waiting.popleft()
            self._bytes -= len(data)
            _hand(taker, data, received_us)
            if time.monotonic() > until_s:
                return


def _hand(taker: Taker, data: bytes, received_us: int) -> None:
    try:
        taker.take(data, received_us)
    except Exception:  # whoever else's turn it is must not suffer for it
        metrics.FAULTS.labels("take").inc()
        log.exception("bytes could not be handled")
        taker.end("fault")
