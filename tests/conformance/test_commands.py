"""Commands down: clean and persistent sessions, resending, acknowledgement, a gateway restart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from songhe.gateway import mqtt
from tests.support.gateway import DeviceLogin, GatewayProcess, Site, stamp, until
from tests.support.mqtt_client import BareClient


@pytest.fixture
def clients(gateway: GatewayProcess) -> Iterator[list[BareClient]]:
    """Collect connections to close in the end."""
    opened: list[BareClient] = []
    yield opened
    for client in opened:
        client.close()


def signed_in(
    gateway: GatewayProcess, clients: list[BareClient], device: DeviceLogin, **more: Any
) -> tuple[BareClient, mqtt.Connack]:
    """Return a new connection and what it was answered."""
    client = BareClient(gateway.mqtt_port)
    clients.append(client)
    return client, client.connect(device, **more)


def subscribed(client: BareClient, device: DeviceLogin, qos: int = 1) -> None:
    """Subscribe to a device's commands."""
    client.send(mqtt.Subscribe(1, ((device.topic("commands"), qos),)))
    assert client.next() == mqtt.Suback(1, (qos,))


def received(client: BareClient) -> tuple[mqtt.Publish, UUID]:
    """Return the next message and the command in it."""
    packet = client.next()
    assert isinstance(packet, mqtt.Publish)
    body = json.loads(packet.payload)
    assert set(body) == {"id", "name", "args", "issued_at", "expires_at"}
    return packet, UUID(body["id"])


def test_a_command_goes_down_and_its_course_is_known(
    gateway: GatewayProcess, site: Site, clients: list[BareClient]
) -> None:
    device = gateway.device()
    client, _ = signed_in(gateway, clients, device)
    subscribed(client, device)
    command = site.command(device)
    packet, got = received(client)
    assert (got, packet.topic, packet.qos, packet.dup) == (
        command,
        device.topic("commands"),
        1,
        False,
    )
    assert site.command_state(command) == "sent"
    client.send(mqtt.Puback(packet.packet_id))
    until(lambda: site.command_state(command) == "delivered", "delivered")
    answer = {"at": stamp(), "command": str(command), "result": "done", "detail": "beeped"}
    client.publish(device.topic("acks"), json.dumps(answer).encode(), 5)
    assert client.next() == mqtt.Puback(5)
    assert site.command_state(command) == "done"


def test_another_device_cannot_answer_a_command(
    gateway: GatewayProcess, site: Site, clients: list[BareClient]
) -> None:
    device, other = gateway.device(), gateway.device()
    client, _ = signed_in(gateway, clients, other)
    command = site.command(device)
    answer = {"at": stamp(), "command": str(command), "result": "done"}
    client.publish(other.topic("acks"), json.dumps(answer).encode(), 5)
    assert client.next() == mqtt.Puback(5)
    assert site.command_state(command) == "queued"


def test_a_persistent_session_gets_what_was_issued_while_it_was_away(
    gateway: GatewayProcess, site: Site, clients: list[BareClient]
) -> None:
    device = gateway.device()
    client, answer = signed_in(gateway, clients, device, clean=False)
    assert answer == mqtt.Connack(0, False)
    subscribed(client, device)
    client.close()
    until(lambda: site.seen(device).get("online") is False, "offline")
    commands = [site.command(device), site.command(device)]
    client, answer = signed_in(gateway, clients, device, clean=False)
    assert answer == mqtt.Connack(0, True)
    assert [received(client)[1], received(client)[1]] == commands


def test_what_was_not_acknowledged_is_sent_again_with_dup_and_the_same_packet_id(
    gateway: GatewayProcess, site: Site, clients: list[BareClient]
) -> None:
    device = gateway.device()
    client, _ = signed_in(gateway, clients, device, clean=False)
    subscribed(client, device)
    site.command(device)
    first, command = received(client)
    client.close()
    client, _ = signed_in(gateway, clients, device, clean=False)
    again, got = received(client)
    assert (got, again.packet_id, again.dup) == (command, first.packet_id, True)
    client.send(mqtt.Puback(again.packet_id))
    until(lambda: site.command_state(command) == "delivered", "delivered")


def test_a_clean_session_gets_only_what_is_issued_while_it_lasts(
    gateway: GatewayProcess, site: Site, clients: list[BareClient]
) -> None:
    device = gateway.device()
    before = site.command(device)
    client, answer = signed_in(gateway, clients, device)
    assert answer == mqtt.Connack(0, False)
    subscribed(client, device)
    during = site.command(device)
    assert received(client)[1] == during
    assert site.command_state(before) == "queued"


def test_a_clean_connect_ends_the_persistent_session(
    gateway: GatewayProcess, site: Site, clients: list[BareClient]
) -> None:
    device = gateway.device()
    client, _ = signed_in(gateway, clients, device, clean=False)
    subscribed(client, device)
    signed_in(gateway, clients, device, clean=True)
    _, answer = signed_in(gateway, clients, device, clean=False)
    assert answer == mqtt.Connack(0, False)


def test_an_expired_command_is_not_sent(
    gateway: GatewayProcess, site: Site, clients: list[BareClient]
) -> None:
    device = gateway.device()
    client, _ = signed_in(gateway, clients, device)
    subscribed(client, device)
    site.command(device, valid_s=-1)
    good = site.command(device)
    assert received(client)[1] == good


def test_qos_0_subscriptions_get_qos_0_commands(
    gateway: GatewayProcess, site: Site, clients: list[BareClient]
) -> None:
    device = gateway.device()
    client, _ = signed_in(gateway, clients, device)
    subscribed(client, device, qos=0)
    site.command(device)
    packet, _ = received(client)
    assert (packet.qos, packet.packet_id) == (0, 0)


def test_a_gateway_device_gets_its_childs_commands(
    gateway: GatewayProcess, site: Site, clients: list[BareClient]
) -> None:
    child = gateway.device()
    hub = gateway.device(children=[child.key])
    client, _ = signed_in(gateway, clients, hub)
    subscribed(client, child)
    command = site.command(child)
    packet, got = received(client)
    assert (packet.topic, got) == (child.topic("commands"), command)


def test_sessions_and_commands_outlive_a_restart(
    gateway: GatewayProcess, site: Site, clients: list[BareClient]
) -> None:
    device = gateway.device()
    client, _ = signed_in(gateway, clients, device, clean=False)
    subscribed(client, device)
    site.command(device)
    first, command = received(client)
    assert gateway.stop() == 0
    while client.next() is not None:
        pass
    later = site.command(device)
    gateway.start()
    client, answer = signed_in(gateway, clients, device, clean=False)
    assert answer == mqtt.Connack(0, True)
    again, got = received(client)
    assert (got, again.packet_id, again.dup) == (command, first.packet_id, True)
    assert received(client)[1] == later
