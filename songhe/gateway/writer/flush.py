"""What of the newest values and of the devices heard goes into which transaction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Set
from uuid import UUID

from songhe.gateway.writer.latest import Latest
from songhe.gateway.writer.seen import Seen

# Up to so many changed rows go with the batch that changed them; more are the follower's.
FEW = 64
LATEST_S = 0.5
# When a device was last heard may be told a little later, unless its state changed.
SEEN_S = 2.0

Due = tuple[set[int], set[UUID]]


class Flush:
    """Shares out the changed rows of `latest` and `device_seen`.

    In quiet hours they are committed with the readings. Under load they follow a moment behind, a
    handful at a time and on a connection of their own, so that no reading waits for them; only
    what a device told of itself goes with its message, whose acknowledgement says that it is kept.
    One of the two has rows in hand at a time: an older row must never be written over a newer one.
    """

    def __init__(self, latest: Latest, seen: Seen) -> None:
        self._latest = latest
        self._seen = seen
        self._latest_s = self._seen_s = 0.0
        self._batching = self._following = False
        self._free = asyncio.Event()
        # What was changed at the follower's last look and is not written yet.
        self._behind: Due = set(), set()

    async def with_batch(self, planned: Collection[int], told: Set[UUID]) -> Due:
        """Return (subjects, devices) whose rows a batch takes along; `batch_ended` must be called.

        planned: the subjects whose values the batch renews; told: the devices that told of
        themselves in it. All rows while they are few, else those of the devices that told.
        """
        while self._following and (told or self._is_few(planned)):
            self._free.clear()
            await self._free.wait()
        if self._following:
            return set(), set()
        subjects, devices = self._behind
        if self._is_few(planned):
            self._latest.dirty |= subjects
            self._behind = set(), set()
            self._batching = True
            return self._latest.dirty.union(planned), devices | self._take_devices()
        if not told:
            return set(), set()
        self._batching = True
        devices -= told
        self._seen.dirty -= told
        return set(), set(told)

    def batch_ended(self, taken: Due, *, written: bool) -> None:
        """Strike off what a batch wrote; what it could not waits on."""
        if written:
            self._latest.dirty -= taken[0]
        else:
            self._seen.dirty |= taken[1]
        self._batching = False

    @property
    def is_due(self) -> bool:
        """Tell whether rows wait that the follower should write now."""
        seen, now_s = self._seen, time.monotonic()
        return (
            bool(self._behind[0] or self._behind[1])
            or seen.urgent
            or (bool(self._latest.dirty) and now_s - self._latest_s >= LATEST_S)
            or (bool(seen.dirty) and now_s - self._seen_s >= SEEN_S)
        )

    def for_follower(self, most: int) -> Due:
        """Return the next (subjects, devices) for the follower; `follower_ended` must be called."""
        if self._batching:
            return set(), set()
        latest, seen, now_s = self._latest, self._seen, time.monotonic()
        subjects, devices = self._behind
        if not subjects and latest.dirty and now_s - self._latest_s >= LATEST_S:
            subjects, latest.dirty = latest.dirty, set()
            self._latest_s = now_s
        if not devices and (seen.urgent or (seen.dirty and now_s - self._seen_s >= SEEN_S)):
            devices = self._take_devices()
            self._seen_s = now_s
        self._behind = subjects, devices
        self._following = True
        return set(list(subjects)[:most]), set(list(devices)[:most])

    def follower_ended(self, taken: Due, *, written: bool) -> None:
        """Strike off what the follower wrote; the rest, and what it could not, waits on."""
        subjects, devices = self._behind
        if written:
            subjects -= taken[0]
            devices -= taken[1]
        else:
            self._latest.dirty |= subjects
            self._seen.dirty |= devices
            self._behind = set(), set()
        self._following = False
        self._free.set()

    def force(self) -> None:
        """Let the follower write everything now."""
        self._latest_s = self._seen_s = float("-inf")

    def _is_few(self, planned: Collection[int]) -> bool:
        waiting = len(self._latest.dirty) + len(planned) + sum(len(rows) for rows in self._behind)
        return waiting + len(self._seen.dirty) <= FEW

    def _take_devices(self) -> set[UUID]:
        devices, self._seen.dirty, self._seen.urgent = self._seen.dirty, set(), False
        return devices
