"""What the event stream counts, for /metrics: how many listen, how much is handed on or lost."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import songhe
from songhe.live.hub import Hub
from songhe.live.listener import Listener


class Counts(Collector):
    """Reads the hub at the moment it is asked."""

    def __init__(self, hub: Hub, listener: Listener) -> None:
        self._hub = hub
        self._listener = listener

    def collect(self) -> Iterator[Metric]:
        """Return every measure of the stream."""
        hub, listener = self._hub, self._listener
        gauges: tuple[tuple[str, str, float], ...] = (
            ("songhe_live_streams", "Open event streams", len(hub)),
            ("songhe_live_listening", "1 while the database is heard", listener.listening),
        )
        counters: tuple[tuple[str, str, float], ...] = (
            ("songhe_live_events", "Announcements heard of the database", hub.heard),
            ("songhe_live_delivered", "Announcements handed to streams", hub.delivered),
            ("songhe_live_dropped", "Streams ended because they did not read", hub.dropped),
        )
        for name, text, value in gauges:
            yield GaugeMetricFamily(name, text, value=float(value))
        for name, text, value in counters:
            yield CounterMetricFamily(name, text, value=float(value))
        build = GaugeMetricFamily("songhe_live_build", "1, labelled by version", labels=["version"])
        build.add_metric([songhe.__version__], 1)
        yield build


def registry_of(hub: Hub, listener: Listener) -> CollectorRegistry:
    """Return the registry of one event stream process."""
    registry = CollectorRegistry()
    registry.register(Counts(hub, listener))
    ProcessCollector(namespace="songhe_live", registry=registry)
    return registry
