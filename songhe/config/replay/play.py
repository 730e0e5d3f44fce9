"""Sends a recording's messages at its pace, as many as the gateway acknowledges."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from songhe.config.replay.recording import Line, Recording, encoded
from songhe.config.replay.setup import Player
from songhe.config.simulate.link import Address, Link
from songhe.kernel.errors import Denied, Unavailable

WAITING_MOST = 400
# What is due in one step of time goes as one payload a device: the gateway counts payloads and
# their KiB (200 a second and device), and holds back whoever sends more.
STEP_S = 0.05
STEP = timedelta(seconds=STEP_S)
BYTES_MOST = 60 * 1024
MESSAGES_MOST = 500
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

    @property
    def span(self) -> timedelta:
        """Return how long the recording lasts in life."""
        return max(line.at + line.lasts for line in self.lines) - self.lines[0].at


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
        made = list(players)
        speaking = {line.sensor for line in course.lines}
        self.links = {
            p.sensor: Link(p.key, p.secret, self, address) for p in made if p.sensor in speaking
        }
        self.acknowledged_count = 0
        self.sent = 0
        self.clock = course.shift(course.lines[0].at)
        self.took = timedelta()
        self._keys = {p.sensor: p.key for p in made}
        # How many lines each payload holds that is on its way, by device key.
        self._holds: dict[str, deque[int]] = {link.key: deque() for link in self.links.values()}
        self._now = now
        self._began = now()
        self._refused = ""
        self._stop = asyncio.Event()
        self._refusals: Counter[str] = Counter()
        self._progress = asyncio.Event()

    @property
    def achieved(self) -> float:
        """Return how many times as fast as life it went, so far or in all."""
        took = self.took or self._now() - self._began
        return (self.clock - self.course.shift(self.course.lines[0].at)) / max(took, STEP)

    @property
    def is_held_by_clock(self) -> bool:
        """Tell whether the recording reached into what was still to come when it began."""
        return self.course.shift(self.course.lines[0].at) + self.course.span > self._began

    async def run(self) -> bool:
        """Play to the end; False when it was stopped before. Raises NotLetIn."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        self._began = self._now()
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
            self.took = self._now() - self._began
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
        lines, place = self.course.lines, 0
        while place < len(lines):
            due, wait_s = self._due(place)
            if due == place:
                await asyncio.sleep(min(max(wait_s, STEP_S), 0.5))
                continue
            self._send(lines[place:due])
            place = due
            while self.sent - self.acknowledged_count >= WAITING_MOST:
                await self._news()
        while self.acknowledged_count < self.sent:
            await self._news()

    async def _news(self) -> None:
        self._progress.clear()
        await self._progress.wait()

    def _due(self, place: int) -> tuple[int, float]:
        """Return (the first line that is not due yet, for how long to wait when none is).

        A line is due when the recording has come to its end at the pace of the course, and never
        before that moment is past: a recording does not run ahead of the clock.
        """
        course, now = self.course, self._now()
        start = course.shift(course.lines[0].at)
        reached = start + (now - self._began) * course.speed if course.speed else now
        room = WAITING_MOST - (self.sent - self.acknowledged_count)
        end = place
        for line in course.lines[place : place + room]:
            complete = course.shift(line.at + line.lasts)
            if complete > min(now, reached):
                if end == place:
                    behind = (complete - reached) / course.speed if course.speed else STEP
                    return end, max(behind, complete - now).total_seconds()
                break
            end += 1
        return end, 0.0

    def _send(self, lines: Sequence[Line]) -> None:
        """Publish lines: those of one device and kind together, in their order."""
        groups: dict[tuple[str, str], list[bytes]] = {}
        for line in lines:
            at = self.course.shift(line.at)
            self.clock = max(self.clock, at + line.lasts)
            groups.setdefault((line.sensor, line.kind), []).append(encoded(self._named(line), at))
        for (sensor, kind), messages in groups.items():
            link = self.links[sensor]
            for payload, count in payloads(messages):
                link.publish(kind, payload)
                self._holds[link.key].append(count)
                self.sent += count

    def _named(self, line: Line) -> Line:
        """Return a line in which beacons stand by their keys."""
        if line.kind != "sightings":
            return line
        heard = [{**one, "key": self._keys[one["key"]]} for one in line.body["sightings"]]
        return Line(line.at, line.sensor, line.kind, {**line.body, "sightings": heard}, line.lasts)

    # --- told by links -----------------------------------------------------------------------

    def acknowledged(self, link: Link, count: int) -> None:
        """Count what is stored and judged."""
        holds = self._holds[link.key]
        self.acknowledged_count += sum(holds.popleft() for _ in range(min(count, len(holds))))
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
            f"messages acknowledged{pace}, {self.achieved:.3g} times life"
        )
        sys.stdout.write(f"{text:<98}{end}")
        sys.stdout.flush()


def payloads(messages: Sequence[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield (payload, messages in it): one alone as it is, several as arrays within the limits."""
    held: list[bytes] = []
    size = 0
    for message in messages:
        if held and (size + len(message) >= BYTES_MOST or len(held) >= MESSAGES_MOST):
            yield _payload(held), len(held)
            held, size = [], 0
        held.append(message)
        size += len(message) + 1
    if held:
        yield _payload(held), len(held)


def _payload(held: Sequence[bytes]) -> bytes:
    return held[0] if len(held) == 1 else b"[" + b",".join(held) + b"]"


def moved_by(recording: Recording, lines: Sequence[Line], now: datetime) -> timedelta:
    """Return by how much lines are moved so that they lie in the past, just.

    By whole days where the hours are the recording's own. Where it tells none, so that it ends
    with the last full hour: within that hour a second replay is laid in the same place.
    """
    if recording.is_dated:
        return whole_days(lines, now)
    end = max(line.at + line.lasts for line in lines)
    return now.replace(minute=0, second=0, microsecond=0) - _full_second(end)


def _full_second(at: datetime) -> datetime:
    return at if not at.microsecond else at.replace(microsecond=0) + timedelta(seconds=1)


def whole_days(lines: Sequence[Line], now: datetime) -> timedelta:
    """Return by how many whole days to move lines so that the last of them is past, just.

    now is naive, in the region's wall clock, as the lines are: hours of the day stay as they were.
    """
    last = lines[-1].at
    days = (now.date() - last.date()).days
    moved = timedelta(days=days)
    return moved if last + moved <= now else moved - timedelta(days=1)
