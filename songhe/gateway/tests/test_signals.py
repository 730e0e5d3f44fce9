"""A fall felt by a worn sensor, through the writer into the database and over a restart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest

from songhe.gateway import start
from songhe.gateway.batch import Inbound
from songhe.gateway.database import connect
from songhe.gateway.registry import Registry
from songhe.gateway.tests.test_writer import Waiting, running
from songhe.gateway.writer.latest import Latest
from songhe.kernel.detectors import Evaluator, RuleBook
from songhe.kernel.ids import uuid7
from songhe.kernel.signals.tests.made import fall
from songhe.kernel.time import to_us
from songhe.kernel.wire import Binding, DeviceSnapshot
from tests.support.database import copied

BEGIN = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
CHEN = uuid7()


@pytest.fixture(scope="module")
def database_url(postgres_url: str) -> Iterator[str]:
    """Return the address of a fresh migrated database."""
    with copied(postgres_url) as url:
        yield url


def payloads() -> list[bytes]:
    """Return the messages of a worn sensor: one second each, as a device writes them."""
    samples = np.round(fall(50.0) * 100).astype(int)
    found = []
    for second in range(len(samples) // 50):
        part = samples[second * 50 : second * 50 + 50]
        leads = [
            {"lead": f"waist {axis}", "samples": part[:, n].tolist()}
            for n, axis in enumerate("xyz")
        ]
        message = {
            "at": (BEGIN + timedelta(seconds=second)).isoformat(), "seq": second, "rate_hz": 50,
            "code": "songhe:acceleration", "unit": "m/s2", "scale": 0.01, "leads": leads,
        }  # fmt: skip
        found.append(json.dumps(message).encode())
    return found


def worn(key: str) -> DeviceSnapshot:
    bound = Binding(to_us(BEGIN) - 3_600_000_000, None, 1, CHEN, CHEN)
    return DeviceSnapshot(
        id=uuid7(), key=key, active=True, type="motion-unit", secrets=[], bindings=[bound]
    )


async def told(url: str, registry: Registry, key: str, given: list[bytes], evaluator) -> None:
    [device] = [one for one in registry.by_id.values() if one.key == key]
    async with running(url, evaluator) as writer:
        sender = Waiting(len(given))
        for number, payload in enumerate(given):
            route = registry.route(device, f"songhe/1/{key}/waveforms")
            received_us = to_us(BEGIN) + 20_000_000
            writer.put(Inbound(sender, b"%04d" % number, route, payload, received_us))
        async with asyncio.timeout(30):
            await sender.done.wait()


FINDINGS = "SELECT rule, id, person, jsonb_array_length(evidence) FROM finding WHERE device = %s"


async def test_a_fall_is_committed_with_the_waves_that_show_it(database_url: str) -> None:
    registry, snapshot = Registry(), worn("belt-1")
    registry.apply(snapshot)
    given = payloads()
    await told(database_url, registry, "belt-1", given, Evaluator(RuleBook()))
    found = _rows(database_url, FINDINGS, snapshot.id)
    assert [(row[0], row[2]) for row in found] == [("fall-worn", CHEN)]
    assert found[0][3] >= 2
    leads = _rows(
        database_url,
        "SELECT w.lead FROM finding f, jsonb_to_recordset(f.evidence) AS e(at_us bigint)"
        " JOIN waveform w ON w.started_at = to_timestamp(e.at_us / 1e6) WHERE f.device = %s"
        " AND w.device = f.device GROUP BY 1 ORDER BY 1",
        snapshot.id,
    )
    assert [lead for (lead,) in leads] == ["waist x", "waist y", "waist z"]
    # The same messages once more find nothing more, and store nothing more.
    count = "SELECT count(*) FROM waveform WHERE device = %s"
    before = _rows(database_url, count, snapshot.id)
    await told(database_url, registry, "belt-1", given, Evaluator(RuleBook()))
    assert _rows(database_url, count, snapshot.id) == before
    assert [row[1] for row in _rows(database_url, FINDINGS, snapshot.id)] == [found[0][1]]


@pytest.mark.parametrize("cut", [5, 6, 7])
async def test_a_restart_between_impact_and_judgement_loses_nothing(
    database_url: str, cut: int
) -> None:
    key = f"belt-cut-{cut}"
    registry, snapshot = Registry(), worn(key)
    registry.apply(snapshot)
    given = payloads()
    await told(database_url, registry, key, given[:cut], Evaluator(RuleBook()))
    again = Evaluator(RuleBook())
    async with await connect(database_url, "test", autocommit=False) as database:
        now_us = to_us(BEGIN) + 21_000_000
        await start.rebuild(database, again, Latest(), registry, now_us=now_us, hours=1)
    await told(database_url, registry, key, given[cut:], again)
    assert [row[0] for row in _rows(database_url, FINDINGS, snapshot.id)] == ["fall-worn"]


async def test_a_device_that_fell_silent_after_a_blow_is_told_by_the_clock(
    database_url: str,
) -> None:
    key = "belt-broken"
    registry, snapshot = Registry(), worn(key)
    registry.apply(snapshot)
    evaluator = Evaluator(RuleBook())
    await told(database_url, registry, key, payloads()[:6], evaluator)
    again = Evaluator(RuleBook())
    async with await connect(database_url, "test", autocommit=False) as database:
        now_us = to_us(BEGIN) + 21_000_000
        await start.rebuild(database, again, Latest(), registry, now_us=now_us, hours=1)
    async with running(database_url, again), asyncio.timeout(30):
        while not (found := _rows(database_url, FINDINGS, snapshot.id)):
            await asyncio.sleep(0.05)
    assert [(row[0], row[2]) for row in found] == [("fall-worn", CHEN)]
    said = "SELECT summary->>'silent_after_s', summary->>'text' FROM finding WHERE device = %s"
    assert _rows(database_url, said, snapshot.id) == [("0.3", "partial")]


def _rows(url: str, statement: str, *arguments: object) -> list[tuple]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement, arguments).fetchall()
