"""A bare MQTT client on a socket: sends what it is told to, right or wrong, and hears answers."""

from __future__ import annotations

import socket
from typing import Any

from songhe.gateway import mqtt
from tests.support.gateway import PATIENCE_S, DeviceLogin


class BareClient:
    """One connection. `next` returns packets in order; None means that the server closed."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self._parser = mqtt.Parser(mqtt.SERVER_SENDS)
        self._waiting: list[mqtt.Packet] = []

    def send(self, *packets: mqtt.Packet) -> None:
        self.socket.sendall(b"".join(mqtt.encode(packet) for packet in packets))

    def send_bytes(self, data: bytes) -> None:
        self.socket.sendall(data)

    def next(self) -> mqtt.Packet | None:
        """Return the next packet, or None once the server has closed."""
        while not self._waiting:
            try:
                data = self.socket.recv(65536)
            except ConnectionError:
                return None
            if not data:
                return None
            self._waiting += self._parser.feed(data)
            assert self._parser.failed is None
        return self._waiting.pop(0)

    def connect(self, device: DeviceLogin, **more: Any) -> mqtt.Connack:
        """Sign in as a device."""
        fields: dict[str, Any] = {
            "client_id": "bare",
            "username": device.key,
            "password": device.secret.encode(),
        }
        self.send(mqtt.Connect(**(fields | more)))
        answer = self.next()
        assert isinstance(answer, mqtt.Connack)
        return answer

    def publish(self, topic: str, payload: bytes, packet_id: int = 1, **more: Any) -> None:
        self.send(mqtt.Publish(topic, payload, 1, packet_id, **more))

    def close(self) -> None:
        """Go without a good-bye."""
        self.socket.close()
