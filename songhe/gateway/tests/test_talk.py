"""One message to a real server: several COPYs and statements, all or none."""

from __future__ import annotations

from collections.abc import AsyncIterator

import psycopg
import pytest

from songhe.gateway.database import Connection, connect
from songhe.gateway.writer.talk import CHUNK, say

IN_A, IN_B = "COPY a FROM STDIN", "COPY b FROM STDIN"


@pytest.fixture
async def connection(postgres_url: str) -> AsyncIterator[Connection]:
    """Return a connection with two empty tables of its own."""
    one = await connect(postgres_url, "test", autocommit=True)
    await one.execute("CREATE TEMP TABLE a (n int PRIMARY KEY, t text)")
    await one.execute("CREATE TEMP TABLE b (n int)")
    yield one
    await one.close()


async def count(connection: Connection) -> tuple[object, ...] | None:
    cursor = await connection.execute("SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b)")
    return await cursor.fetchone()


async def test_streams_go_to_their_copies_in_order(connection: Connection) -> None:
    rows = b"".join(b"%d\t%s\n" % (n, b"x" * 100) for n in range(4 * CHUNK // 100))
    parts = [(IN_A, rows), ("DELETE FROM a WHERE n % 2 = 0", None), (IN_B, b"7\n8\n")]
    await say(connection, parts)
    assert await count(connection) == (2 * CHUNK // 100, 2)
    await say(connection, [("DELETE FROM a", None)])
    assert await count(connection) == (0, 2)


@pytest.mark.parametrize(
    "parts",
    [
        [(IN_A, b"1\tx\n1\tx\n"), (IN_B, b"1\n")],
        [(IN_A, b"1\tx\n"), (IN_B, b"no number\n")],
        [(IN_A, b"1\tx\n"), (IN_B, b"1\n"), ("SELECT 1 / 0", None)],
        [("SELECT 1 / 0", None), (IN_A, b"1\tx\n")],
        [(IN_A, b"1\tx\n"), ("COPY nowhere FROM STDIN", b"1\n")],
    ],
)
async def test_one_that_fails_undoes_all_and_the_connection_lives(
    connection: Connection, parts: list[tuple[str, bytes | None]]
) -> None:
    with pytest.raises(psycopg.Error):
        await say(connection, parts)
    assert await count(connection) == (0, 0)
    await say(connection, [(IN_A, b"1\tx\n"), (IN_B, b"1\n")])
    assert await count(connection) == (1, 1)


async def test_within_an_open_transaction_it_is_part_of_it(connection: Connection) -> None:
    await connection.execute("BEGIN")
    await say(connection, [(IN_A, b"1\tx\n"), (IN_B, b"1\n")])
    assert await count(connection) == (1, 1)
    await connection.execute("ROLLBACK")
    assert await count(connection) == (0, 0)


async def test_the_error_says_what_it_was(connection: Connection) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        await say(connection, [(IN_A, b"1\tx\n1\tx\n")])
