"""Steps of a worn sensor: through the writer into the database, once, whatever comes twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest

from songhe.gateway.batch import Inbound
from songhe.gateway.registry import Registry
from songhe.gateway.tests.test_writer import Waiting, running
from songhe.kernel import codes
from songhe.kernel.detectors import Evaluator, RuleBook
from songhe.kernel.ids import uuid7
from songhe.kernel.time import to_us
from songhe.kernel.wire import Binding, DeviceSnapshot
from tests.support.database import copied

BEGIN = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
CHEN = uuid7()
RATE_HZ, STEPS = 50, 60


@pytest.fixture(scope="module")
def database_url(postgres_url: str) -> Iterator[str]:
    """Return the address of a fresh migrated database."""
    with copied(postgres_url) as url:
        yield url


def payloads() -> list[bytes]:
    """Return the messages of a belt: stands 4 s, takes 60 steps of half a second, stands 8 s."""
    time = np.arange((STEPS // 2 + 12) * RATE_HZ) / RATE_HZ
    up = np.full_like(time, 9.81)
    for step in range(STEPS):
        up += 3 * np.exp(-(((time - 4 - step / 2) / 0.07) ** 2))
    cells = np.round(np.stack([0.1 * up, 0 * up, up], axis=1) * 100).astype(int)
    found = []
    for second in range(len(cells) // RATE_HZ):
        part = cells[second * RATE_HZ : (second + 1) * RATE_HZ]
        message = {
            "at": (BEGIN + timedelta(seconds=second)).isoformat(), "seq": second,
            "rate_hz": RATE_HZ, "code": "songhe:acceleration", "unit": "m/s2", "scale": 0.01,
            "leads": [{"lead": f"waist {axis}", "samples": part[:, n].tolist()}
                      for n, axis in enumerate("xyz")],
        }  # fmt: skip
        found.append(json.dumps(message).encode())
    return found


async def told(url: str, registry: Registry, given: list[bytes], *, dup: bool = False) -> None:
    [device] = registry.by_id.values()
    async with running(url, Evaluator(RuleBook())) as writer:
        sender = Waiting(len(given))
        for number, payload in enumerate(given):
            route = registry.route(device, f"songhe/1/{device.key}/waveforms")
            received_us = to_us(BEGIN) + 60_000_000
            inbound = Inbound(sender, b"%04d" % number, route, payload, received_us, dup)
            writer.put(inbound)
        async with asyncio.timeout(30):
            await sender.done.wait()


def stored(url: str) -> list[tuple[list[int], list[float]]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT codes, vals FROM reading_hot WHERE subject = %s ORDER BY effective_at", [CHEN]
        ).fetchall()


async def test_steps_are_stored_with_the_waves_and_are_the_latest_value(database_url: str) -> None:
    bound = Binding(to_us(BEGIN) - 3_600_000_000, None, 1, CHEN, CHEN)
    belt = DeviceSnapshot(
        id=uuid7(), key="belt", active=True, type="motion-unit", secrets=[], bindings=[bound]
    )
    registry, given = Registry(), payloads()
    registry.apply(belt)
    await told(database_url, registry, given)
    number = codes.by_key("steps-felt").number
    found = stored(database_url)
    assert sum(vals[row.index(number)] for row, vals in found) == STEPS
    with psycopg.connect(database_url) as connection:
        [(held,)] = connection.execute("SELECT codes FROM latest WHERE subject = %s", [CHEN])
    assert number in held
    # All of it once more, the careful way and by a gateway that remembers nothing.
    await told(database_url, registry, given, dup=True)
    await told(database_url, registry, given)
    assert stored(database_url) == found
