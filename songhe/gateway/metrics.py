"""What the gateway counts and measures, for /metrics. Values of readings are never among it."""

from __future__ import annotations

from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

import songhe

REGISTRY = CollectorRegistry()
ProcessCollector(namespace="songhe_gateway", registry=REGISTRY)
BUILD = Gauge("songhe_gateway_build", "1, labelled by version", ["version"], registry=REGISTRY)
BUILD.labels(songhe.__version__).set(1)

MESSAGES = Counter("songhe_gateway_messages", "Messages stored and acknowledged", registry=REGISTRY)
READINGS = Counter("songhe_gateway_readings", "New rows of readings", registry=REGISTRY)
REPEATS = Counter("songhe_gateway_repeats", "Readings that were stored before", registry=REGISTRY)
FINDINGS = Counter("songhe_gateway_findings", "Findings written", registry=REGISTRY)
LETTERS = Counter(
    "songhe_gateway_dead_letters", "Dead letters by reason", ["reason"], registry=REGISTRY
)
REFUSED = Counter(
    "songhe_gateway_refused_connections",
    "Connections refused or ended by us",
    ["why"],
    registry=REGISTRY,
)
FAULTS = Counter("songhe_gateway_faults", "Errors of our own", ["where"], registry=REGISTRY)
BATCH = Histogram(
    "songhe_gateway_batch_messages",
    "Messages in one transaction",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000),
    registry=REGISTRY,
)
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
COMMIT = Histogram(
    "songhe_gateway_commit_seconds",
    "From the start of a transaction to its commit",
    buckets=_SECONDS,
    registry=REGISTRY,
)
LAG = Histogram(
    "songhe_gateway_lag_seconds",
    "From the receipt of a batch's first message to its commit",
    buckets=_SECONDS,
    registry=REGISTRY,
)
CONNECTIONS = Gauge("songhe_gateway_connections", "Open MQTT connections", registry=REGISTRY)
WAITING = Gauge("songhe_gateway_waiting_messages", "Messages not yet stored", registry=REGISTRY)
DATABASE_UP = Gauge("songhe_gateway_database_up", "1 while storing works", registry=REGISTRY)
DATABASE_UP.set(1)
CAPACITY = Gauge(
    "songhe_gateway_waiting_limit_messages",
    "From so many waiting on, fronts read no more",
    registry=REGISTRY,
)
OLDEST = Gauge(
    "songhe_gateway_oldest_waiting_seconds",
    "Since when the oldest message not yet stored waits",
    registry=REGISTRY,
)


class Queue(Protocol):
    """What is asked of the writer."""

    @property
    def waiting(self) -> int: ...
    @property
    def oldest_waiting_us(self) -> int | None: ...


def note_queue(queue: Queue, limit: int, now_us: int) -> None:
    """Bring up to date what is only known at the moment of reading."""
    WAITING.set(queue.waiting)
    since_us = queue.oldest_waiting_us
    OLDEST.set(0 if since_us is None else max(0.0, (now_us - since_us) / 1_000_000))
    CAPACITY.set(limit)
