"""Devices written with other people's Python clients: paho-mqtt and aiomqtt."""

from __future__ import annotations

import asyncio
import json
import queue
from collections.abc import Iterator
from typing import Any

import aiomqtt
import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.gateway import (
    PATIENCE_S,
    DeviceLogin,
    GatewayProcess,
    Site,
    pressure,
    stamp,
    until,
)


class PahoDevice:
    """A paho client whose callbacks land in a queue."""

    def __init__(self, port: int, device: DeviceLogin, **more: Any) -> None:
        self.events: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, "paho", protocol=4, **more)
        self.client.username_pw_set(device.key, device.secret)
        self.client.on_connect = lambda c, u, flags, reason, p: self.events.put(
            ("connect", (flags.session_present, reason.value))
        )
        self.client.on_publish = lambda c, u, mid, reason, p: self.events.put(("publish", mid))
        self.client.on_message = lambda c, u, message: self.events.put(("message", message))
        self.client.on_subscribe = lambda c, u, mid, reasons, p: self.events.put(
            ("subscribe", [reason.value for reason in reasons])
        )
        self.client.on_disconnect = lambda c, u, flags, reason, p: self.events.put(
            ("disconnect", flags.is_disconnect_packet_from_server)
        )
        self._port = port

    def start(self) -> None:
        self.client.connect("127.0.0.1", self._port, keepalive=20)
        self.client.loop_start()

    def next(self, kind: str) -> Any:
        """Return what the next event of a kind brought."""
        while True:
            name, value = self.events.get(timeout=PATIENCE_S)
            if name == kind:
                return value

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def device(gateway: GatewayProcess) -> DeviceLogin:
    return gateway.device()


@pytest.fixture
def client(gateway: GatewayProcess, device: DeviceLogin) -> Iterator[PahoDevice]:
    """Return a paho device that is not connected yet."""
    made = PahoDevice(gateway.mqtt_port, device)
    yield made
    made.close()


def test_paho_publishes_and_each_callback_means_a_stored_reading(
    site: Site, device: DeviceLogin, client: PahoDevice
) -> None:
    client.start()
    assert client.next("connect") == (False, 0)
    for number in range(50):
        client.client.publish(device.topic("readings"), pressure(seconds_ago=number), qos=1)
    for _ in range(50):
        client.next("publish")
    assert len(site.readings(device)) == 50


def test_paho_with_a_wrong_password_hears_not_authorised(
    device: DeviceLogin, client: PahoDevice
) -> None:
    client.client.username_pw_set(device.key, "wrong")
    client.start()
    # paho turns 3.1.1's return code 5 into version 5's "Not authorized".
    assert client.next("connect") == (False, 135)


def test_paho_hears_a_command_and_answers_it(
    site: Site, device: DeviceLogin, client: PahoDevice
) -> None:
    client.start()
    client.next("connect")
    client.client.subscribe([(device.topic("commands"), 1), ("songhe/1/other/commands", 1)])
    assert client.next("subscribe") == [1, 128]
    command = site.command(device)
    message = client.next("message")
    assert (message.topic, message.retain) == (device.topic("commands"), False)
    until(lambda: site.command_state(command) == "delivered", "delivered")
    answer = {"at": stamp(), "command": str(command), "result": "refused", "detail": "busy"}
    client.client.publish(device.topic("acks"), json.dumps(answer), qos=1)
    client.next("publish")
    assert site.command_state(command) == "refused"


def test_paho_persistent_session_over_a_lost_connection(
    gateway: GatewayProcess, site: Site, device: DeviceLogin
) -> None:
    first = PahoDevice(gateway.mqtt_port, device, clean_session=False)
    first.start()
    first.next("connect")
    first.client.subscribe(device.topic("commands"), 1)
    first.next("subscribe")
    first.close()
    command = site.command(device)
    second = PahoDevice(gateway.mqtt_port, device, clean_session=False)
    second.start()
    assert second.next("connect") == (True, 0)
    assert json.loads(second.next("message").payload)["id"] == str(command)
    second.close()


async def test_aiomqtt_publishes_hears_a_command_and_leaves_a_will(
    gateway: GatewayProcess, site: Site, device: DeviceLogin
) -> None:
    will = aiomqtt.Will(device.topic("status"), b'{"firmware": "left"}', qos=1)
    login: dict[str, Any] = {
        "hostname": "127.0.0.1",
        "port": gateway.mqtt_port,
        "username": device.key,
        "password": device.secret,
        "protocol": aiomqtt.ProtocolVersion.V311,
    }
    async with aiomqtt.Client(**login, will=will) as client:
        await client.publish(device.topic("readings"), pressure(133), qos=1)
        assert [row["values"] for row in site.readings(device)] == [[133.0, 80.0]]
        await client.subscribe(device.topic("commands"), qos=1)
        command = await asyncio.to_thread(site.command, device)
        async for message in client.messages:
            assert json.loads(message.payload)["id"] == str(command)
            break
    assert site.seen(device).get("firmware") is None


async def test_aiomqtt_with_a_wrong_password_is_refused(
    gateway: GatewayProcess, device: DeviceLogin
) -> None:
    with pytest.raises(aiomqtt.MqttError):
        async with aiomqtt.Client(
            "127.0.0.1", gateway.mqtt_port, username=device.key, password="wrong"
        ):
            pass
