"""Acknowledgements: every source hears that its messages are committed and judged."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

import structlog

from songhe.gateway import metrics
from songhe.gateway.batch import Batch, Source

log = structlog.get_logger("songhe.gateway.writer")

AT_ONCE = 256


class Settler:
    """Tells sources in the order of the commits, a few at a time.

    A thousand acknowledgements are a thousand calls into the kernel: others are heard between
    them, and the next transaction begins beside them.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[Source, bytes]] = deque()
        self._task: asyncio.Task[None] | None = None

    def put(self, batches: Iterable[Batch]) -> None:
        """Tell the sources of batches; of few, before this returns."""
        for batch in batches:
            self._waiting += [(one, bytes(tokens)) for one, tokens in batch.receipts.items()]
        if self._task is None:
            self._tell()
            if self._waiting:
                self._task = asyncio.create_task(self._run())

    async def finish(self) -> None:
        """Wait until everybody was told."""
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)
            self._tell()
        self._task = None

    def _tell(self) -> None:
        for _ in range(min(AT_ONCE, len(self._waiting))):
            source, tokens = self._waiting.popleft()
            try:
                source.settle(tokens)
            except Exception:  # its own loss: the others' messages are stored as well
                metrics.FAULTS.labels("settle").inc()
                log.exception("an acknowledgement could not be sent")
