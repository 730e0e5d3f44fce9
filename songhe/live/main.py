"""`songhe live`: the process of the event stream, until SIGTERM."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import structlog
import uvicorn

from songhe.kernel import logs
from songhe.kernel.http_limits import LimitedHttp
from songhe.live.app import Live
from songhe.live.settings import Settings

log = structlog.get_logger("songhe.live")
STOPS = (signal.SIGTERM, signal.SIGINT)
GRACE_S = 2
UNREAD_MS = 30_000


class LiveServer(uvicorn.Server):
    """Uvicorn waits for open answers when it stops; the streams are ended first, so none is."""

    def __init__(self, config: uvicorn.Config, live: Live) -> None:
        super().__init__(config)
        self._live = live

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGTERM and SIGINT, and end with code 0 rather than by the signal."""

        def stop(_number: int, _frame: FrameType | None) -> None:
            self.should_exit = True

        before = {number: signal.signal(number, stop) for number in STOPS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then the server."""
        self._live.hub.stop()
        await super().shutdown(sockets)


def main() -> int:
    """Serve the event stream until SIGTERM or SIGINT; return the exit code."""
    settings = Settings()
    logs.configure(
        "live",
        level=settings.log_level,
        readable=settings.is_log_readable,
        quiet={"uvicorn": "WARNING", "asyncio": "WARNING"},
    )
    live = Live(settings)
    config = uvicorn.Config(
        live,
        host=settings.host,
        port=settings.own_port,
        loop="uvloop",
        http=LimitedHttp,
        ws="none",
        lifespan="on",
        access_log=False,  # the address carries the ticket
        server_header=False,
        log_config=None,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )
    listening = config.bind_socket()
    # Accepted sockets inherit this: a peer that never reads is let go by the kernel.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
    server = LiveServer(config, live)
    log.info("ready", port=settings.own_port, tls=bool(settings.tls_cert))
    server.run(sockets=[listening])
    log.info("stopped")
    return 0 if server.started else 1


if __name__ == "__main__":
    raise SystemExit(main())
