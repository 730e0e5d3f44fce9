"""Sends a recording's messages at its pace, as many as the gateway acknowledges."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from songhe.config.replay.recording import Line
from songhe.config.replay.setup import Player
from songhe.config.simulate.link import Address, Link
from songhe.kernel.errors import Denied, Unavailable

WAITING_MOST = 400
SAY_EVERY_S = 1.0
REFUSED_MOST = 20


class NoGateway(Unavailable):
    """Nothing listens on the gateway's port."""

    code = "config.no_gateway"
    message = (
        "The gateway does not answer at %(host)s:%(port)s. Start Songhe first (songhe up, or "
        "songhe demo), or say where it is with --port."
    )


class NotLetIn(Denied):
    """The gateway refused a device that was just registered."""

    code = "config.not_let_in"
    message = (
        "The gateway refuses the device %(key)s. It may belong to another database than the one "
        "used here: check SONGHE_STATE and SONGHE_DATABASE_URL."
    )


@dataclass(frozen=True, slots=True)
class Course:
    """What is played: lines, by how much their time is moved, how fast (0: as fast as it goes)."""

    lines: Sequence[Line]
    shift: Callable[[datetime], datetime]
    speed: float


class Replay:
    """One run: a link a device, a pace, and a line that tells how it goes."""

    def __init__(
        self,
        course: Course,
        players: Iterable[Player],
        address: Address,
        now: Callable[[], datetime],
    ) -> None:
        self.course = course
        self.links = {p.sensor: Link(p.key, p.secret, self, address) for p in players}
        self.acknowledged_count = 0
        self.sent = 0
        self.clock = course.shift(course.lines[0].at)
        self._now = now
        self._refused = ""
        self._stop = asyncio.Event()
        self._refusals: Counter[str] = Counter()
        self._progress = asyncio.Event()

    async def run(self) -> bool:
        """Play to the end; False when it was stopped before. Raises NotLetIn."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        connections = [asyncio.create_task(link.run()) for link in self.links.values()]
        playing = asyncio.create_task(self._play())
        telling = asyncio.create_task(self._tell())
        stopped = asyncio.create_task(self._told())
        waiting = {playing, stopped, *connections}
        try:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for found in done:
                found.result()
            if self._refused:
                raise NotLetIn(key=self._refused)
        finally:
            for task in (*connections, playing, telling, stopped):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*connections, playing, telling, return_exceptions=True)
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
            self._say("\n")
        return playing in done

    async def _told(self) -> None:
        await self._stop.wait()

    async def _play(self) -> None:
        course = self.course
        began, start = self._now(), self.clock
        for line in course.lines:
            at = course.shift(line.at)
            if course.speed:
                while (wait_s := self._wait_s(at, began, start)) > 0:
                    await asyncio.sleep(min(wait_s, 0.5))
            self.clock = at
            body = {"at": at.isoformat(), **line.body}
            self.links[line.sensor].publish(line.kind, msgspec.json.encode(body))
            self.sent += 1
            while self.sent - self.acknowledged_count >= WAITING_MOST:
                await self._news()
        while self.acknowledged_count < self.sent:
            await self._news()

    async def _news(self) -> None:
        self._progress.clear()
        await self._progress.wait()

    def _wait_s(self, at: datetime, began: datetime, start: datetime) -> float:
        """Return for how long to wait; the recording never runs ahead of the clock."""
        now = self._now()
        reached = start + (now - began) * self.course.speed
        return max((at - reached) / self.course.speed, at - now).total_seconds()

    # --- told by links -----------------------------------------------------------------------

    def acknowledged(self, link: Link, count: int) -> None:
        """Count what is stored and judged."""
        self.acknowledged_count += count
        self._progress.set()

    def commanded(self, link: Link, payload: bytes) -> None:
        """A recording takes no orders."""

    def connected(self, link: Link) -> None:
        """Nothing to do: the link sends what there is."""

    def lost(self, link: Link) -> None:
        """Give up when the gateway goes on refusing; it may not know of a new device yet."""
        self._refusals[link.key] += link.refused
        if self._refusals[link.key] > REFUSED_MOST:
            self._refused = link.key
            self._stop.set()

    # --- telling ------------------------------------------------------------------------------

    async def _tell(self) -> None:
        is_terminal = sys.stdout.isatty()
        before = 0
        while True:
            await asyncio.sleep(SAY_EVERY_S if is_terminal else 10 * SAY_EVERY_S)
            rate = (self.acknowledged_count - before) / (1 if is_terminal else 10)
            before = self.acknowledged_count
            self._say("\r" if is_terminal else "\n", rate)

    def _say(self, end: str, rate: float | None = None) -> None:
        total = len(self.course.lines)
        pace = "" if rate is None else f", {rate:.0f} a second"
        text = (
            f"replay: {self.clock:%Y-%m-%d %H:%M}, {self.acknowledged_count:,} of {total:,} "
            f"messages acknowledged{pace}"
        )
        sys.stdout.write(f"{text:<78}{end}")
        sys.stdout.flush()


def whole_days(lines: Sequence[Line], now: datetime) -> timedelta:
    """Return by how many whole days to move lines so that the last of them is past, just.

    now is naive, in the region's wall clock, as the lines are: hours of the day stay as they were.
    """
    last = lines[-1].at
    days = (now.date() - last.date()).days
    moved = timedelta(days=days)
    return moved if last + moved <= now else moved - timedelta(days=1)
