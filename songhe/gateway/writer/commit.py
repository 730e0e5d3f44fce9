"""What a batch does: it is judged, stored in one transaction, and then settled."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import structlog

from songhe.gateway import metrics
from songhe.gateway.batch import Batch
from songhe.gateway.writer.ahead import Judged
from songhe.gateway.writer.flush import Flush
from songhe.gateway.writer.latest import Latest
from songhe.gateway.writer.seen import Seen
from songhe.gateway.writer.store import Store, Work, days_of, packed
from songhe.kernel.detectors import Evaluator, Plan
from songhe.kernel.time import StepWatch, steady_s
from songhe.kernel.wire import Reading

log = structlog.get_logger("songhe.gateway.writer")

LETTERS_SHOWN = 5


class JudgementFailed(Exception):
    """A rule raised an error of its own; the batch is split until the message is found."""


class Committer:
    """Judges and stores; nothing in memory changes before the transaction is committed."""

    def __init__(
        self,
        evaluator: Evaluator,
        latest: Latest,
        seen: Seen,
        flush: Flush,
        announce: Callable[[], None],
        settle: Callable[[Iterable[Batch]], None],
        now_us: Callable[[], int],
    ) -> None:
        """announce: hears that findings are committed; settle: gets batches that are."""
        self._evaluator = evaluator
        self._latest = latest
        self._seen = seen
        self._flush = flush
        self._announce = announce
        self._settle = settle
        self._now_us = now_us
        self._clock_watch = StepWatch(now_us() / 1_000_000, steady_s())

    def judge(self, batch: Batch, after: Plan | None = None) -> Judged:
        """Judge a batch as if all its readings were new, which nearly always holds.

        after: what was judged before and is not committed yet. Raises JudgementFailed.
        """
        now_us = self._look_at_clock()
        rows = list(batch.readings.values())
        return Judged(batch, rows, self._plan(batch, rows, now_us, after), now_us)

    def tick(self, after: Plan | None = None) -> Judged:
        """Judge what time alone brings about, with a batch of no messages.

        after: as for `judge`. Raises JudgementFailed.
        """
        now_us = self._look_at_clock()
        try:
            return Judged(Batch(), [], self._evaluator.tick(now_us, after), now_us)
        except Exception as error:
            metrics.FAULTS.labels("judge").inc()
            log.exception("a rule failed on the clock's tick")
            raise JudgementFailed from error

    async def commit(self, store: Store, group: list[Judged], *, careful: bool = False) -> None:
        """Run one transaction and, once it is committed, everything that follows from it.

        careful: look for each reading of the group's only batch, which may be there already; then
        those that are new are judged again.
        """
        started_s = time.monotonic()
        for judged in group:
            self._seen.absorb(judged.batch)
        if careful:
            [only] = group
            found = await store.begin(only.batch)
            if len(found) != len(only.rows):
                only.rows = found
                only.plan = self._plan(only.batch, found, only.now_us)
        rows = [row for judged in group for row in judged.rows]
        counted = [row for judged in group for row in judged.counted]
        planned = self._latest.plan([*rows, *counted])
        told = {device.id for judged in group for device, _ in judged.batch.statuses}
        along = subjects, devices = await self._flush.with_batch(planned.keys(), told)
        written = False
        try:
            work = Work(
                [(judged.batch, judged.now_us) for judged in group],
                latest=self._latest.packed(subjects, planned, group[-1].now_us),
                seen=self._seen.packed(devices),
                findings=[found for judged in group for found in judged.findings],
                counted=counted,
            )
            if not careful:
                work.days, work.readings = days_of(rows), packed(judged.batch for judged in group)
            await (store.finish(work) if careful else store.write(work))
            self._latest.merge(planned)
            written = True
        finally:
            self._flush.batch_ended(along, written=written)
        if work.findings:
            self._announce()
        for judged in group:
            self._take_over(judged)
        self._count(group, started_s)
        self._settle(judged.batch for judged in group)

    def _take_over(self, judged: Judged) -> None:
        """Advance the rules' states: the transaction is committed, nothing undoes it."""
        try:
            if judged.plan is not None:
                judged.plan.commit()
            for device, heard in judged.batch.heard.items():
                if heard.spoke:
                    self._evaluator.heard(device.id, heard.received_us)
        except Exception:
            metrics.FAULTS.labels("judge").inc()
            log.exception("rule states could not be taken over", messages=len(judged.batch))

    def _plan(
        self, batch: Batch, rows: list[Reading], now_us: int, after: Plan | None = None
    ) -> Plan | None:
        if not batch.judged or not (rows or batch.waves):
            return None
        try:
            return self._evaluator.judge(rows, now_us, after, [item.wave for item in batch.waves])
        except Exception as error:
            metrics.FAULTS.labels("judge").inc()
            log.exception("a rule failed", readings=len(rows), waves=len(batch.waves))
            raise JudgementFailed from error

    def _look_at_clock(self) -> int:
        """Return the time; tell the rules when it was set ahead: that is nobody's silence."""
        now_us = self._now_us()
        step_s = self._clock_watch.look(now_us / 1_000_000, steady_s())
        if step_s > 0:
            self._evaluator.was_deaf(now_us - round(step_s * 1_000_000), now_us)
        return now_us

    def _count(self, group: list[Judged], started_s: float) -> None:
        messages, oldest_us = 0, 0
        for judged in group:
            batch, new = judged.batch, len(judged.rows)
            messages += len(batch)
            if batch.inbox and not oldest_us:
                oldest_us = batch.inbox[0].received_us
            metrics.READINGS.inc(new)
            metrics.REPEATS.inc(len(batch.readings) - new)
            metrics.FINDINGS.inc(len(judged.findings))
            for letter in batch.letters:
                metrics.LETTERS.labels(letter.reason).inc()
            for letter in batch.letters[:LETTERS_SHOWN]:
                log.info("dead letter", device=letter.device_key, reason=letter.reason)
        if messages:
            metrics.BATCH.observe(messages)
            metrics.COMMIT.observe(time.monotonic() - started_s)
            metrics.LAG.observe((self._now_us() - oldest_us) / 1_000_000)
