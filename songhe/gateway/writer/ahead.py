"""The quick way: batches are judged while those before them are being stored.

It serves batches of new readings while all goes well. Whatever else happens (a repeat, a refused
row, the database away) is undone here, and the batches go the careful way, one after another.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from songhe.gateway.batch import Batch
from songhe.kernel.detectors import Plan
from songhe.kernel.wire import Finding, Reading


class Judged:
    """A batch with its judgement, which holds once the batches before it are committed."""

    __slots__ = ("batch", "now_us", "plan", "rows")

    def __init__(self, batch: Batch, rows: list[Reading], plan: Plan | None, now_us: int) -> None:
        self.batch = batch
        self.rows = rows
        self.plan = plan
        self.now_us = now_us

    @property
    def findings(self) -> list[Finding]:
        """Return what the rules found."""
        return self.plan.findings if self.plan is not None else []

    @property
    def counted(self) -> list[Reading]:
        """Return the readings that signals made."""
        return self.plan.counted if self.plan is not None else []


class Ahead:
    """The batches judged and not stored, and the task that stores them, several at a time."""

    def __init__(
        self,
        most: int,
        store: Callable[[list[Judged]], Awaitable[None]],
        failed: Callable[[list[Batch], Exception], Awaitable[None]],
    ) -> None:
        """most: messages of one transaction. failed gets all batches back, in their order."""
        self._most = most
        self._store = store
        self._failed = failed
        self._waiting: deque[Judged] = deque()
        self._messages = 0
        self._task: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()
        self.last: Plan | None = None

    def put(self, judged: Judged) -> None:
        """Store a judged batch as soon as those before it are."""
        self._waiting.append(judged)
        self._messages += len(judged.batch)
        self.last = judged.plan or self.last
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def room(self) -> None:
        """Wait while enough is judged for the next transactions."""
        while self._messages >= 4 * self._most:
            self._moved.clear()
            await self._moved.wait()

    @property
    def is_storing(self) -> bool:
        """Tell whether something is being stored."""
        return self._task is not None

    async def wait(self, most_s: float | None = None) -> None:
        """Wait until everything put is stored, or handed back; no longer than told."""
        if most_s is None:
            while self._task is not None:
                await asyncio.wait({self._task})
        elif self._task is not None and most_s > 0:
            await asyncio.wait({self._task}, timeout=most_s)

    async def stop(self) -> None:
        """Store no more; what is not settled was never acknowledged."""
        if self._task is not None:
            self._task.cancel()
            await self.wait()

    async def _run(self) -> None:
        group: list[Judged] = []
        try:
            while self._waiting:
                group = self._next()
                self._moved.set()
                await self._store(group)
        except Exception as error:
            batches = [judged.batch for judged in (*group, *self._waiting)]
            self._waiting.clear()
            await self._failed(batches, error)
        finally:
            self._messages, self.last, self._task = 0, None, None
            self._moved.set()

    def _next(self) -> list[Judged]:
        group = [self._waiting.popleft()]
        count = len(group[0].batch)
        while self._waiting and count + len(self._waiting[0].batch) <= self._most:
            group.append(self._waiting.popleft())
            count += len(group[-1].batch)
        self._messages -= count
        return group
