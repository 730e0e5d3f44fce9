"""Thousands of devices in one loop, each a few bytes of state: they connect, and come back."""

from __future__ import annotations

import asyncio
import json
import random
import resource
from datetime import UTC, datetime, timedelta
from typing import cast

from songhe.gateway import mqtt
from tests.support.gateway import DeviceLogin

# A device that was turned away waits so long before it tries again.
AGAIN_S = (0.2, 1.0)
_CONNACK = b"\x20\x02\x00\x00"


def raise_file_limit(needed: int) -> bool:
    """Allow as many open files as the system lets us; tell whether that is enough."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard >= needed


class Member(asyncio.Protocol):
    """One device: it signs in, sends one message, and counts when it is acknowledged."""

    def __init__(self, crowd: Crowd, device: DeviceLogin, index: int) -> None:
        self._crowd, self._device, self._index = crowd, device, index
        self._heard = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast("asyncio.Transport", transport)
        login = self._device
        connect = mqtt.Connect("crowd", True, 60, None, login.key, login.secret.encode())
        transport.write(mqtt.encode(connect) + self._crowd.message(login, self._index))

    def data_received(self, data: bytes) -> None:
        self._heard += data
        if len(self._heard) == 8 and self._heard.startswith(_CONNACK):
            self._crowd.here.add(self._index)
            self._crowd.look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.here.discard(self._index)
        if not self._crowd.is_over:
            asyncio.get_running_loop().call_later(
                random.uniform(*AGAIN_S),
                self._crowd.dial,
                self._index,
            )

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Crowd:
    """All of them. `here`: who is signed in and had its last message acknowledged."""

    def __init__(self, devices: list[DeviceLogin], port: int) -> None:
        self._devices, self._port = devices, port
        self.here: set[int] = set()
        self.is_over = False
        self.round = 0
        self._members: dict[int, Member] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._all_here = asyncio.Event()
        self._begin = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)

    def instant(self, index: int) -> datetime:
        """Return the time of a device's message of this round: the same when it is sent again."""
        return self._begin + timedelta(seconds=self.round)

    def message(self, login: DeviceLogin, index: int) -> bytes:
        reading = {"code": "8480-6", "value": 125, "unit": "mm[Hg]"}
        at = self.instant(index).isoformat()
        payload = json.dumps({"at": at, "readings": [reading]}).encode()
        return mqtt.encode(mqtt.Publish(login.topic("readings"), payload, 1, 1, dup=True))

    def look(self) -> None:
        if len(self.here) == len(self._devices):
            self._all_here.set()

    def dial(self, index: int) -> None:
        if self.is_over:
            return
        task = asyncio.ensure_future(self._dial(index))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _dial(self, index: int) -> None:
        loop = asyncio.get_running_loop()
        member = self._members[index] = Member(self, self._devices[index], index)
        try:
            await loop.create_connection(lambda: member, "127.0.0.1", self._port)
        except OSError:
            loop.call_later(AGAIN_S[0], self.dial, index)

    async def gather(self, patience_s: float) -> float:
        """Wait until everybody is here; return how long that took (s)."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.timeout(patience_s):
            await self._all_here.wait()
        return loop.time() - began

    def new_round(self) -> None:
        """Let everybody have something new to say the next time they come."""
        self.round += 1
        self._all_here.clear()

    def begin(self) -> None:
        for index in range(len(self._devices)):
            self.dial(index)

    def close(self) -> None:
        self.is_over = True
        for member in self._members.values():
            member.close()
