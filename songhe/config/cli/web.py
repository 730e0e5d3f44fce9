"""`songhe web`: granian serves the pages and the API over WSGI."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from granian.constants import Interfaces
from granian.server import Server

from songhe.config.env import env
from songhe.config.logs import configure
from songhe.config.supervisor_child import die_with_parent
from songhe.kernel.exposition import is_admitted, token_of

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
APPLICATION = "songhe.config.cli.web:load"
OUR_LOG: dict[str, Any] = {"handlers": {}, "loggers": {"_granian": {"propagate": True}}}
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def load() -> Application:
    """Return the application inside a worker, which must not outlive its master's kill -9."""
    die_with_parent()
    configure("web", env())
    from songhe.base.health import web
    from songhe.config.wsgi import application
    from songhe.portals.operations import watch

    web.began(time.time())
    watch.start()
    return with_measures(with_health(application))


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


def with_measures(application: Application) -> Application:
    """Answer /metrics before Django: counts of all workers, for this machine or with the token."""
    from songhe.base.health import web

    token = token_of(env().metrics_token, env().secret())

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != "/metrics":
            return application(environ, start)
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        if not is_admitted(environ.get("REMOTE_ADDR", ""), headers, token):
            start("401 Unauthorized", [("WWW-Authenticate", "Bearer"), ("Content-Length", "0")])
            return [b""]
        start("200 OK", [("Content-Type", CONTENT_TYPE), ("Cache-Control", "no-store")])
        return [web.exposition()]

    return answer


def share_measures(folder: Path) -> None:
    """Let all workers count into one folder; it begins empty, as counters of a new process do."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in folder.glob("*.db"):
        file.unlink()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


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
    os.environ["SONGHE_WALLED"] = "1"  # before anybody reads the settings, here or in a worker
    settings = env()
    configure("web", settings)
    share_measures(settings.state / "run" / f"metrics-web-{settings.port_of('web')}")
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
        log_dictconfig=OUR_LOG,
        ssl_cert=settings.tls_cert,
        ssl_key=settings.tls_key,
    ).serve()
    return 0
