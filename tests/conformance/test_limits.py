"""What one device, or one stranger, can do to the others: little."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from songhe.gateway import mqtt
from tests.support.gateway import GatewayProcess, Site, pressure, until
from tests.support.mqtt_client import BareClient


@pytest.fixture(scope="module")
def gateway(gateway_database_url: str) -> Iterator[GatewayProcess]:
    """Return a gateway with narrow limits."""
    process = GatewayProcess(
        gateway_database_url,
        SONGHE_GATEWAY_RATE_PER_S="20",
        SONGHE_GATEWAY_RATE_BURST="40",
        SONGHE_GATEWAY_CONNECT_S="1",
        SONGHE_GATEWAY_PACKET_S="1",
        SONGHE_GATEWAY_UNKNOWN_PER_ADDRESS="5",
        SONGHE_GATEWAY_LETTERS_PER_MINUTE="60",
    )
    try:
        yield process.start()
    finally:
        process.close()


def test_a_device_that_sends_too_fast_is_slowed_and_loses_nothing(
    gateway: GatewayProcess, site: Site
) -> None:
    device = gateway.device()
    client = BareClient(gateway.mqtt_port)
    client.connect(device)
    topic = device.topic("readings")
    # The second part is written once the first has put the device into debt.
    client.send(*(mqtt.Publish(topic, pressure(seconds_ago=n), 1, n) for n in range(1, 51)))
    assert [client.next() for _ in range(50)] == [mqtt.Puback(n) for n in range(1, 51)]
    client.send(*(mqtt.Publish(topic, pressure(seconds_ago=n), 1, n) for n in range(51, 61)))
    status, answer = gateway.post(device, "readings", pressure())
    assert (status, answer["code"]) == (429, "rate-limited")
    assert [client.next() for _ in range(10)] == [mqtt.Puback(n) for n in range(51, 61)]
    assert len(site.readings(device)) == 60
    client.close()


def test_a_flood_of_unusable_messages_ends_and_leaves_a_bounded_trace(
    gateway: GatewayProcess, site: Site
) -> None:
    device = gateway.device()
    client = BareClient(gateway.mqtt_port)
    client.connect(device)
    array = b"[" + b",".join([b'{"bad": 1}'] * 500) + b"]"
    client.publish(device.topic("readings"), array, 1)
    client.publish(device.topic("readings"), array, 2)
    assert client.next() == mqtt.Puback(1)
    assert client.next() is None
    until(lambda: site.letters(device)[-1]["reason"] == "rate-limited", "the last letter")
    reasons = [letter["reason"] for letter in site.letters(device)]
    assert reasons.count("rate-limited") == 1
    assert 500 <= len(reasons) <= 620


def test_who_says_nothing_is_shown_out(gateway: GatewayProcess) -> None:
    client = BareClient(gateway.mqtt_port)
    client.send_bytes(b"\x10")
    assert client.next() is None


def test_a_packet_that_trickles_in_ends_the_connection(gateway: GatewayProcess) -> None:
    client = BareClient(gateway.mqtt_port)
    client.connect(gateway.device())
    client.send_bytes(b"\x32\x50\x00")
    assert client.next() is None


def test_strangers_of_one_address_are_few_and_devices_are_not_counted(
    gateway: GatewayProcess,
) -> None:
    known = [BareClient(gateway.mqtt_port) for _ in range(3)]
    for client in known:
        client.connect(gateway.device())
    strangers = [socket.create_connection(("127.0.0.1", gateway.mqtt_port)) for _ in range(5)]
    one_more = BareClient(gateway.mqtt_port)
    assert one_more.next() is None
    for client in known:
        client.send(mqtt.Pingreq())
        assert client.next() == mqtt.Pingresp()
    for stranger in strangers:
        stranger.close()
