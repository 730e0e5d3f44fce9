"""`songhe web`: granian serves the pages and the API over WSGI."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable
from typing import Any

from granian.constants import Interfaces
from granian.server import Server

from songhe.config.env import env
from songhe.config.logs import configure
from songhe.config.supervisor_child import die_with_parent

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
APPLICATION = "songhe.config.cli.web:load"


def load() -> Application:
    """Return the application inside a worker, which must not outlive its master's kill -9."""
    die_with_parent()
    configure(env().log_level)
    from songhe.config.wsgi import application

    return with_health(application)


def with_health(application: Application) -> Application:
    """Answer the supervisor's question before Django: a worker with a free thread is well.

    The database is not asked: a page that waits for it gets better when it is back, and a web
    process that is killed for it does not.
    """

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == "/healthz":
            start("200 OK", [("Content-Type", "text/plain"), ("Cache-Control", "no-store")])
            return [b"well\n"]
        return application(environ, start)

    return answer


def main(argv: list[str]) -> int:
    """Run `songhe web` until SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="songhe web",
        description="Serve the pages and the API alone; `songhe up` runs this with the rest.",
        epilog="Example: SONGHE_DATABASE_URL=postgresql://… songhe web --workers 4",
    )
    parser.add_argument("--workers", type=int, default=2, help="worker processes (default 2)")
    threads = min(8, 2 * (os.cpu_count() or 1))
    parser.add_argument(
        "--threads", type=int, default=threads, help=f"threads a worker (default {threads})"
    )
    arguments = parser.parse_args(argv)
    settings = env()
    Server(
        APPLICATION,
        factory=True,
        address=settings.host,
        port=settings.port_of("web"),
        interface=Interfaces.WSGI,
        workers=arguments.workers,
        blocking_threads=arguments.threads,
        websockets=False,
        respawn_failed_workers=True,
        log_access=False,
        ssl_cert=settings.tls_cert,
        ssl_key=settings.tls_key,
    ).serve()
    return 0
