"""What of the newest values and of the devices heard goes into which transaction."""

from __future__ import annotations

import time
from collections.abc import Collection
from uuid import UUID

from songhe.gateway.writer.latest import Latest
from songhe.gateway.writer.seen import Seen

# Up to so many changed rows go with every batch; more wait for the next flush.
FEW = 64
LATEST_S = 0.5
# When a device was last heard may be told a little later, unless its state changed.
SEEN_S = 2.0
MOST = 5000


class Flush:
    """Under load the tables `latest` and `device_seen` follow their memory a moment behind."""

    def __init__(self, latest: Latest, seen: Seen) -> None:
        self._latest = latest
        self._seen = seen
        self._latest_s = self._seen_s = 0.0

    def force(self) -> None:
        """Let the next transaction take everything."""
        self._latest_s = self._seen_s = float("-inf")

    @property
    def is_due(self) -> bool:
        """Tell whether rows wait that no batch may come along to take."""
        now_s = time.monotonic()
        return (
            self._seen.urgent
            or (bool(self._latest.dirty) and now_s - self._latest_s >= LATEST_S)
            or (bool(self._seen.dirty) and now_s - self._seen_s >= SEEN_S)
        )

    def take(self, planned: Collection[int]) -> tuple[set[int], set[UUID]]:
        """Return (subjects, devices) whose rows go into this transaction.

        planned: the subjects whose values this batch renews. The devices are taken out of
        `Seen.dirty`; put them back when the transaction fails.
        """
        seen, subjects = self._seen, self._latest.dirty.union(planned)
        now_s, few = time.monotonic(), len(subjects) + len(seen.dirty) <= FEW
        if not few and now_s - self._latest_s < LATEST_S:
            subjects = set()
        else:
            self._latest_s = now_s
            if len(subjects) > MOST:
                subjects = set(list(subjects)[:MOST])
        if not few and not seen.urgent and now_s - self._seen_s < SEEN_S:
            return subjects, set()
        self._seen_s = now_s
        devices, seen.dirty, seen.urgent = seen.dirty, set(), False
        return subjects, devices
