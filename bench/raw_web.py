"""`python -m bench.raw_web`: one query a request, no middleware, on the product's own server.

Server, number of workers and threads, database driver, pool and settings are those of `songhe web`;
what is missing is Django's handler, our middleware, sessions, roles, templates. The raw limit.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Any

Start = Callable[[str, list[tuple[str, str]]], Any]


def load() -> Callable[[dict[str, Any], Start], Iterable[bytes]]:
    """Return the application inside a worker."""
    import django

    django.setup()
    from django.db import connection

    from songhe.config.cli.web import with_health

    def answer(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT name FROM people_person WHERE id = %s", [environ["PATH_INFO"][1:]]
            )
            row = cursor.fetchone()
        connection.close()  # to the pool, as after a request of Django's
        body = str(row[0] if row else "").encode()
        headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
        start("200 OK" if row else "404 Not Found", headers)
        return [body]

    return with_health(answer)


def main() -> None:
    """Serve until SIGTERM."""
    from granian.constants import Interfaces
    from granian.server import Server

    from songhe.config.cli.web import OUR_LOG

    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("workers", type=int)
    parser.add_argument("threads", type=int)
    given = parser.parse_args()
    Server(
        "bench.raw_web:load",
        factory=True,
        address="127.0.0.1",
        port=given.port,
        interface=Interfaces.WSGI,
        workers=given.workers,
        blocking_threads=given.threads,
        websockets=False,
        log_access=False,
        log_dictconfig=OUR_LOG,
    ).serve()


if __name__ == "__main__":
    main()
