"""How much waits to be stored, and since when: what fronts and measures ask of the writer."""

from __future__ import annotations

import time
from collections import deque

from songhe.gateway.batch import Batch
from songhe.gateway.settings import Settings


class Pressure:
    """The counting side of the writer; `_in_hand` are the batches taken up and not settled yet."""

    _settings: Settings
    _batches: deque[Batch]
    _in_hand: deque[Batch]
    _waiting: int
    _waiting_bytes: int
    _down_since_s: float | None
    _moved_s: float

    @property
    def full(self) -> bool:
        """Tell whether fronts must read no more until `drained` is called."""
        settings = self._settings
        return (
            self._waiting >= settings.gateway_queue_messages
            or self._waiting_bytes >= settings.gateway_queue_bytes
        )

    @property
    def is_down(self) -> bool:
        """Tell whether the database has been away for longer than a hiccup."""
        return self._down_since_s is not None and time.monotonic() - self._down_since_s > 1.0

    @property
    def is_stalled(self) -> bool:
        """Tell whether a transaction is under way that gets no answer; a refusal is an answer."""
        silent_s = time.monotonic() - self._moved_s
        is_trying = bool(self._in_hand) and self._down_since_s is None
        return is_trying and silent_s > self._settings.gateway_stall_s

    @property
    def waiting(self) -> int:
        """Return how many messages are not stored yet, those being stored included."""
        return self._waiting

    @property
    def oldest_waiting_us(self) -> int | None:
        """Return when the oldest message not stored yet was received; None when none waits."""
        batch = self._in_hand[0] if self._in_hand else self._batches[0]
        return batch.inbox[0].received_us if batch.inbox else None
