"""What the gateway counts and measures, for /metrics. Values of readings are never among it."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

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
