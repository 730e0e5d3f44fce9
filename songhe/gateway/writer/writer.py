"""The loop that commits batch after batch, and what it does when the database is away."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from uuid import UUID

import structlog
from psycopg.errors import UniqueViolation

from songhe.gateway import metrics
from songhe.gateway.batch import Batch, Inbound
from songhe.gateway.database import is_missing_partition, is_passing
from songhe.gateway.intake import Intake
from songhe.gateway.settings import Settings
from songhe.gateway.writer.ahead import Ahead, Judged
from songhe.gateway.writer.commit import Committer, JudgementFailed
from songhe.gateway.writer.flush import Flush
from songhe.gateway.writer.follow import Follower
from songhe.gateway.writer.latest import Latest
from songhe.gateway.writer.pressure import Pressure
from songhe.gateway.writer.seen import Seen
from songhe.gateway.writer.settle import Settler
from songhe.gateway.writer.store import Store
from songhe.kernel.detectors import Evaluator

log = structlog.get_logger("songhe.gateway.writer")

TICK_S = 1.0
BUSY_MESSAGES = 16
# Messages wait so long for those before them to be stored; then they are judged all the same.
AHEAD_S = 0.006
RETRY_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
# After an unannounced repeat, so many batches look for repeats row by row.
CAREFUL_BATCHES = 50


class Writer(Pressure):
    """Takes messages in, commits them in batches, and settles them with their sources."""

    def __init__(
        self,
        settings: Settings,
        evaluator: Evaluator,
        latest: Latest,
        seen: Seen,
        now_us: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._evaluator = evaluator
        self.seen = seen
        flush = Flush(latest, seen)
        self._follower = Follower(settings.database_url, flush, latest, seen, now_us)
        self._settler = Settler()
        told = self._follower.announce, self._settler.put
        self._committer = Committer(evaluator, latest, seen, flush, *told, now_us)
        self._now_us = now_us
        self._intake = Intake(settings.gateway_letters_per_minute)
        self._batches: deque[Batch] = deque((Batch(),))
        self._batch_messages = settings.gateway_batch_messages
        self._last_batch = 0
        self._waiting = 0
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._in_hand, self._moved_s = deque(), time.monotonic()
        self._ahead = Ahead(self._batch_messages, self._store_ahead, self._take_back)
        self._store: Store | None = None
        self._tick_due = False
        # The tick judged and not stored yet; whether the last one could not be.
        self._ticking: Batch | None = None
        self._is_tick_failed = False
        self._careful = 0
        self._stopping = False
        self._down_since_s: float | None = None
        self.drained: list[Callable[[], None]] = []
        self.on_outage: Callable[[], None] = lambda: None

    def put(self, inbound: Inbound) -> None:
        """Take a message in; its source hears of it after the commit."""
        batch = self._batches[-1]
        if len(batch.inbox) >= self._batch_messages:
            batch = Batch()
            self._batches.append(batch)
        self._intake.take(batch, inbound)
        self._waiting += 1
        self._waiting_bytes += len(inbound.payload)
        if not self._wake.is_set():
            self._wake.set()

    def device_online(self, device: UUID, online: bool) -> None:
        """Note that a device's connection was made or ended."""
        self.seen.online(device, online, self._now_us())

    def stop(self) -> None:
        """Let the loop end once everything taken in is stored."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Commit until stopped."""
        timer = asyncio.ensure_future(self._clock())
        self._follower.start()
        try:
            while not (self._stopping and self._waiting == 0):
                await self._wake.wait()
                self._wake.clear()
                await self._round()
            await self._ahead.wait(TICK_S)  # what a tick found, unless the database is away
        finally:
            timer.cancel()
            await self._ahead.stop()
            await self._settler.finish()
            await self._follower.finish()
            if self._store is not None:
                await self._store.close()

    async def _clock(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._tick_due = True
            self._wake.set()
            if self.is_stalled:
                log.warning("the database says nothing", waiting=self._waiting)
                self._follower.break_off()  # a batch may be waiting for its rows
                if self._store is not None:
                    self._store.break_off()

    async def _round(self) -> None:
        """Judge and store what is there, then let the clock tick."""
        limit = self._settings.gateway_batch_messages
        while self._batches[0].inbox:
            first = self._batches[0]
            if len(first) < limit and not self._stopping:
                await self._linger(first.inbox[0].received_us)
            if self._batches[0].may_repeat or self._careful:
                await self._ahead.wait()
                await self._commit(self._next())
            else:
                self._judge_ahead(self._next())
                await self._ahead.room()
            if self._tick_due:
                break  # under steady load messages always wait: time must pass all the same
        if self._tick_due:
            self._tick_due = False
            await self._tick()
            self._wake.set()

    async def _tick(self) -> None:
        """Let time pass for the rules; one tick at a time waits to be stored."""
        is_away = self._down_since_s is not None
        if is_away or self._is_tick_failed or self._careful or self._batches[0].may_repeat:
            self._is_tick_failed = False
            await self._ahead.wait()
            await self._guarded(Batch(), tick=True)
        elif self._ticking is None:
            with contextlib.suppress(JudgementFailed):
                judged = self._committer.tick(self._ahead.last)
                self._ticking = judged.batch
                self._ahead.put(judged)

    async def _linger(self, received_us: int) -> None:
        """Let a batch wait for company, longer when many come or others are being stored."""
        settings = self._settings
        busy = self._last_batch >= BUSY_MESSAGES
        # A clock that was set back must not make this a long sleep.
        waited_s = max(0, self._now_us() - received_us) / 1_000_000
        least_ms = settings.gateway_linger_busy_ms if busy else settings.gateway_linger_ms
        if waited_s < least_ms / 1000:
            await asyncio.sleep(least_ms / 1000 - waited_s)
            waited_s = least_ms / 1000
        if self._ahead.is_storing and len(self._batches[0]) < self._batch_messages:
            await self._ahead.wait(AHEAD_S - waited_s)

    def _next(self) -> Batch:
        batch = self._batches.popleft()
        if not self._batches:
            self._batches.append(Batch())
        self._last_batch = len(batch)
        if not self._in_hand:
            self._moved_s = time.monotonic()
        self._in_hand.append(batch)
        return batch

    def _judge_ahead(self, batch: Batch) -> None:
        """Judge a batch of new readings while those before it are being stored."""
        try:
            self._ahead.put(self._committer.judge(batch, self._ahead.last))
        except JudgementFailed:
            self._put_back([batch], retried=False)

    async def _store_ahead(self, group: list[Judged]) -> None:
        await self._committer.commit(await self._ready_store(), group)
        for judged in group:
            if judged.batch is self._ticking:
                self._ticking = None
            else:
                metrics.MESSAGES.inc(len(judged.batch))
                self._release(judged.batch)
        if self._stopping:
            self._wake.set()

    async def _take_back(self, batches: list[Batch], error: Exception) -> None:
        """Let batches that could not be stored go the careful way, before any later one."""
        was_there, no_day = isinstance(error, UniqueViolation), is_missing_partition(error)
        if was_there:
            self._careful = CAREFUL_BATCHES
        if self._ticking is not None:
            batches.remove(self._ticking)
            self._ticking, self._is_tick_failed, self._tick_due = None, True, True
        self._put_back(batches, retried=not (was_there or no_day))
        await self._abandon_transaction()
        if no_day or is_passing(error):
            await self._drop_store()

    def _put_back(self, batches: list[Batch], *, retried: bool) -> None:
        for batch in reversed(batches):
            batch.may_repeat = True
            batch.retried |= retried
            self._in_hand.remove(batch)
            self._batches.appendleft(batch)
        self._wake.set()

    async def _commit(self, batch: Batch) -> None:
        """Store a batch, whatever it takes, or give it up when the database stays away."""
        try:
            if await self._guarded(batch):
                metrics.MESSAGES.inc(len(batch))
        finally:
            self._release(batch)

    def _release(self, batch: Batch) -> None:
        """Make room for others: nothing more is to be done for a batch."""
        self._in_hand.remove(batch)
        self._moved_s = time.monotonic()
        self._waiting -= len(batch)
        self._waiting_bytes -= batch.bytes
        metrics.WAITING.set(self._waiting)
        if self.drained and not self.full:
            waiting, self.drained = self.drained, []
            for resume in waiting:
                resume()

    async def _guarded(self, batch: Batch, *, tick: bool = False) -> bool:
        """Write a batch with retries; True when it is committed."""
        attempt = 0
        while True:
            try:
                await self._write(await self._ready_store(), batch, tick=tick)
            except JudgementFailed:
                await self._abandon_transaction()
                return await self._split(batch, is_rule=True)
            except Exception as error:
                await self._abandon_transaction()
                if isinstance(error, UniqueViolation) and not batch.may_repeat:
                    # Something was there before, though nothing announced it.
                    batch.may_repeat = True
                    self._careful = CAREFUL_BATCHES
                    continue
                if is_missing_partition(error) and not batch.retried:
                    await self._drop_store()
                elif not is_passing(error):
                    metrics.FAULTS.labels("store").inc()
                    log.exception("batch refused by the database", messages=len(batch))
                    return await self._split(batch, is_rule=False)
                else:
                    await self._drop_store()
                    if not await self._wait_for_database(batch, attempt, error):
                        return False
                batch.retried = batch.may_repeat = True
                attempt += 1
                continue
            if self._down_since_s is not None:
                away_s = time.monotonic() - self._down_since_s
                now_us = self._now_us()
                self._evaluator.was_deaf(now_us - round(away_s * 1_000_000), now_us)
                log.info("database is back", away_s=round(away_s, 1))
                self._down_since_s = None
            metrics.DATABASE_UP.set(1)
            return True

    async def _wait_for_database(self, batch: Batch, attempt: int, error: Exception) -> bool:
        """Wait before the next try; False when the batch was given up instead."""
        now_s = time.monotonic()
        if self._down_since_s is None:
            self._down_since_s = now_s
            metrics.DATABASE_UP.set(0)
            log.warning("database is away", error=type(error).__name__)
        if self._stopping or now_s - self._down_since_s > self._settings.gateway_outage_s:
            log.error("messages given up unacknowledged", messages=self._waiting)
            batch.give_up()
            for waiting in self._batches:
                waiting.give_up()
                self._waiting -= len(waiting)
                self._waiting_bytes -= waiting.bytes
            self._batches = deque((Batch(),))
            self.on_outage()
            return False
        await asyncio.sleep(RETRY_S[min(attempt, len(RETRY_S) - 1)])
        return True

    async def _split(self, batch: Batch, *, is_rule: bool) -> bool:
        """Halve a batch that fails until the one bad message is alone; only it suffers."""
        if len(batch) > 1:
            middle = len(batch) // 2
            for part in (batch.inbox[:middle], batch.inbox[middle:]):
                half = Batch()
                half.retried, half.may_repeat = batch.retried, True
                for inbound in part:
                    self._intake.take(half, inbound)
                if not await self._guarded(half):
                    batch.give_up()
                    return False
            return True
        if is_rule and batch.judged:
            batch.judged = False
            return await self._guarded(batch)
        return not batch.inbox or await self._bury(batch.inbox[0])

    async def _bury(self, inbound: Inbound) -> bool:
        """Make a dead letter of a message that the database refuses."""
        letter = Batch()
        self._intake.bury(letter, inbound, "bad-value", "the database cannot hold this")
        try:
            await self._write(await self._ready_store(), letter)
        except Exception:
            metrics.FAULTS.labels("bury").inc()
            log.exception("dead letter refused by the database", device=inbound.route.device.key)
            await self._abandon_transaction()
            inbound.source.give_up()
            return False
        return True

    async def _ready_store(self) -> Store:
        if self._store is None:
            self._store = await Store.open(self._settings.database_url, "writer")
        return self._store

    async def _abandon_transaction(self) -> None:
        if self._store is not None:
            try:
                await self._store.roll_back()
            except Exception as error:
                log.warning("roll-back failed", error=type(error).__name__)
                await self._drop_store()

    async def _drop_store(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            await store.close()

    async def _write(self, store: Store, batch: Batch, *, tick: bool = False) -> None:
        """Judge and store one batch; its readings are looked for where they may be there already.

        A tick carries no readings.
        """
        judged = self._committer.tick() if tick else self._committer.judge(batch)
        careful = bool(judged.rows) and (batch.may_repeat or self._careful > 0)
        self._careful = max(0, self._careful - 1)
        await self._committer.commit(store, [judged], careful=careful)
