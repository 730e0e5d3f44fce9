"""Devices under load that never give up: every message is sent until it is acknowledged.

They run in a thread of their own, so that a test can kill things meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from songhe.gateway import mqtt
from tests.support.gateway import PATIENCE_S, DeviceLogin, until

WINDOW = 20
RECONNECT_S = 0.05


class LoadedDevice:
    """One device that keeps a window of messages in flight.

    sent and acknowledged hold the instants of messages: each message has one of its own. A message
    whose `critical` is true carries a critical blood pressure.
    """

    def __init__(self, device: DeviceLogin, port: int, is_critical: Callable[[int], bool]) -> None:
        self.device = device
        self.sent: set[datetime] = set()
        self.acknowledged: set[datetime] = set()
        self._port = port
        self._is_critical = is_critical
        self._unacknowledged: OrderedDict[int, tuple[datetime, bytes]] = OrderedDict()
        self._number = 0
        self._begin = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)

    def _new_message(self) -> mqtt.Publish:
        self._number += 1
        at = self._begin + timedelta(milliseconds=20 * self._number)
        value = 220 if self._is_critical(self._number) else 125
        reading = {"code": "8480-6", "value": value, "unit": "mm[Hg]"}
        payload = json.dumps({"at": at.isoformat(), "readings": [reading]}).encode()
        packet_id = 1 + self._number % 0xFFFF
        self._unacknowledged[packet_id] = (at, payload)
        self.sent.add(at)
        return mqtt.Publish(self.device.topic("readings"), payload, 1, packet_id)

    def _hear(self, packet: mqtt.Packet) -> None:
        if isinstance(packet, mqtt.Puback):
            at, _ = self._unacknowledged.pop(packet.packet_id)
            self.acknowledged.add(at)

    async def run(self, stopping: threading.Event) -> None:
        """Send until told to stop, then until everything is acknowledged."""
        while not stopping.is_set() or self._unacknowledged:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                await asyncio.sleep(RECONNECT_S)
                continue
            try:
                await self._converse(reader, writer, stopping)
            except OSError:
                pass
            finally:
                writer.close()

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stopping: threading.Event
    ) -> None:
        parser = mqtt.Parser(mqtt.SERVER_SENDS)
        login = mqtt.Connect("load", True, 30, None, self.device.key, self.device.secret.encode())
        writer.write(mqtt.encode(login))
        topic = self.device.topic("readings")
        for packet_id, (_, payload) in self._unacknowledged.items():
            writer.write(mqtt.encode(mqtt.Publish(topic, payload, 1, packet_id, dup=True)))
        while not stopping.is_set() or self._unacknowledged:
            while not stopping.is_set() and len(self._unacknowledged) < WINDOW:
                writer.write(mqtt.encode(self._new_message()))
            await writer.drain()
            data = await reader.read(65536)
            if not data:
                return
            for packet in parser.feed(data):
                self._hear(packet)


class Load:
    """Many loaded devices in a thread."""

    def __init__(
        self,
        devices: list[DeviceLogin],
        port: int,
        is_critical: Callable[[int], bool] = lambda number: False,
    ) -> None:
        self.devices = [LoadedDevice(device, port, is_critical) for device in devices]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    async def _run(self) -> None:
        async with asyncio.timeout(4 * PATIENCE_S):
            await asyncio.gather(*(device.run(self._stopping) for device in self.devices))

    def start(self) -> None:
        self._thread.start()

    @property
    def acknowledged(self) -> int:
        return sum(len(device.acknowledged) for device in self.devices)

    def until_more(self, count: int) -> None:
        """Wait until so many more messages are acknowledged."""
        goal = self.acknowledged + count
        until(lambda: self.acknowledged >= goal, f"{count} more acknowledgements")

    def finish(self) -> None:
        """Send no new messages, and wait until all that were sent are acknowledged."""
        self._stopping.set()
        self._thread.join(4 * PATIENCE_S)
        assert not self._thread.is_alive()
