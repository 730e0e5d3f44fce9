"""The loop that commits batch after batch, and what it does when the database is away."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from uuid import UUID

import structlog
from psycopg.errors import UniqueViolation

from songhe.gateway import metrics
from songhe.gateway.batch import Batch, Inbound
from songhe.gateway.database import connect, is_missing_partition, is_passing
from songhe.gateway.intake import Intake
from songhe.gateway.settings import Settings
from songhe.gateway.writer.flush import Flush
from songhe.gateway.writer.latest import Latest, Row
from songhe.gateway.writer.pressure import Pressure
from songhe.gateway.writer.seen import Seen
from songhe.gateway.writer.store import Store
from songhe.kernel.detectors import Evaluator, Plan
from songhe.kernel.time import StepWatch, steady_s
from songhe.kernel.wire import Reading

log = structlog.get_logger("songhe.gateway.writer")

TICK_S = 1.0
BUSY_MESSAGES = 16
RETRY_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
LETTERS_SHOWN = 5
# After an unannounced repeat, so many batches look for repeats row by row.
CAREFUL_BATCHES = 50

Judged = tuple[Plan | None, dict[int, Row]]


class JudgementFailed(Exception):
    """A rule raised an error of its own; the batch is split until the message is found."""


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
        self._latest = latest
        self.seen = seen
        self._flush = Flush(latest, seen)
        self._now_us = now_us
        self._intake = Intake(settings.gateway_letters_per_minute)
        self._batches: deque[Batch] = deque((Batch(),))
        self._batch_messages = settings.gateway_batch_messages
        self._last_batch = 0
        self._waiting = 0
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._store: Store | None = None
        self._tick_due = False
        self._clock_watch = StepWatch(now_us() / 1_000_000, steady_s())
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
        self._wake.set()

    def stop(self) -> None:
        """Let the loop end once everything taken in is stored."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Commit until stopped."""
        timer = asyncio.ensure_future(self._clock())
        try:
            while not (self._stopping and self._waiting == 0):
                await self._wake.wait()
                self._wake.clear()
                await self._round()
            self._flush.force()
            await self._guarded(Batch())  # brings latest and device_seen up to date
        finally:
            timer.cancel()
            if self._store is not None:
                await self._store.close()

    async def _clock(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._tick_due = True
            self._wake.set()

    async def _round(self) -> None:
        """Commit what is there, then let the clock tick."""
        limit = self._settings.gateway_batch_messages
        while self._waiting:
            first = self._batches[0]
            if len(first) < limit and not self._stopping:
                # A clock that was set back must not make this a long sleep.
                waited_us = max(0, self._now_us() - first.inbox[0].received_us)
                left_s = self._linger_s() - waited_us / 1_000_000
                if left_s > 0:
                    await asyncio.sleep(left_s)
            await self._commit(self._next())
            if self._tick_due:
                break  # under steady load messages always wait: time must pass all the same
        if self._tick_due:
            self._tick_due = False
            await self._guarded(Batch(), tick=True)
            self._wake.set()
        elif self._flush.is_due:
            await self._guarded(Batch())

    def _linger_s(self) -> float:
        """Return how long a batch waits for company: longer when many come, for fewer commits."""
        busy = self._last_batch >= BUSY_MESSAGES
        settings = self._settings
        return (settings.gateway_linger_busy_ms if busy else settings.gateway_linger_ms) / 1000

    def _next(self) -> Batch:
        batch = self._batches.popleft()
        if not self._batches:
            self._batches.append(Batch())
        self._last_batch = len(batch)
        return batch

    async def _commit(self, batch: Batch) -> None:
        """Store a batch, whatever it takes, or give it up when the database stays away."""
        count, size = len(batch), batch.bytes
        self._in_hand = batch
        try:
            if await self._guarded(batch):
                metrics.MESSAGES.inc(count)
        finally:
            self._in_hand = None
            self._waiting -= count
            self._waiting_bytes -= size
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
            store = Store(await connect(self._settings.database_url, "writer", autocommit=True))
            await store.prepare()
            self._store = store
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
        """Run one transaction and, once it is committed, everything that follows from it."""
        started_s, now_us = time.monotonic(), self._now_us()
        self._notice_set_clock(now_us)
        rows = list(batch.readings.values())
        if rows:
            await store.ensure_days(rows)
        careful = batch.may_repeat or self._careful > 0
        self._careful = max(0, self._careful - 1)
        # Judged as if all were new, which nearly always holds; a tick carries no readings.
        plan, planned = (self._tick(now_us), {}) if tick else self._judge(batch, rows, now_us)
        self.seen.absorb(batch)
        subjects, devices = self._flush.take(planned.keys())
        new = len(rows)
        try:
            if careful or subjects or devices or batch.has_more or (plan and plan.findings):
                async with store.connection.transaction():
                    cursor = store.connection.cursor()
                    if careful and rows:
                        found = await store.insert_readings(cursor, batch)
                        new = len(found)
                        if new != len(rows):
                            plan, planned = self._judge(batch, found, now_us)
                    elif rows:
                        await store.copy_readings(cursor, batch.readings)
                    if subjects:
                        packed = self._latest.packed(subjects, planned, now_us)
                        await store.write_latest(cursor, packed)
                    if devices:
                        await store.write_seen(cursor, self.seen.packed(devices))
                    findings = plan.findings if plan is not None else ()
                    await store.write_rest(cursor, batch, findings, now_us)
            elif rows:
                # Nothing but readings: the one statement is its own transaction.
                await store.copy_readings(store.connection.cursor(), batch.readings)
        except BaseException:
            self.seen.dirty |= devices
            raise
        self._latest.merge(planned)
        self._latest.dirty -= subjects
        self._take_over(batch, plan)
        self._count(batch, new, len(plan.findings) if plan else 0, started_s, now_us)

    def _take_over(self, batch: Batch, plan: Plan | None) -> None:
        """Advance the rules' states and settle: the transaction is committed, nothing undoes it."""
        try:
            if plan is not None:
                plan.commit()
            for device, heard in batch.heard.items():
                if heard.spoke:
                    self._evaluator.heard(device.id, heard.received_us)
        except Exception:
            metrics.FAULTS.labels("judge").inc()
            log.exception("rule states could not be taken over", messages=len(batch))
        batch.settle()

    def _judge(self, batch: Batch, rows: list[Reading], now_us: int) -> Judged:
        planned = self._latest.plan(rows)
        if not batch.judged or not rows:
            return None, planned
        try:
            return self._evaluator.judge(rows, now_us), planned
        except Exception as error:
            metrics.FAULTS.labels("judge").inc()
            log.exception("a rule failed", readings=len(rows))
            raise JudgementFailed from error

    def _notice_set_clock(self, now_us: int) -> None:
        """Tell the rules when the clock was set ahead: the time left out is nobody's silence."""
        step_s = self._clock_watch.look(now_us / 1_000_000, steady_s())
        if step_s > 0:
            self._evaluator.was_deaf(now_us - round(step_s * 1_000_000), now_us)

    def _tick(self, now_us: int) -> Plan:
        try:
            return self._evaluator.tick(now_us)
        except Exception as error:
            metrics.FAULTS.labels("judge").inc()
            log.exception("a rule failed on the clock's tick")
            raise JudgementFailed from error

    def _count(self, batch: Batch, new: int, findings: int, started_s: float, now_us: int) -> None:
        metrics.READINGS.inc(new)
        metrics.REPEATS.inc(len(batch.readings) - new)
        metrics.FINDINGS.inc(findings)
        for letter in batch.letters:
            metrics.LETTERS.labels(letter.reason).inc()
        for letter in batch.letters[:LETTERS_SHOWN]:
            log.info("dead letter", device=letter.device_key, reason=letter.reason)
        if batch.inbox:
            metrics.BATCH.observe(len(batch))
            metrics.COMMIT.observe(time.monotonic() - started_s)
            metrics.LAG.observe((self._now_us() - batch.inbox[0].received_us) / 1_000_000)
