"""`songhe web`: granian serves the pages and the API over WSGI."""

from __future__ import annotations

import argparse

from granian.constants import Interfaces
from granian.server import Server

from songhe.config.env import env
from songhe.config.supervisor_child import die_with_parent

APPLICATION = "songhe.config.cli.web:load"


def load() -> object:
    """Return the application inside a worker, which must not outlive its master's kill -9."""
    die_with_parent()
    from songhe.config.wsgi import application

    return application


def main(argv: list[str]) -> int:
    """Run `songhe web` until SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="songhe web",
        description="Serve the pages and the API alone; `songhe up` runs this with the rest.",
        epilog="Example: SONGHE_DATABASE_URL=postgresql://… songhe web --workers 4",
    )
    parser.add_argument("--workers", type=int, default=2, help="worker processes (default 2)")
    parser.add_argument("--threads", type=int, default=8, help="threads a worker (default 8)")
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
