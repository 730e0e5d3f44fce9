"""Deadlines in a heap: looking is by what is due, and nothing is taken out before the commit.

A timer is known by the kind of its key, the integer of the key's id, and its rule.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from songhe.kernel.detectors.rules import Key

Timer = tuple[Key, int, str]
_Entry = tuple[int, Timer]


class Timers:
    """At most one live entry a timer; a deadline that moved away is set again when it comes up."""

    def __init__(self) -> None:
        self._heap: list[_Entry] = []
        self._armed: dict[Timer, int] = {}

    def __len__(self) -> int:
        return len(self._armed)

    def arm(self, due_us: int, timer: Timer) -> None:
        """Set a deadline, unless the timer is set to the same or an earlier one."""
        armed = self._armed.get(timer)
        if armed is None or due_us < armed:
            self._armed[timer] = due_us
            heapq.heappush(self._heap, (due_us, timer))

    def due(self, now_us: int) -> list[_Entry]:
        """Return what is due in the order of time, without taking it out."""
        found: list[_Entry] = []
        heap, waiting = self._heap, [0]
        while waiting:
            index = waiting.pop()
            if index < len(heap) and heap[index][0] <= now_us:
                found.append(heap[index])
                waiting += (2 * index + 1, 2 * index + 2)
        return sorted({entry for entry in found if self._armed.get(entry[1]) == entry[0]})

    def take(self, entries: Iterable[_Entry]) -> None:
        """Take out entries that were looked at, and all that had been overtaken on the way."""
        for due_us, timer in entries:
            if self._armed.get(timer) == due_us:
                del self._armed[timer]
        while self._heap and self._armed.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)

    def armed(self) -> list[Timer]:
        """Return all timers that are set."""
        return list(self._armed)

    def drop(self, key: int) -> None:
        """Forget every timer of a subject, person or device."""
        for timer in [timer for timer in self._armed if timer[1] == key]:
            del self._armed[timer]
