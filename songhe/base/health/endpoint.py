"""/metrics of the jobs process: a small HTTP answerer on the loopback, nothing else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

import songhe
from songhe.base.health.figures import FIGURES, Figures
from songhe.kernel.exposition import is_admitted

HOST = "127.0.0.1"
PATIENCE_S = 5.0
MOST_HEADER_BYTES = 8_192
log = structlog.get_logger(__name__)


class Told(Collector):
    """Tells the figures of the last sample that have a measure of their own."""

    def __init__(self) -> None:
        self.figures: Figures = {}
        self.samples = 0

    def tell(self, figures: Figures) -> None:
        """Tell the figures of a new sample from now on."""
        self.figures = figures
        self.samples += 1

    def collect(self) -> Iterator[Metric]:
        """Return each known figure; what is unknown is absent, never 0."""
        for figure in FIGURES.values():
            value = self.figures.get(figure.key)
            if figure.metric and value is not None:
                yield GaugeMetricFamily(figure.metric, figure.help, value=value)
        yield CounterMetricFamily("songhe_jobs_samples", "Samples taken", value=self.samples)
        build = GaugeMetricFamily("songhe_jobs_build", "1, labelled by version", labels=["version"])
        build.add_metric([songhe.__version__], 1)
        yield build


class Endpoint:
    """The listener; a port that is taken leaves the measures untold and stops nothing."""

    def __init__(self, port: int, token: str) -> None:
        self.told = Told()
        self._port, self._token = port, token
        self._registry = CollectorRegistry()
        self._registry.register(self.told)
        ProcessCollector(namespace="songhe_jobs", registry=self._registry)
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        try:
            self._server = await asyncio.start_server(self._answer, HOST, self._port)
        except OSError as error:
            log.warning("metrics_port_taken", port=self._port, why=error.strerror)

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, EOFError, asyncio.LimitOverrunError):
            async with asyncio.timeout(PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
                peer = (writer.get_extra_info("peername") or ("",))[0]
                writer.write(self._said(head[:MOST_HEADER_BYTES], peer))
                await writer.drain()
        writer.close()

    def _said(self, head: bytes, peer: str) -> bytes:
        first, *lines = head.decode("latin-1").split("\r\n")
        path = [*first.split(" "), ""][1].partition("?")[0]
        headers = {
            name.strip().lower(): value.strip()
            for name, colon, value in (line.partition(":") for line in lines)
            if colon
        }
        if path != "/metrics":
            return _response("404 Not Found", b"")
        if not is_admitted(peer, headers, self._token):
            return _response("401 Unauthorized", b"", "WWW-Authenticate: Bearer\r\n")
        kind = f"Content-Type: {CONTENT_TYPE_LATEST}\r\n"
        return _response("200 OK", generate_latest(self._registry), kind)


def _response(status: str, body: bytes, headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode("latin-1") + body
