"""The event stream as a real process: admission, topics, heart-beats, loss and stopping."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from songhe.kernel.ids import uuid7
from songhe.kernel.wire import LiveTicket
from songhe.live.hub import COMMIT_S, Hub, matches
from songhe.live.listener import Listener
from songhe.live.tests.reader import USER, Process, event, ticket
from tests.support.database import copied
from tools.pytest_songhe import free_ports


async def tell(url: str, payload: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("SELECT pg_notify('songhe_live', %s)", [payload])


@pytest.fixture
async def live(postgres_url: str) -> AsyncIterator[Process]:
    process = Process(postgres_url, free_ports(1))
    try:
        await process.up()
        yield process
    finally:
        process.close()


@pytest.mark.parametrize(
    ("allowed", "topics", "hears"),
    [
        (["region:990121"], ["region:990121001002"], True),
        (["region:"], ["region:990121001002"], True),
        (["region:990121001"], ["region:990121002001"], False),
        (["region:990121001002"], ["region:990121"], False),
        (["person:a"], ["region:99", "person:a"], True),
        (["person:a"], ["person:ab"], False),
        (["alarm:1"], ["alarm:2", "org:3"], False),
        ([], ["region:99"], False),
        (["region:99"], [], False),
    ],
)
def test_topics(allowed: list[str], topics: list[str], hears: bool) -> None:
    assert matches(allowed, topics) is hears


@pytest.mark.parametrize(
    "given",
    [
        "",
        "nonsense",
        ticket("region:", secret="another secret"),
        ticket("region:", seconds=-1),
        ticket("region:")[:-2] + "xx",
    ],
)
async def test_refuses_a_bad_ticket(live: Process, given: str) -> None:
    answer = await live.get(f"/stream?ticket={given}")
    assert answer.status == 403
    assert b'"streams":0' in await live.health()


async def test_admits_other_origins_of_the_same_host_only(live: Process) -> None:
    good = await live.get(f"/stream?ticket={ticket('region:')}", Origin="https://localhost:8443")
    assert good.status == 200
    assert good.headers["access-control-allow-origin"] == "https://localhost:8443"
    assert good.headers["content-type"].startswith("text/event-stream")
    for origin in ("http://evil.example", "null", "http://localhost.evil.example:1"):
        bad = await live.get(f"/stream?ticket={ticket('region:')}", Origin=origin)
        assert bad.status == 403
        assert "access-control-allow-origin" not in bad.headers


async def test_other_addresses_and_methods(live: Process) -> None:
    assert (await live.get("/other")).status == 404
    put = await live.get(f"/stream?ticket={ticket('region:')}", method="PUT")
    assert put.status == 405
    assert (await live.get("/healthz", method="POST")).status == 405


async def test_a_ticket_longer_than_an_address_comes_in_the_body(
    live: Process, postgres_url: str
) -> None:
    """A doctor's 1,800 contracts make a ticket of more than 100 kB."""
    persons = [f"person:{uuid7()}" for _ in range(3000)]
    long = ticket(*persons)
    assert len(long) > 2 * 64 * 1024
    answer = await live.get("/stream", method="POST", body=long)
    assert answer.status == 200
    hello = await answer.next()
    assert hello is not None
    assert hello[0] == "hello"
    await tell(postgres_url, event(persons[2999]))
    heard = await answer.next()
    assert heard is not None
    assert heard[0] == "alarm"
    for wrong in (long[:-2] + "xx", "x" * (2**20 + 10)):
        assert (await live.get("/stream", method="POST", body=wrong)).status == 403


async def test_hears_its_own_topics_and_no_others(live: Process, postgres_url: str) -> None:
    town = await live.stream("region:990121001", "user:u1")
    other = await live.stream("region:990121002")
    inside, outside = event("region:990121001004", "alarm:9"), event("region:990121002004")
    await tell(postgres_url, outside)
    await tell(postgres_url, "not json")
    await tell(postgres_url, event("region:990121001", kind="bad\nkind"))
    await tell(postgres_url, inside)
    heard, elsewhere = await town.next(), await other.next()
    assert heard is not None
    assert elsewhere is not None
    assert heard[0] == "alarm"
    assert heard[1]["id"] in inside
    assert set(heard[1]) == {"kind", "id", "at"}
    assert elsewhere[1]["id"] in outside
    assert town.events == []


async def test_beats(live: Process) -> None:
    stream = await live.stream("region:")
    await stream.beat()
    await stream.beat()


async def test_comes_back_after_the_database_was_away(live: Process, postgres_url: str) -> None:
    stream = await live.stream("region:")
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        ended = await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'songhe live'"
        )
        assert await ended.fetchall()
    again = await stream.next()
    assert again is not None
    assert again[0] == "resync"
    await tell(postgres_url, event("region:99"))
    heard = await stream.next()
    assert heard is not None
    assert heard[0] == "alarm"


async def test_who_came_before_it_listened_hears_that_something_may_be_missed(
    postgres_url: str,
) -> None:
    hub = Hub(queue_events=8, streams=8)
    early = hub.join(LiveTicket(USER, ["region:"], 0))
    listening = asyncio.create_task(Listener(postgres_url, hub).run())
    try:
        piece = await early.next(20)
        assert piece is not None
        assert piece.startswith(b"event: resync\n")
        late = hub.join(LiveTicket(USER, ["region:"], 0))
        assert await late.next(0.05) is None
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def test_stops_at_once_with_open_streams(live: Process) -> None:
    streams = [await live.stream("region:") for _ in range(20)]
    began = time.monotonic()
    code = await asyncio.to_thread(live.stop)
    assert code == 0
    assert time.monotonic() - began < 5  # the supervisor's patience, not a speed
    for stream in streams:
        assert await stream.next() is None


async def test_lets_a_reader_go_that_does_not_read(postgres_url: str) -> None:
    process = Process(
        postgres_url, free_ports(1), SONGHE_LIVE_SEND_S="0.5", SONGHE_LIVE_QUEUE_EVENTS="5"
    )
    try:
        await process.up()
        slow = await process.stream("region:99")
        reading = await process.stream("region:98")
        slow.writer.transport.pause_reading()  # type: ignore[attr-defined]
        long = event("region:99", kind="x" * 4000)
        async with asyncio.timeout(60):
            async with await psycopg.AsyncConnection.connect(
                postgres_url, autocommit=True
            ) as connection:
                while True:
                    for _ in range(200):
                        await connection.execute("SELECT pg_notify('songhe_live', %s)", [long])
                    if b'"streams":1,' in await process.health():
                        break
        await tell(postgres_url, event("region:98"))
        assert (await reading.next()) is not None
    finally:
        process.close()


async def test_a_long_stream_must_come_again(postgres_url: str) -> None:
    process = Process(postgres_url, free_ports(1), SONGHE_LIVE_LONGEST_S="0.5")
    try:
        await process.up()
        stream = await process.stream("region:")
        again = await stream.next()
        assert again is not None
        assert again[0] == "again"
        assert await stream.next() is None
    finally:
        process.close()


async def test_without_a_secret_it_does_not_start(postgres_url: str) -> None:
    process = Process(postgres_url, free_ports(1), SONGHE_SECRET_KEY="", SONGHE_STATE=os.devnull)
    assert await asyncio.to_thread(process.child.wait, 15) == 1


WRITE = (
    "INSERT INTO latest (subject, subject_kind, codes, times, vals, devices, updated_at)"
    " VALUES (%s, 1, '{}', '{}', '{}', '{}', clock_timestamp())"
    " ON CONFLICT (subject) DO UPDATE SET updated_at = clock_timestamp()"
)


@pytest.fixture
def migrated(postgres_url: str) -> Iterator[str]:
    with copied(postgres_url) as url:
        yield url


async def test_a_watched_person_is_announced_when_a_value_comes(migrated: str) -> None:
    watched, other = uuid7(), uuid7()
    process = Process(migrated, free_ports(1))
    try:
        await process.up()
        looking = await process.stream(f"watch:{watched}")
        elsewhere = await process.stream(f"watch:{other}")
        async with await psycopg.AsyncConnection.connect(migrated, autocommit=True) as database:
            for subject, stream in ((watched, looking), (other, elsewhere)):
                await database.execute(WRITE, (subject,))
                heard = await stream.next()
                assert heard is not None
                assert (heard[0], heard[1]["id"]) == ("reading", str(subject))
        assert {kind for kind, _ in looking.events} <= {"reading"}
    finally:
        process.close()


async def test_a_value_between_the_page_and_its_stream_is_announced(migrated: str) -> None:
    """The page was drawn, the value came, then the stream opened; nobody else watched."""
    person = uuid7()
    process = Process(migrated, free_ports(1))
    try:
        await process.up()
        await asyncio.sleep(COMMIT_S)
        drawn_at = time.time()
        async with await psycopg.AsyncConnection.connect(migrated, autocommit=True) as database:
            await database.execute(WRITE, (person,))
        stream = await process.stream(f"watch:{person}", since=drawn_at)
        heard = await stream.next()
        assert heard is not None
        assert (heard[0], heard[1]["id"]) == ("reading", str(person))
    finally:
        process.close()


async def test_an_event_between_the_page_and_its_stream_is_heard(live: Process) -> None:
    await asyncio.sleep(COMMIT_S)
    drawn_at = time.time()
    other = await live.stream("region:99")
    async with await psycopg.AsyncConnection.connect(live.url, autocommit=True) as connection:
        await connection.execute("SELECT pg_notify('songhe_live', %s)", [event("region:990121")])
    assert (await other.next() or [""])[0] == "alarm"
    late = await live.stream("region:990121", since=drawn_at)
    assert (await late.next() or [""])[0] == "alarm"
    elsewhere = await live.stream("region:98", since=drawn_at)
    with pytest.raises(TimeoutError):
        await elsewhere.next(within_s=0.5)


async def test_a_page_older_than_what_is_kept_asks_anew(live: Process) -> None:
    stream = await live.stream("region:990121", since=time.time() - 600)
    assert (await stream.next() or [""])[0] == "resync"
