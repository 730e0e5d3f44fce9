"""What a batch or a tick would change: taken over after the commit, or dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from songhe.kernel.detectors.rules import Key
from songhe.kernel.detectors.state import NEVER_US
from songhe.kernel.detectors.timers import Timer
from songhe.kernel.detectors.track import Track
from songhe.kernel.errors import Conflict
from songhe.kernel.wire import Finding, Reading

if TYPE_CHECKING:
    from songhe.kernel.detectors.evaluator import Memory

KEYS: tuple[Key, ...] = ("subject", "person", "device")


class StalePlan(Conflict):
    code = "detectors.stale_plan"
    message = "Another plan was committed after this one was made; judge the readings again."


class Ahead:
    """What a chain of open plans says of memory: the newest track by key, the latest hearing."""

    def __init__(self) -> None:
        self.tracks: dict[Key, dict[int, Track]] = {key: {} for key in KEYS}
        self.heard: dict[int, int] = {}


class Plan:
    """What one batch or tick brings: findings, and readings that signals made.

    Dropping it without `commit` is the rollback.

    A plan made `after` another one sees what that one would change, and is committed after it;
    whoever drops a plan drops all that were made after it.
    """

    def __init__(self, memory: Memory, now_us: int, after: Plan | None = None) -> None:
        self.findings: list[Finding] = []
        self.counted: list[Reading] = []
        self.now_us = now_us
        self._memory = memory
        self._serial: int = memory.serial if after is None else after._serial + 1
        self._ahead: Ahead = Ahead() if after is None else after._ahead
        self._gone: set[int] = set()
        self._changed: dict[Key, dict[int, Track]] = {key: {} for key in KEYS}
        self._heard: dict[int, int] = {}
        self._arms: list[tuple[int, Timer]] = []
        self._taken: list[tuple[int, Timer]] = []
        memory.open.add(self)

    def track(self, kind: Key, key: int) -> Track:
        """Return this plan's own copy of a track, made on first use."""
        changed = self._changed[kind]
        track = changed.get(key)
        if track is None:
            ahead = self._ahead.tracks[kind]
            old = ahead.get(key) or self._memory.tracks[kind].get(key)
            track = old.clone() if old is not None else Track(UUID(int=key))
            changed[key] = ahead[key] = track
        return track

    def heard_us(self, device: int) -> int:
        """Return when a device was last heard, as this plan knows."""
        before = self._memory.heard.get(device, NEVER_US)
        now = self._ahead.heard.get(device, NEVER_US)
        return now if now > before else before

    def hear(self, device: int, received_us: int) -> None:
        """Note that a device was heard."""
        if received_us > self._ahead.heard.get(device, NEVER_US):
            self._heard[device] = self._ahead.heard[device] = received_us

    def forget(self, key: int) -> None:
        """Drop what this plan says of a subject, person or device that is forgotten meanwhile."""
        self._gone.add(key)
        for tracks in self._ahead.tracks.values():
            tracks.pop(key, None)
        self._ahead.heard.pop(key, None)

    def arm(self, due_us: int, timer: Timer) -> None:
        """Note a deadline to be set."""
        self._arms.append((due_us, timer))

    def due(self) -> list[tuple[int, Timer]]:
        """Return the timers that are due at this plan's instant; commit takes them out."""
        self._taken = self._memory.timers.due(self.now_us)
        return self._taken

    def commit(self) -> None:
        """Take over the new states. Raises StalePlan when it is not this plan's turn."""
        memory = self._memory
        if memory.serial != self._serial:
            raise StalePlan
        memory.serial += 1
        memory.timers.take(self._taken)
        gone = self._gone
        for kind in KEYS:
            changed, tracks = self._changed[kind], memory.tracks[kind]
            if gone:
                changed = {key: track for key, track in changed.items() if key not in gone}
            tracks.update(changed)
            ahead = self._ahead.tracks[kind]
            for key, track in changed.items():
                if ahead.get(key) is track:
                    del ahead[key]
        for device, received_us in self._heard.items():
            if device not in gone and received_us > memory.heard.get(device, NEVER_US):
                memory.heard[device] = received_us
        for due_us, timer in self._arms:
            if timer[1] not in gone:
                memory.timers.arm(due_us, timer)
        memory.open.discard(self)
