"""Hostile clients: each is shown out or slowed, nobody else notices, and memory stays bounded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from songhe.gateway import mqtt
from tests.support.database import copied
from tests.support.drill import hostile
from tests.support.drill.hostile import Attack
from tests.support.gateway import GatewayProcess, pressure, until
from tests.support.mqtt_client import BareClient

pytestmark = pytest.mark.slow
GROWTH_MB = 60


@pytest.fixture(scope="module")
def gateway(postgres_url: str) -> Iterator[GatewayProcess]:
    """Return a gateway that waits less long than usual."""
    with copied(postgres_url) as url:
        process = GatewayProcess(url, SONGHE_GATEWAY_CONNECT_S="2", SONGHE_GATEWAY_PACKET_S="2")
        try:
            yield process.start()
        finally:
            process.close()


@pytest.fixture
def attack(gateway: GatewayProcess) -> Attack:
    """Return an attack by a device of its own."""
    device = gateway.device(bound=False)
    return Attack(gateway.mqtt_port, gateway.http_port, device.key, device.secret, connect_s=2)


def memory_mb(gateway: GatewayProcess) -> float:
    return psutil.Process(gateway.pid).memory_info().rss / 1e6


def assert_well(gateway: GatewayProcess) -> None:
    """A good device signs in, and its message is acknowledged and stored."""
    device = gateway.device()
    client = BareClient(gateway.mqtt_port)
    assert client.connect(device).code == 0
    client.publish(device.topic("readings"), pressure())
    assert client.next() == mqtt.Puback(1)
    assert len(gateway.site.readings(device)) == 1
    client.close()
    assert gateway.measure('songhe_gateway_faults_total{where="http"}') == 0


@pytest.mark.parametrize("way", hostile.QUICK, ids=lambda way: way.__name__)
def test_nobody_else_notices(
    gateway: GatewayProcess, attack: Attack, way: Callable[[Attack], list[str]]
) -> None:
    before = memory_mb(gateway)
    assert way(attack) == []
    assert_well(gateway)
    assert memory_mb(gateway) < before + GROWTH_MB


def test_what_is_slow_or_half_open_is_shown_out_and_keeps_nobody_out(
    gateway: GatewayProcess, attack: Attack
) -> None:
    with ThreadPoolExecutor() as pool:
        lines = pool.submit(hostile.slow_and_half_open, attack)
        heads = pool.submit(hostile.slow_heads, attack)
        body = pool.submit(hostile.slow_body, attack)
        assert_well(gateway)
        assert lines.result() + heads.result() + body.result() == []
    assert_well(gateway)


def test_a_device_that_vanished_is_noticed_by_its_keep_alive(gateway: GatewayProcess) -> None:
    device = gateway.device()
    client = BareClient(gateway.mqtt_port)
    assert client.connect(device, keep_alive_s=1).code == 0
    until(lambda: gateway.site.seen(device).get("online"), "the device to be online")
    if not hostile.vanish(client.socket):
        pytest.skip("only the administrator may close a connection without a word")
    until(lambda: not gateway.site.seen(device)["online"], "the device to be missed", 15)


def test_a_thousand_lines_that_vanish_leave_room(gateway: GatewayProcess) -> None:
    # A device that spent too much is not read, and so not missed, until its debt is over.
    before, began = gateway.measure("songhe_gateway_connections"), time.monotonic()
    for _ in range(1000):
        client = BareClient(gateway.mqtt_port)
        client.send_bytes(b"\xf0\x00")
        hostile.reset(client.socket)
    assert_well(gateway)
    assert time.monotonic() - began < 60
    assert gateway.log().count("connection ended") < 600, "a line for each of a flood"
    until(lambda: gateway.measure("songhe_gateway_connections") <= before, "the lines to be gone")
