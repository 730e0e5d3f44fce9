"""The gateway process: what it is made of, in which order it starts and stops."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import socket
import time
from collections.abc import Iterator

import structlog
import uvicorn
import uvloop

from songhe.gateway import feed, start
from songhe.gateway.commands import Commands
from songhe.gateway.database import Connection, connect, is_passing
from songhe.gateway.feed import Feed
from songhe.gateway.front.http import HttpFront
from songhe.gateway.front.listener import Listener
from songhe.gateway.registry import Registry
from songhe.gateway.settings import Settings
from songhe.gateway.writer import Writer
from songhe.gateway.writer.latest import Latest
from songhe.gateway.writer.seen import Seen
from songhe.kernel import logs
from songhe.kernel.collector import leave_loaded_alone
from songhe.kernel.detectors import Evaluator, RuleBook
from songhe.kernel.http_limits import LimitedHttp

log = structlog.get_logger("songhe.gateway")

DRAIN_S = 3.0
CONNECT_RETRY_S = 0.5
UNREAD_MS = 30_000


def now_us() -> int:
    """Return the present instant: the one place where this process reads the wall clock."""
    return time.time_ns() // 1000


class HttpServer(uvicorn.Server):
    """uvicorn inside our loop: signals are ours to handle."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


class Gateway:
    """All parts of the process, wired together."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.registry = Registry()
        self.latest = Latest()
        self.seen = Seen()
        self.stopping = asyncio.Event()
        self.is_serving = False

    async def run(self) -> None:
        """Start, serve until told to stop, stop cleanly."""
        settings, url = self.settings, self.settings.database_url
        async with await self._database(url) as database:
            evaluator, scopes = await self._remember(database)
        writer = Writer(settings, evaluator, self.latest, self.seen, now_us)
        commands = Commands(url, self.registry, now_us)
        listener = Listener(settings, self.registry, writer, commands, now_us)
        writer.on_outage = lambda: listener.close_all("unavailable")
        news = Feed(url, self.registry, evaluator, writer, commands, listener)
        http = self._http_server(listener)
        listening = http.config.bind_socket()
        # Accepted sockets inherit this: a peer that never reads is let go by the kernel.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
        await commands.start()
        writing = asyncio.create_task(writer.run())
        await news.start(scopes)
        await listener.start(settings.tls())
        serving = asyncio.create_task(http.serve([listening]))
        log.info(
            "ready", mqtt=settings.device_port, http=settings.http_port, tls=bool(settings.tls_cert)
        )
        self.is_serving = True
        told = asyncio.create_task(self.stopping.wait())
        await asyncio.wait({told, writing, serving}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        await listener.stop()
        await news.stop()
        writer.stop()
        done, _ = await asyncio.wait({writing}, timeout=DRAIN_S)
        listener.close_all("stopping")
        http.should_exit = True
        await asyncio.wait({serving}, timeout=1.0)
        await commands.stop()
        if not done:
            writing.cancel()
            log.warning("stopped with messages unacknowledged")
        for task in (writing, serving):
            if task.done() and not task.cancelled() and task.exception() is not None:
                raise task.exception()  # type: ignore[misc]
        log.info("stopped")

    async def _database(self, url: str) -> Connection:
        """Return a connection, waiting for a database that is still starting."""
        said = False
        while True:
            try:
                database = await connect(url, "start")
                await database.execute("SELECT 1 FROM reading_hot, gateway_device LIMIT 0")
            except Exception as error:
                if not is_passing(error):
                    raise
                if not said:
                    log.warning("waiting for the database", error=type(error).__name__)
                    said = True
                await asyncio.sleep(CONNECT_RETRY_S)
            else:
                return database

    async def _remember(self, database: Connection) -> tuple[Evaluator, set[str]]:
        """Load snapshots and rebuild the rules' states from what is stored."""
        self.registry.load(await feed.load_devices(database))
        scopes = await feed.load_scopes(database)
        evaluator = Evaluator(RuleBook(scopes))
        await start.load_latest(database, self.latest)
        await start.load_seen(database, self.seen, self.registry)
        began_us = now_us()
        start.note_absence(evaluator, self.registry, self.seen, began_us)
        count = await start.rebuild(
            database,
            evaluator,
            self.latest,
            self.registry,
            now_us=began_us,
            hours=self.settings.gateway_rebuild_hours,
        )
        start.watch(evaluator, self.registry, self.seen)
        leave_loaded_alone()
        log.info("rebuilt", readings=count, devices=len(self.registry.by_id))
        return evaluator, {scope.scope for scope in scopes}

    def _http_server(self, listener: Listener) -> HttpServer:
        settings = self.settings
        return HttpServer(
            uvicorn.Config(
                HttpFront(listener),
                host=settings.host,
                port=settings.http_port,
                http=LimitedHttp,
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                ssl_certfile=settings.tls_cert,
                ssl_keyfile=settings.tls_key,
            )
        )


def raise_file_limit() -> None:
    """Allow as many open files, that is connections, as the system lets us."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def serve(settings: Settings) -> None:
    """Run a gateway until SIGTERM or SIGINT."""
    gateway = Gateway(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, gateway.stopping.set)
    running = asyncio.create_task(gateway.run())
    told = asyncio.create_task(gateway.stopping.wait())
    await asyncio.wait({running, told}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if not gateway.is_serving and not running.done():
        running.cancel()  # told during the start: there is nothing to drain
    await asyncio.wait({running}, timeout=DRAIN_S + 1.5)
    if not running.done():
        running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


def main() -> None:
    """Run the gateway process."""
    settings = Settings()
    logs.configure(
        "gateway",
        level=settings.log_level,
        readable=settings.is_log_readable,
        quiet={"uvicorn": "WARNING", "asyncio": "WARNING"},
    )
    raise_file_limit()
    if not settings.database_url:
        log.error("SONGHE_DATABASE_URL is not set")
        raise SystemExit(2)
    uvloop.run(serve(settings))


if __name__ == "__main__":
    main()
