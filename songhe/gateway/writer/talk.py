"""Several statements said to the server at once: every answer waited for costs a turn of the loop.

A thousand connections make a turn of some milliseconds under load, and a transaction of six
statements took six of them. Said as one message (PostgreSQL's simple query), they are two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from psycopg import errors, generators
from psycopg.abc import PQGen
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from songhe.gateway.database import Connection

# A statement, and the stream of data if it is a COPY FROM STDIN.
Part = tuple[str, bytes | None]
# libpq takes no more at once from who does not wait for it.
CHUNK = 128 * 1024


async def say(connection: Connection, parts: Sequence[Part]) -> None:
    """Run statements in one transaction: the open one, else one of their own.

    Raises the psycopg.Error of the statement that failed; then none of them has happened.
    """
    query = "; ".join(statement for statement, _ in parts).encode()
    streams = iter([data for _, data in parts if data is not None])
    async with connection.lock:
        await connection.wait(_talk(connection.pgconn, query, streams))


def _talk(server: PGconn, query: bytes, streams: Iterator[bytes]) -> PQGen[None]:
    server.send_query(query)
    while _wants_data((yield from generators.execute(server))):
        data = next(streams)
        for start in range(0, len(data), CHUNK):
            yield from generators.copy_to(server, data[start : start + CHUNK])
        while server.put_copy_end() == 0:
            yield from generators.send(server)


def _wants_data(results: Sequence[PGresult]) -> bool:
    """Tell whether the server waits for a COPY's data; raise the error that it told of."""
    for result in results:
        if result.status == ExecStatus.FATAL_ERROR:
            raise errors.error_from_result(result)
    return bool(results) and results[-1].status == ExecStatus.COPY_IN
