"""Token buckets: how much a device or an address may do in a time."""

from __future__ import annotations


class Bucket:
    """Tokens that refill at a steady rate up to a burst. Times are epoch microseconds."""

    __slots__ = ("_burst", "_filled_us", "_per_us", "_tokens")

    def __init__(self, per_s: float, burst: float, now_us: int) -> None:
        self._per_us = per_s / 1_000_000
        self._burst = burst
        self._tokens = burst
        self._filled_us = now_us

    def take(self, cost: float, now_us: int) -> float:
        """Take tokens, below zero if need be; return for how many seconds the bucket is in debt.

        Taking below zero keeps what has already arrived; the debt tells how long to read no more.
        """
        passed_us, self._filled_us = now_us - self._filled_us, now_us
        if passed_us > 0:  # a clock that was set back neither fills nor freezes the bucket
            self._tokens = min(self._burst, self._tokens + passed_us * self._per_us)
        self._tokens -= cost
        return 0.0 if self._tokens >= 0 else -self._tokens / self._per_us / 1_000_000

    def debt_s(self, now_us: int) -> float:
        """Return for how many seconds the bucket is in debt, taking nothing."""
        return self.take(0.0, now_us)
