"""The follower: does what comes after a commit and is not waited for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from songhe.gateway import metrics
from songhe.gateway.database import is_passing
from songhe.gateway.writer.flush import Due, Flush
from songhe.gateway.writer.latest import Latest
from songhe.gateway.writer.seen import Seen
from songhe.gateway.writer.store import Store, Work

log = structlog.get_logger("songhe.gateway.writer")

LOOK_S = 0.1
RETRY_S = 1.0
# So many rows at a time: packing them holds up the messages for a millisecond or two.
MOST = 128


class Follower:
    """Announces findings, and writes changed rows of `latest` and `device_seen` a moment behind.

    On a connection of its own, whose commits need not wait for the disk: newest values are found
    again in the readings at the next start, and that a device was heard is said again by the
    device. An announcement that fails is none: the jobs process also looks by itself every 2 s.
    """

    def __init__(
        self, url: str, flush: Flush, latest: Latest, seen: Seen, now_us: Callable[[], int]
    ) -> None:
        self._url = url
        self._flush = flush
        self._latest = latest
        self._seen = seen
        self._now_us = now_us
        self._store: Store | None = None
        self._most = MOST
        self._has_findings = False
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Follow until `finish` is called."""
        self._task = asyncio.create_task(self._run())

    async def finish(self) -> None:
        """Write what is left, unless the database is away."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            await self._drop()  # it may have been cut off in the middle of a statement
        self._flush.force()
        if self._has_findings:
            await self._announce()
        while self._flush.is_due and await self._write():
            pass
        await self._drop()

    def announce(self) -> None:
        """Let it be known soon that findings were committed."""
        self._has_findings = True
        self._wake.set()

    def break_off(self) -> None:
        """Cut the line to a server that says nothing."""
        if self._store is not None:
            self._store.break_off()

    async def _run(self) -> None:
        while True:
            if self._has_findings:
                await self._announce()
            elif not self._flush.is_due:
                await self._called()
            elif not await self._write():
                await asyncio.sleep(RETRY_S)

    async def _called(self) -> None:
        """Wait until there are findings, or it is time to look for rows."""
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await self._wake.wait()

    async def _announce(self) -> None:
        self._has_findings = False
        try:
            await (await self._ready_store()).announce()
        except Exception as error:
            log.info("findings not announced", error=type(error).__name__)
            await self._drop()

    async def _write(self) -> bool:
        """Write the next rows; False when it was in vain."""
        taken, written = self._flush.for_follower(self._most), False
        try:
            if taken[0] or taken[1]:
                await self._commit(taken)
            else:
                await asyncio.sleep(0.001)  # a batch has them in hand
            written = True
        except Exception as error:
            await self._drop()
            if not is_passing(error):
                written = self._refused(taken)
        finally:
            self._flush.follower_ended(taken, written=written)
        if written:
            self._most = min(MOST, self._most * 2)
        return written

    async def _commit(self, taken: Due) -> None:
        subjects, devices = taken
        work = Work(
            (),
            latest=self._latest.packed(subjects, {}, self._now_us()),
            seen=self._seen.packed(devices),
        )
        await (await self._ready_store()).write(work)

    async def _ready_store(self) -> Store:
        if self._store is None:
            self._store = await Store.open(self._url, "follower", waits_for_disk=False)
        return self._store

    def _refused(self, taken: Due) -> bool:
        """Try fewer rows next time; True when one row alone is refused, which is left out."""
        metrics.FAULTS.labels("follow").inc()
        if self._most > 1:
            self._most = 1
            return False
        log.exception("row refused by the database", subjects=[str(s) for s in taken[0]])
        return True

    async def _drop(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            await store.close()
