"""A clock that is set an hour back or forward under a running gateway."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from songhe.gateway import mqtt
from tests.support.database import copied
from tests.support.drill.clock import Clock, NoCompiler
from tests.support.gateway import GatewayProcess, pressure, until
from tests.support.load import Load
from tests.support.mqtt_client import BareClient

pytestmark = pytest.mark.slow
HOUR_S = 3600.0


@pytest.fixture(scope="module")
def shared_clock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clock]:
    """Return a clock that can be set for the processes of its environment."""
    try:
        made = Clock(tmp_path_factory.mktemp("clock"))
    except NoCompiler as error:
        pytest.skip(str(error))
    with closing(made):
        yield made


@pytest.fixture
def clock(shared_clock: Clock) -> Iterator[Clock]:
    """Return the clock, right before and after."""
    yield shared_clock
    shared_clock.set(0)


@pytest.fixture(scope="module")
def gateway(shared_clock: Clock, postgres_url: str) -> Iterator[GatewayProcess]:
    """Return a gateway under that clock; the database keeps the machine's."""
    with copied(postgres_url) as url:
        process = GatewayProcess(url, **shared_clock.environment)
        try:
            yield process.start()
        finally:
            process.close()


@pytest.mark.parametrize("offset_s", [-HOUR_S, HOUR_S], ids=["back", "forward"])
def test_a_set_clock_stalls_nothing_and_loses_nothing(
    gateway: GatewayProcess, clock: Clock, offset_s: float
) -> None:
    load = Load([gateway.device() for _ in range(4)], gateway.mqtt_port, lambda n: n == 700)
    load.start()
    load.until_more(1000)
    clock.set(offset_s)
    load.until_more(3000)
    clock.set(0)
    load.until_more(1000)
    load.finish()
    for loaded in load.devices:
        stored = [row["at"] for row in gateway.site.readings(loaded.device)]
        assert len(stored) == len(set(stored))
        assert set(stored) == loaded.sent == loaded.acknowledged
        found = gateway.site.rows(
            "SELECT count(*) FROM finding WHERE person = %s AND rule = 'bp-critical'"
            " AND phase = 'raised'",
            loaded.device.person,
        )
        assert found == [(1,)]


def test_a_critical_reading_rings_while_our_clock_is_behind(
    gateway: GatewayProcess, clock: Clock
) -> None:
    """The device is right and we are wrong: its reading looks an hour ahead, and still counts."""
    device = gateway.device()
    client = BareClient(gateway.mqtt_port)
    client.connect(device)
    client.publish(device.topic("readings"), pressure(125), 1)
    assert client.next() == mqtt.Puback(1)
    clock.set(-HOUR_S)
    client.publish(device.topic("readings"), pressure(215), 2)
    assert client.next() == mqtt.Puback(2)
    assert len(gateway.site.readings(device)) == 2
    found = gateway.site.rows(
        "SELECT 1 FROM finding WHERE person = %s AND rule = 'bp-critical'", device.person
    )
    assert len(found) == 1
    client.close()


def test_a_clock_set_forward_makes_no_device_silent(gateway: GatewayProcess, clock: Clock) -> None:
    quiet, speaking = gateway.device(silent_after_s=600), gateway.device(silent_after_s=600)
    gateway.post(quiet, "readings", pressure())
    gateway.post(speaking, "readings", pressure())
    clock.set(HOUR_S)
    gateway.post(speaking, "readings", pressure(seconds_ago=-HOUR_S))
    began = time.monotonic()  # two ticks of the rules and more
    until(
        lambda: (
            gateway.post(speaking, "readings", pressure(seconds_ago=-HOUR_S))
            and time.monotonic() > began + 2.5
        ),
        "time to pass",
    )
    silent = "SELECT device FROM finding WHERE rule = 'device-silent'"
    assert gateway.site.rows(silent) == []
