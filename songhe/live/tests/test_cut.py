"""A sign-in that ends, or an account that is closed, loses its streams at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import psycopg
import pytest

from songhe.base.accounts.sessions import id_of_sign_in
from songhe.kernel.ids import uuid7
from songhe.live.tests.reader import Process, event, ticket
from tests.support.database import copied
from tools.pytest_songhe import free_ports

SUN, WANG = uuid7(), uuid7()
ACCOUNT = (
    "INSERT INTO accounts_user (id, login, display_name, password, is_active, created_at)"
    " VALUES (%s, %s, %s, '!', true, now())"
)
SESSION = (
    "INSERT INTO accounts_session (session_key, session_data, expire_date, seen_at, user_id)"
    " VALUES (%s, '', now() + interval '1 day', now(), %s)"
)


@pytest.fixture(scope="module")
def migrated(postgres_url: str) -> Iterator[str]:
    with copied(postgres_url) as url:
        yield url


@pytest.fixture
async def database(migrated: str) -> AsyncIterator[psycopg.AsyncConnection[tuple[object, ...]]]:
    async with await psycopg.AsyncConnection.connect(migrated, autocommit=True) as connection:
        await connection.execute("TRUNCATE accounts_user CASCADE")
        for user, login in ((SUN, "sun"), (WANG, "wang")):
            await connection.execute(ACCOUNT, (user, login, login))
        for key, user in (("sun-phone", SUN), ("sun-desk", SUN), ("wang-desk", WANG)):
            await connection.execute(SESSION, (key, user))
        yield connection


@pytest.fixture
async def live(migrated: str) -> AsyncIterator[Process]:
    process = Process(migrated, free_ports(1))
    try:
        await process.up()
        yield process
    finally:
        process.close()


async def open_streams(live: Process) -> dict[str, object]:
    whose: dict[str, UUID] = {"sun-phone": SUN, "sun-desk": SUN, "wang-desk": WANG}
    return {
        key: await live.stream("region:99", user=user, session=id_of_sign_in(key))
        for key, user in whose.items()
    }


async def ended(stream: object, patience_s: float = 10) -> bool:
    """Tell whether a stream ends: at once, the patience is for slow machines."""
    try:
        return await stream.next(within_s=patience_s) is None  # type: ignore[attr-defined]
    except TimeoutError:
        return False


async def test_one_sign_in_that_ends_takes_its_stream_along(live, database) -> None:  # type: ignore[no-untyped-def]
    streams = await open_streams(live)
    before = ticket("region:99", user=SUN, session=id_of_sign_in("sun-phone"))
    await database.execute("DELETE FROM accounts_session WHERE session_key = 'sun-phone'")
    assert await ended(streams["sun-phone"])
    # the others hear what is told afterwards
    await database.execute("SELECT pg_notify('songhe_live', %s)", [event("region:99")])
    for key in ("sun-desk", "wang-desk"):
        assert (await streams[key].next())[0] == "alarm"
    # and the ticket that it had opens nothing any more
    refused = await live.get(f"/stream?ticket={before}")
    assert refused.status == 403


async def test_an_account_that_is_closed_loses_every_stream(live, database) -> None:  # type: ignore[no-untyped-def]
    streams = await open_streams(live)
    before = ticket("region:99", user=SUN)
    await database.execute(
        "UPDATE accounts_user SET is_active = false, left_at = now() WHERE id = %s", [SUN]
    )
    for key in ("sun-phone", "sun-desk"):
        assert await ended(streams[key])
    assert (await live.get(f"/stream?ticket={before}")).status == 403
    assert not await ended(streams["wang-desk"], 0.5)


async def test_who_left_while_the_database_was_away_is_cut_when_it_is_back(live, database) -> None:  # type: ignore[no-untyped-def]
    streams = await open_streams(live)
    async with database.transaction():
        # the listener loses its connection in the moment in which the sign-in ends
        await database.execute("ALTER TABLE accounts_session DISABLE TRIGGER USER")
        await database.execute("DELETE FROM accounts_session WHERE session_key = 'sun-desk'")
        await database.execute("ALTER TABLE accounts_session ENABLE TRIGGER USER")
    await database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'songhe live' AND datname = current_database()"
    )
    async with asyncio.timeout(10):
        while (heard := await streams["sun-desk"].next()) is not None:
            assert heard[0] == "resync"
    assert (await streams["wang-desk"].next())[0] == "resync"


async def test_who_may_hear_something_else_now_comes_again(live, database) -> None:  # type: ignore[no-untyped-def]
    streams = await open_streams(live)
    await database.execute("SELECT pg_notify('songhe_cut', %s)", [f"again:{SUN}"])
    for key in ("sun-phone", "sun-desk"):
        assert (await streams[key].next())[0] == "again"
        assert await streams[key].next() is None
    assert not await ended(streams["wang-desk"], 0.5)
    back = await live.stream("region:99", user=SUN, session=id_of_sign_in("sun-desk"))
    assert not await ended(back, 0.5)
