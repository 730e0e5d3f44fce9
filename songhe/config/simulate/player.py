"""Plays the county's messages at the pace of the clock, with the troubles in between."""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable, Iterator

from songhe.config.demo.model import County
from songhe.config.simulate.fleet import Fleet
from songhe.config.simulate.life import of_county
from songhe.config.simulate.said import Said, stamp
from songhe.config.simulate.script import Course
from songhe.config.simulate.trouble import Mute, Trouble
from songhe.kernel.time import HOUR_US, MINUTE_US, SECOND_US

# A silence begins up to an hour before it is noticed, so troubles are drawn that early.
AHEAD_US = 70 * MINUTE_US
# What was due this long before the start is past: it was said then, or is not said any more.
GRACE_US = 3 * MINUTE_US
BREATH = 200
log = logging.getLogger("songhe.simulate")


class Player:
    """One run. `at_us` is how far the county's time has come."""

    def __init__(self, county: County, fleet: Fleet, zone: str, now_us: Callable[[], int]) -> None:
        self.county = county
        self.fleet = fleet
        self.zone = zone
        self.at_us = 0
        self._now_us = now_us
        self._course: Course | None = None
        self._extra: list[tuple[int, int, Said]] = []
        self._switches: list[tuple[int, int, bool, int]] = []
        self._asleep: dict[int, int] = {}
        self._count = 0

    def course_from(self, start_us: int, starts: int) -> None:
        """Let the script of a start, and trouble by chance after it, happen in this run."""
        self._course = Course(self.county, start_us, starts, self.zone)

    async def run(self, start_us: int, speed: float | None = None) -> None:
        """Play from an instant on: at a speed while it lies before now, then with the clock."""
        self.at_us = start_us
        if self._course is not None:
            for trouble in self._course.opening:
                self._take(trouble, start_us)
        usual = of_county(self.county, start_us, self.zone)
        began_us, since_us = self._now_us(), start_us
        for number, said in enumerate(self._with_trouble(usual)):
            while (wait_us := self._wait_us(said.at_us, began_us, since_us, speed)) > 0:
                await asyncio.sleep(min(wait_us / 1e6, 1.0))
            self.at_us = max(self.at_us, said.at_us)
            self._switch(said.at_us)
            if not self._asleep.get(said.gadget) and said.gadget in self.fleet.links:
                self.fleet.publish(said.gadget, said.kind, said.payload())
            if number % BREATH == BREATH - 1:
                await asyncio.sleep(0)

    def _wait_us(self, at_us: int, began_us: int, since_us: int, speed: float | None) -> int:
        """Return how long to wait for an instant of the county: never ahead of the clock."""
        now_us = self._now_us()
        played_us = now_us if speed is None else since_us + round((now_us - began_us) * speed)
        self.at_us = max(self.at_us, min(now_us, played_us, at_us))
        self._switch(self.at_us)
        if speed is None or played_us >= now_us:
            return at_us - now_us
        return max(at_us - now_us, round((at_us - played_us) / speed))

    # --- trouble -----------------------------------------------------------------------------

    def _with_trouble(self, usual: Iterator[Said]) -> Iterator[Said]:
        """Merge troubles into the usual life, and leave out what their devices do not say."""
        course = self._course
        looked_us = 0
        for said in usual:
            if course is not None and said.at_us + AHEAD_US > looked_us:
                looked_us = said.at_us + AHEAD_US
                for trouble in course.look_ahead(looked_us):
                    self._take(trouble, said.at_us)
            while self._extra and self._extra[0][0] <= said.at_us:
                yield heapq.heappop(self._extra)[2]
            if course is None or course.is_said(said):
                yield said

    def _take(self, trouble: Trouble, now_us: int) -> None:
        if trouble.at_us >= now_us - GRACE_US:
            log.info("%s at %s", trouble.name, stamp(trouble.at_us))
        for said in trouble.said:
            if said.at_us >= now_us - GRACE_US:
                self._count += 1
                heapq.heappush(self._extra, (said.at_us, self._count, said))
        for mute in trouble.mutes if trouble.is_silence else ():
            self._turn_off(mute, now_us)

    def _turn_off(self, mute: Mute, now_us: int) -> None:
        """A device that says nothing at all has no connection either."""
        if mute.until_us > now_us:
            self._count += 1
            heapq.heappush(self._switches, (mute.since_us, self._count, False, mute.gadget))
            heapq.heappush(self._switches, (mute.until_us, self._count, True, mute.gadget))

    def _switch(self, at_us: int) -> None:
        while self._switches and self._switches[0][0] <= at_us:
            _, _, on, gadget = heapq.heappop(self._switches)
            if gadget not in self.fleet.links:
                continue
            left = self._asleep.get(gadget, 0) + (-1 if on else 1)
            self._asleep[gadget] = left
            if left > 0:
                self.fleet.sleep(gadget)
            else:
                self.fleet.wake(gadget)

    # --- telling ------------------------------------------------------------------------------

    def line(self) -> str:
        """Return how it goes, in one line."""
        tally = self.fleet.tally
        online = sum(link.is_connected for link in self.fleet.links.values())
        waiting = sum(link.waiting for link in self.fleet.links.values())
        behind_s = max(0, self._now_us() - self.at_us) // SECOND_US
        late = f", {behind_s // 60} min behind" if behind_s > HOUR_US // SECOND_US // 30 else ""
        return (
            f"simulate: county time {stamp(self.at_us)[11:19]} UTC{late}, "
            f"{online} of {len(self.fleet.links)} devices connected, "
            f"{tally.acknowledged} messages acknowledged, {waiting} waiting, "
            f"{tally.commands} commands"
        )
