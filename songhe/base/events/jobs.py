"""The jobs of this room: delivering an event to a handler."""

from __future__ import annotations

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from songhe.base.events import bus


@app.task(
    name="events.deliver",
    queue="events",
    retry=RetryStrategy(max_attempts=8, wait=2, exponential_wait=2),
)
def deliver(event_id: str, handler: str) -> None:
    """Let a handler hear of an event; repeated on failure, parked after eight attempts."""
    bus.hear(event_id, handler)
