"""How an array hangs: known to its detector live, and again after a restart."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import pytest

from songhe.gateway import start
from songhe.gateway.database import connect
from songhe.gateway.registry import Registry
from songhe.gateway.tests.test_signals import BEGIN, CHEN, FINDINGS, _rows, told
from songhe.gateway.tests.test_signals import database_url as database_url
from songhe.gateway.writer.latest import Latest
from songhe.kernel.detectors import Evaluator, RuleBook
from songhe.kernel.ids import uuid7
from songhe.kernel.signals.tests.test_array import wall
from songhe.kernel.time import to_us
from songhe.kernel.wire import Binding, DeviceSnapshot

# The fall is over at second 11: a restart before and after it.
CUTS = (9, 12)


def array_on(key: str, mounting: dict[str, object]) -> DeviceSnapshot:
    bound = Binding(to_us(BEGIN) - 3_600_000_000, None, 2, uuid7(), CHEN)
    return DeviceSnapshot(
        id=uuid7(), key=key, active=True, type="infrared-array", secrets=[], bindings=[bound],
        mounting=mounting,
    )  # fmt: skip


def frames() -> list[bytes]:
    """Return messages of a 4x4 array on a wall before which somebody falls after ten seconds."""
    t = np.arange(0, 16, 0.1)
    middle = np.interp(t, [4, 10, 11, 16], [0.5, 0.5, 0.85, 0.85])
    samples = np.round(wall(np.where(t < 4, np.nan, middle)) * 100).astype(int)
    return [
        json.dumps({
            "at": (BEGIN + timedelta(seconds=second)).isoformat(), "seq": second, "rate_hz": 10,
            "code": "songhe:thermal-array", "unit": "Cel", "scale": 0.01, "frame": [4, 4],
            "samples": samples[second * 10 : second * 10 + 10].reshape(-1).tolist(),
        }).encode()
        for second in range(16)
    ]  # fmt: skip


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(("mount", "rules"), [("ceiling", []), ("wall", ["fall-array"])])
async def test_how_an_array_hangs_holds_live_and_over_a_restart(
    database_url: str, mount: str, rules: list[str], cut: int
) -> None:
    key = f"array-{mount}-{cut}"
    registry, snapshot = Registry(), array_on(key, {"mount": mount})
    registry.apply(snapshot)
    given = frames()
    live = Evaluator(RuleBook())
    live.rules.mount(snapshot)
    await told(database_url, registry, key, given[:cut], live)
    again = Evaluator(RuleBook())
    async with await connect(database_url, "test", autocommit=False) as database:
        now_us = to_us(BEGIN) + 21_000_000
        await start.rebuild(database, again, Latest(), registry, now_us=now_us, hours=1)
    await told(database_url, registry, key, given[cut:], again)
    assert [row[0] for row in _rows(database_url, FINDINGS, snapshot.id)] == rules
