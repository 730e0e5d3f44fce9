"""What Django tells the gateway: snapshots of devices and rules, commands, letters to replay.

Everything is loaded at the start and again whenever the listening connection was lost, because a
notification of that time is lost too; between, notifications name what changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import structlog
from psycopg import sql

from songhe.gateway import metrics
from songhe.gateway.batch import Inbound
from songhe.gateway.commands import Commands
from songhe.gateway.database import Connection, connect
from songhe.gateway.decoders import Refused
from songhe.gateway.front.listener import Listener
from songhe.gateway.registry import Device, Registry
from songhe.gateway.writer import Writer
from songhe.kernel import wire
from songhe.kernel.detectors import Evaluator
from songhe.kernel.time import to_us
from songhe.kernel.wire import DeviceSnapshot, Flag, RuleScope

log = structlog.get_logger("songhe.gateway.feed")

CHANNELS = (
    wire.CHANNEL_SNAPSHOT,
    wire.CHANNEL_COMMAND,
    wire.CHANNEL_REPLAY,
)
RETRY_S = 1.0
REPLAY_BATCH = 200
_LETTERS = """
SELECT id, device_key, topic, payload, received_at FROM dead_letter
WHERE state = 'replay' ORDER BY received_at LIMIT %s
"""
_UNKNOWN_DEVICE = """
UPDATE dead_letter SET state = 'new', detail = 'no such device' WHERE id = %s
"""


class ReplaySource:
    """A dead letter on its way back in; the writer marks it in the batch's own transaction."""

    def __init__(self) -> None:
        self.done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def begin(self, count: int) -> None:
        """Nothing to prepare."""

    def refuse(self, index: int, refused: Refused) -> bool:
        """A replay's refusals stay with its letter."""
        return False

    def overrun(self) -> None:
        """A person asked for this: it is not limited."""

    def settle(self, tokens: bytes) -> None:
        """The letter's new state is committed."""
        if not self.done.done():
            self.done.set_result(True)

    def give_up(self) -> None:
        """The letter stays as it was; the next load finds it again."""
        if not self.done.done():
            self.done.set_result(False)


def snapshot_of(body: object) -> DeviceSnapshot:
    """Return a device's snapshot from the database's JSON."""
    return msgspec.convert(body, DeviceSnapshot)


def _is_fitted(device: Device | None) -> bool:
    """Tell whether a device serves somebody from now on."""
    return device is not None and any(b.until_us is None for b in device.snapshot.bindings)


class Feed:
    """Keeps registry, rules, commands and replays up to date."""

    def __init__(
        self,
        url: str,
        registry: Registry,
        evaluator: Evaluator,
        writer: Writer,
        commands: Commands,
        listener: Listener,
    ) -> None:
        self._url = url
        self._registry = registry
        self._evaluator = evaluator
        self._writer = writer
        self._commands = commands
        self._listener = listener
        self._scopes: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    async def start(self, scopes: set[str]) -> None:
        """Begin to listen; scopes are those that the evaluator was built with."""
        self._scopes = scopes
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError) as error:
                log.warning("listening was interrupted", error=type(error).__name__)
            except Exception:
                metrics.FAULTS.labels("feed").inc()
                log.exception("a notification could not be handled")
            await asyncio.sleep(RETRY_S)

    async def _listen(self) -> None:
        async with await connect(self._url, "feed", autocommit=True) as database:
            for channel in CHANNELS:
                await database.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            await self._load_all(database)
            while True:
                # The generator holds the connection while it runs: it is left before the
                # look-ups; what arrives meanwhile is kept for its next run.
                notices = [notice async for notice in database.notifies(stop_after=1)]
                for notice in notices:
                    await self._handle(database, notice.channel, notice.payload)

    async def _load_all(self, database: Connection) -> None:
        devices = await load_devices(database)
        for device in self._registry.load(devices):
            self._apply(device)
        scopes = await load_scopes(database)
        for scope in scopes:
            self._put_scope(scope)
        for gone in self._scopes - {scope.scope for scope in scopes}:
            self._evaluator.remove_scope(gone)
        self._scopes = {scope.scope for scope in scopes}
        self._commands.resume()
        await self._replay(database)

    async def _handle(self, database: Connection, channel: str, payload: str) -> None:
        if channel == wire.CHANNEL_COMMAND:
            self._commands.issued(UUID(payload))
        elif channel == wire.CHANNEL_REPLAY:
            await self._replay(database)
        elif payload.startswith("device:"):
            await self._device(database, UUID(payload.removeprefix("device:")))
        elif payload.startswith("rules:"):
            await self._rules(database, payload.removeprefix("rules:"))

    async def _device(self, database: Connection, device_id: UUID) -> None:
        cursor = await database.execute(
            "SELECT body FROM gateway_device WHERE device = %s", (device_id,)
        )
        row: Any = await cursor.fetchone()
        if row is not None:
            was_fitted = _is_fitted(self._registry.by_id.get(device_id))
            device = self._registry.apply(snapshot_of(row[0]))
            self._apply(device, fitted_now=_is_fitted(device) and not was_fitted)
        elif device_id in self._registry.by_id:
            self._apply(self._registry.forget(device_id))

    def _apply(self, device: Device, *, fitted_now: bool = False) -> None:
        heard_us = self._writer.seen.facts(device.id).received_us
        if heard_us is None and fitted_now:
            # A binding may begin in the past; the silence of a device begins when we know of it.
            heard_us = time.time_ns() // 1000
        self._evaluator.rules.mount(device.snapshot)
        self._evaluator.watch(device.snapshot, heard_us)
        self._listener.changed(device)

    def _put_scope(self, scope: RuleScope) -> None:
        for problem in self._evaluator.put_scope(scope):
            metrics.FAULTS.labels("rules").inc()
            log.error("rule change cannot be taken over", scope=scope.scope, error=problem.code)

    async def _rules(self, database: Connection, name: str) -> None:
        cursor = await database.execute("SELECT body FROM gateway_rules WHERE scope = %s", (name,))
        row: Any = await cursor.fetchone()
        if row is not None:
            self._scopes.add(name)
            self._put_scope(msgspec.convert(row[0], RuleScope))
        else:
            self._scopes.discard(name)
            self._evaluator.remove_scope(name)

    async def _replay(self, database: Connection) -> None:
        while True:
            cursor = await database.execute(_LETTERS, (REPLAY_BATCH,))
            letters: list[Any] = await cursor.fetchall()
            sources = []
            for letter_id, key, topic, payload, received_at in letters:
                device = self._registry.by_key.get(key)
                if device is None:
                    await database.execute(_UNKNOWN_DEVICE, (letter_id,))
                    continue
                source = ReplaySource()
                route = self._registry.route_letter(device, topic)
                inbound = Inbound(
                    source,
                    b"",
                    route,
                    bytes(payload),
                    to_us(received_at),
                    flags=int(Flag.REPLAYED),
                    letter=letter_id,
                )
                self._writer.put(inbound)
                sources.append(source)
            done = await asyncio.gather(*(source.done for source in sources))
            if len(letters) < REPLAY_BATCH or not all(done):
                return


async def load_devices(database: Connection) -> list[DeviceSnapshot]:
    """Return all device snapshots; one that cannot be read is logged and left out."""
    cursor = await database.execute("SELECT device, body FROM gateway_device")
    found = []
    for device_id, body in await cursor.fetchall():
        try:
            found.append(snapshot_of(body))
        except msgspec.ValidationError as error:
            metrics.FAULTS.labels("feed").inc()
            log.error("snapshot cannot be read", device=str(device_id), error=str(error))
    return found


async def load_scopes(database: Connection) -> list[RuleScope]:
    """Return all rule scopes."""
    cursor = await database.execute("SELECT body FROM gateway_rules")
    return [msgspec.convert(body, RuleScope) for (body,) in await cursor.fetchall()]
