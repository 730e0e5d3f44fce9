"""The writer on a real database: one bad message, one failing rule, one silent repeat."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from songhe.gateway.batch import Inbound
from songhe.gateway.registry import Registry
from songhe.gateway.settings import Settings
from songhe.gateway.tests.builders import NOW_US, Sender, snapshot
from songhe.gateway.writer import Writer
from songhe.gateway.writer.latest import Latest
from songhe.gateway.writer.seen import Seen
from songhe.gateway.writer.store import Store, Work
from songhe.kernel.detectors import Evaluator, Plan, RuleBook
from songhe.kernel.time import from_us
from songhe.kernel.wire import Finding, Reading, Wave
from tests.support.database import copied

POISON = 66


class FaultyEvaluator(Evaluator):
    """An evaluator with a rule that fails on one value."""

    def __init__(self) -> None:
        super().__init__(RuleBook())
        self.judged: list[float] = []

    def judge(
        self,
        readings: Iterable[Reading],
        now_us: int,
        after: Plan | None = None,
        waves: Iterable[Wave] = (),
    ) -> Plan:
        values = [reading.values[0] for reading in readings]
        if POISON in values:
            raise ZeroDivisionError
        self.judged += values
        return super().judge(readings, now_us, after, waves)


@pytest.fixture(scope="module")
def database_url(postgres_url: str) -> Iterator[str]:
    """Return the address of a fresh migrated database."""
    with copied(postgres_url) as url:
        yield url


@asynccontextmanager
async def running(
    url: str, evaluator: Evaluator, settings: Settings | None = None
) -> AsyncIterator[Writer]:
    """Run a writer, and let it finish."""
    settings = settings or Settings(database_url=url)
    writer = Writer(settings, evaluator, Latest(), Seen(), lambda: NOW_US)
    task = asyncio.create_task(writer.run())
    yield writer
    writer.stop()
    await task


class Waiting(Sender):
    """A sender that can be waited for."""

    def __init__(self, tokens: int) -> None:
        super().__init__()
        self.done = asyncio.Event()
        self._bytes = 4 * tokens

    def settle(self, tokens: bytes) -> None:
        super().settle(tokens)
        if len(self.settled) >= self._bytes:
            self.done.set()


async def sent(writer: Writer, values: list[float], key: str) -> Waiting:
    """Send one message a value from a new device, and wait until all are settled."""
    registry = Registry()
    one = registry.apply(snapshot(key))
    sender = Waiting(len(values))
    for number, value in enumerate(values):
        payload = (
            b'{"at": "2026-11-21T02:%02d:00Z", "readings": [{"code": "8867-4", "value": %g}]}'
            % (number, value)
        )
        route = registry.route(one, f"songhe/1/{key}/readings")
        writer.put(Inbound(sender, b"ack%d" % number, route, payload, NOW_US))
    async with asyncio.timeout(30):
        await sender.done.wait()
    return sender


def rows(url: str, text: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(text, values).fetchall()


async def test_a_failing_rule_costs_only_the_judgement_of_its_message(database_url: str) -> None:
    evaluator = FaultyEvaluator()
    async with running(database_url, evaluator) as writer:
        sender = await sent(writer, [61, 62, POISON, 63], "faulty")
    assert sender.settled == b"ack0ack1ack2ack3"
    assert sorted(evaluator.judged) == [61, 62, 63]
    stored = rows(
        database_url,
        "SELECT r.vals[1] FROM reading_hot r JOIN latest l ON l.subject = r.subject"
        " AND l.vals[1] = 63 ORDER BY effective_at",
    )
    assert stored == [(61.0,), (62.0,), (66.0,), (63.0,)]


async def test_what_the_database_refuses_becomes_a_dead_letter(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("ALTER TABLE reading_hot ADD CONSTRAINT no_77 CHECK (vals[1] <> 77)")
    async with running(database_url, FaultyEvaluator()) as writer:
        sender = await sent(writer, [71, 77, 73], "refused")
    assert sender.settled == b"ack0ack1ack2"
    letters = rows(database_url, "SELECT reason FROM dead_letter WHERE device_key = 'refused'")
    assert letters == [("bad-value",)]
    stored = rows(database_url, "SELECT vals[1] FROM reading_hot WHERE vals[1] BETWEEN 71 AND 77")
    assert sorted(stored) == [(71.0,), (73.0,)]


async def test_a_repeat_that_nothing_announces_is_found_and_not_judged_again(
    database_url: str,
) -> None:
    evaluator = FaultyEvaluator()
    registry = Registry()
    one = registry.apply(snapshot("repeats"))
    payload = b'{"at": "2026-11-21T02:30:00Z", "readings": [{"code": "8867-4", "value": 81}]}'
    fresh = payload.replace(b"02:30", b"02:29").replace(b"81", b"82")
    route = registry.route(one, "songhe/1/repeats/readings")
    async with running(database_url, evaluator) as writer:
        first, second = Waiting(1), Waiting(2)
        writer.put(Inbound(first, b"ack0", route, payload, NOW_US))
        async with asyncio.timeout(30):
            await first.done.wait()
        # The next batch judges as if all were new, and has to take that back.
        writer.put(Inbound(second, b"ack1", route, payload, NOW_US + 1))
        writer.put(Inbound(second, b"ack2", route, fresh, NOW_US + 1))
        async with asyncio.timeout(30):
            await second.done.wait()
    stored = rows(
        database_url,
        "SELECT vals[1], received_at FROM reading_hot WHERE device = %s ORDER BY effective_at",
        one.id,
    )
    assert [value for value, _ in stored] == [82.0, 81.0]
    assert stored[1][1] < stored[0][1]
    latest = rows(
        database_url, "SELECT vals FROM latest WHERE subject = %s", one.bindings[0].subject
    )
    assert latest == [([81.0],)]


async def test_what_a_device_told_of_itself_is_kept_when_it_is_acknowledged(
    database_url: str,
) -> None:
    """Also while so many rows have changed that the others are left to the follower."""
    registry, sender = Registry(), Waiting(1)
    one = registry.apply(snapshot("tells"))
    route = registry.route(one, "songhe/1/tells/status")
    async with running(database_url, FaultyEvaluator()) as writer:
        await asyncio.sleep(0.05)
        for _ in range(300):
            writer.device_online(uuid4(), True)
        payload = b'{"at": "2026-11-21T02:30:00Z", "firmware": "7.1"}'
        writer.put(Inbound(sender, b"ack0", route, payload, NOW_US))
        async with asyncio.timeout(30):
            await sender.done.wait()
        kept = rows(database_url, "SELECT firmware FROM device_seen WHERE device = %s", one.id)
    assert kept == [("7.1",)]
    assert rows(database_url, "SELECT count(*) FROM device_seen")[0][0] > 300


@pytest.mark.parametrize(("who", "first"), [("writer", 91), ("follower", 101)])
async def test_a_server_that_says_nothing_is_left_for_another_connection(
    database_url: str, who: str, first: int
) -> None:
    settings = Settings(database_url=database_url, gateway_stall_s=1.0)
    async with running(database_url, FaultyEvaluator(), settings) as writer:
        writer.device_online(uuid4(), True)
        await sent(writer, [first], f"before {who}")
        await asyncio.sleep(0.3)  # the follower has told of the device
        [(backend,)] = rows(
            database_url,
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = %s",
            f"songhe gateway {who}",
        )
        os.kill(backend, signal.SIGSTOP)
        try:
            writer.device_online(uuid4(), True)
            await asyncio.sleep(0.3)
            sender = await sent(writer, [first + 1, first + 2], f"during {who}")
        finally:
            os.kill(backend, signal.SIGCONT)
    assert sender.settled == b"ack0ack1"
    stored = rows(
        database_url,
        "SELECT vals[1] FROM reading_hot WHERE vals[1] BETWEEN %s AND %s ORDER BY 1",
        first,
        first + 2,
    )
    assert stored == [(first,), (first + 1,), (first + 2,)]


async def test_a_finding_is_stored_as_it_is_whatever_its_words(database_url: str) -> None:
    """Findings are said as one text: quotes, backslashes and per cent signs stay what they are."""
    words = {"said": "it's 90 % of \\ \"x\"; -- {rows} $1 \u4f60", "n": 0.1, "none": None}
    one = Finding(
        id=uuid4(),
        rule="odd",
        rule_version="1",
        phase="raised",
        level="urgent",
        subject_kind=1,
        subject=uuid4(),
        onset_us=NOW_US - 1,
        decided_us=NOW_US,
        summary=words,
        params={"a'b": [1, 2]},
    )
    store = await Store.open(database_url, "test")
    for _ in range(2):  # one that is there already stays as it is
        await store.write(Work((), findings=[one]))
    await store.close()
    [found] = rows(
        database_url,
        "SELECT onset_at, decided_at, late, person, summary, evidence, params FROM finding"
        " WHERE id = %s",
        one.id,
    )
    assert found == (
        from_us(NOW_US - 1), from_us(NOW_US), False, None, words, [], {"a'b": [1, 2]},
    )  # fmt: skip


class Patient(Evaluator):
    """An evaluator that counts how often time passed."""

    def __init__(self) -> None:
        super().__init__(RuleBook())
        self.ticks = 0

    def tick(self, now_us: int, after: Plan | None = None) -> Plan:
        self.ticks += 1
        return super().tick(now_us, after)


async def test_time_passes_under_steady_load(database_url: str) -> None:
    """Messages always wait: what only time brings about (silence, an open door) is judged too."""
    evaluator, sender, registry = Patient(), Sender(), Registry()
    route = registry.route(registry.apply(snapshot("steady")), "songhe/1/steady/readings")
    loop, number = asyncio.get_running_loop(), 0
    async with running(database_url, evaluator) as writer:
        end_s = loop.time() + 30
        while evaluator.ticks < 2 and loop.time() < end_s:
            for _ in range(5):
                number += 1
                clock = (number // 3600 % 24, number // 60 % 60, number % 60)
                payload = (
                    b'{"at": "2026-11-20T%02d:%02d:%02dZ",'
                    b' "readings": [{"code": "8867-4", "value": %d}]}' % (*clock, 90 + number % 8)
                )
                writer.put(Inbound(sender, b"", route, payload, NOW_US))
            await asyncio.sleep(0.001)
        assert evaluator.ticks >= 2
