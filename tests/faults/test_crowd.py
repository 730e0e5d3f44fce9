"""Five thousand devices that lose the gateway and all come back at once."""

from __future__ import annotations

import asyncio
from contextlib import closing

import psutil
import pytest
import uvloop

from tests.support.database import copied
from tests.support.drill.crowd import Crowd, raise_file_limit
from tests.support.gateway import DeviceLogin, GatewayProcess

pytestmark = pytest.mark.slow
DEVICES = 5000
PATIENCE_S = 90
MEMORY_MB = 400


def test_five_thousand_come_back_at_once(postgres_url: str) -> None:
    if not raise_file_limit(2 * DEVICES):
        pytest.skip(f"the system allows fewer than {2 * DEVICES} open files")
    with copied(postgres_url) as url, closing(GatewayProcess(url)) as gateway:
        devices = gateway.site.devices(DEVICES)
        gateway.start()
        uvloop.run(come_back(gateway, devices))
        found = gateway.site.rows(
            "SELECT count(*), count(DISTINCT (device, effective_at)), count(DISTINCT device)"
            " FROM reading_hot"
        )
        assert found == [(2 * DEVICES, 2 * DEVICES, DEVICES)]
        assert psutil.Process(gateway.pid).memory_info().rss < MEMORY_MB * 1e6


async def come_back(gateway: GatewayProcess, devices: list[DeviceLogin]) -> None:
    """Connect everybody, kill the gateway, and wait until everybody is there again."""
    crowd = Crowd(devices, gateway.mqtt_port)
    crowd.begin()
    try:
        await crowd.gather(PATIENCE_S)
        crowd.new_round()
        await asyncio.to_thread(gateway.kill)
        await asyncio.to_thread(gateway.start)
        await crowd.gather(PATIENCE_S)
    finally:
        crowd.close()
