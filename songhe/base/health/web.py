"""What the web process counts. Several workers share one sum through files: the variable
PROMETHEUS_MULTIPROC_DIR names their folder, and must be set before this module is loaded.
"""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

import songhe

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
REGISTRY = CollectorRegistry()
_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)

REQUESTS = Counter(
    "songhe_web_requests",
    "Requests by route name, method and status",
    ["route", "method", "status"],
    registry=REGISTRY,
)
SECONDS = Histogram(
    "songhe_web_request_seconds",
    "From the request to its answer",
    ["route"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
QUERIES = Counter(
    "songhe_web_queries", "Database queries by route name", ["route"], registry=REGISTRY
)
FAULTS = Counter("songhe_web_faults", "Answers of 500", registry=REGISTRY)
RUNNING = Gauge(
    "songhe_web_running_requests",
    "Requests being answered",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
STARTED = Gauge(
    "songhe_web_process_start_time_seconds",
    "When the oldest living worker started, epoch",
    multiprocess_mode="livemin",
    registry=REGISTRY,
)
BUILD = Gauge(
    "songhe_web_build",
    "1, labelled by version",
    ["version"],
    multiprocess_mode="livemax",
    registry=REGISTRY,
)


def began(at: float) -> None:
    """Note that a worker started (epoch seconds), and forget the gauges of dead ones."""
    STARTED.set(at)
    BUILD.labels(songhe.__version__).set(1)
    folder = os.environ.get(FOLDER)
    for file in Path(folder).glob("gauge_live*_*.db") if folder else ():
        pid = file.stem.rpartition("_")[2]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            file.unlink(missing_ok=True)


def exposition() -> bytes:
    """Return the measures of all workers in Prometheus' text format."""
    if FOLDER not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
