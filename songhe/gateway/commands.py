"""Commands on their way down, and the sessions that decide who gets them.

The commands live in table `device_command`, the subscriptions of persistent sessions in
`gateway_session`: both outlive this process. One worker does all of it in order, so that a
command is marked sent before its bytes leave. That a command expired is for Django to say.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from songhe.gateway import metrics, mqtt
from songhe.gateway.database import Connection as Database
from songhe.gateway.database import connect
from songhe.gateway.mqtt.packets import REFUSED_FILTER
from songhe.gateway.registry import TOPIC_ROOT, Device, Registry
from songhe.kernel.time import from_us
from songhe.kernel.wire import CommandMessage

log = structlog.get_logger("songhe.gateway.commands")

RETRY_S = 0.5

_KEEP_SESSION = """
INSERT INTO gateway_session (device, subscriptions) VALUES (%s, %s)
ON CONFLICT (device) DO UPDATE SET subscriptions = EXCLUDED.subscriptions
"""
_PENDING = """
SELECT id, name, args, state, issued_at, expires_at FROM device_command
WHERE device_id = %s AND state IN ('queued', 'sent') AND expires_at > now()
ORDER BY issued_at, id
"""


class Session(msgspec.Struct):
    """A device's session: what it subscribed to (device key to granted QoS), what is in flight."""

    subscriptions: dict[str, int] = {}
    in_flight: dict[int, UUID] = {}
    sent: set[UUID] = set()
    is_clean: bool = True
    since_us: int = 0


Job = Callable[[Database], Any]


class Commands:
    """Delivers commands to connected devices and notes what becomes of them."""

    def __init__(self, url: str, registry: Registry, now_us: Callable[[], int]) -> None:
        self._url = url
        self._registry = registry
        self._now_us = now_us
        self._sessions: dict[UUID, Session] = {}
        self._jobs: asyncio.Queue[Job] = asyncio.Queue()
        self._database: Database | None = None
        self._task: asyncio.Task[None] | None = None

    # ---- start and stop

    async def start(self) -> None:
        """Load the persistent sessions and begin to work."""
        database = await self._connected()
        cursor = await database.execute("SELECT device, subscriptions FROM gateway_session")
        for device, subscriptions in await cursor.fetchall():
            session = Session(subscriptions=dict(subscriptions), is_clean=False)  # type: ignore[call-overload]
            self._sessions[device] = session  # type: ignore[index]
        self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Finish what is queued, briefly, and close."""
        if self._task is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._jobs.join(), 1.0)
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._database is not None:
            await self._database.close()

    # ---- the connection's side

    def begin_session(self, device: Device, *, clean: bool) -> bool:
        """Begin or take up a session; return whether there was one [MQTT-3.2.2-2]."""
        now_us = self._now_us()
        old = self._sessions.get(device.id)
        if clean:
            self._sessions[device.id] = Session(since_us=now_us)
            if old is not None and not old.is_clean:
                self._jobs.put_nowait(lambda database: self._drop_session(database, device.id))
            return False
        present = old is not None and not old.is_clean
        session = old if present and old is not None else Session(is_clean=False)
        session.since_us = now_us
        self._sessions[device.id] = session
        if not present:
            self._jobs.put_nowait(lambda database: self._keep_session(database, device.id))
        return present

    def connected(self, device: Device) -> None:
        """Send what waited for a persistent session."""
        session = self._sessions.get(device.id)
        if session is not None and session.subscriptions:
            session.sent.clear()
            self._pump(device)

    def disconnected(self, device: Device) -> None:
        """Forget a clean session with its connection."""
        session = self._sessions.get(device.id)
        if session is not None and session.is_clean:
            del self._sessions[device.id]

    def subscribe(self, device: Device, packet: mqtt.Subscribe) -> None:
        """Grant the device's own command topic and its children's, refuse the rest."""
        session = self._sessions[device.id]
        codes = []
        for text, qos in packet.filters:
            key = self._own_key(device, text)
            if key is None:
                codes.append(REFUSED_FILTER)
            else:
                session.subscriptions[key] = min(qos, 1)
                codes.append(min(qos, 1))
        answer = mqtt.encode(mqtt.Suback(packet.packet_id, tuple(codes)))
        self._answer(device, session, answer)
        self._pump(device)

    def unsubscribe(self, device: Device, packet: mqtt.Unsubscribe) -> None:
        """End subscriptions; one that was not there is no error [MQTT-3.10.4-5]."""
        session = self._sessions[device.id]
        for text in packet.filters:
            session.subscriptions.pop(self._own_key(device, text) or "", None)
        self._answer(device, session, mqtt.encode(mqtt.Unsuback(packet.packet_id)))

    def delivered(self, device: Device, packet_id: int) -> None:
        """Note a command's PUBACK."""
        session = self._sessions.get(device.id)
        command = session.in_flight.pop(packet_id, None) if session is not None else None
        if command is not None:
            self._jobs.put_nowait(
                lambda database: database.execute(
                    "UPDATE device_command SET state = 'delivered'"
                    " WHERE id = %s AND state IN ('queued', 'sent')",
                    (command,),
                )
            )

    def issued(self, device_id: UUID) -> None:
        """Look for commands of a device: somebody issued one."""
        device = self._registry.by_id.get(device_id)
        if device is not None:
            self._pump(device)

    def resume(self) -> None:
        """Look for commands of every connected device: notifications may have been missed."""
        for device_id in list(self._sessions):
            self.issued(device_id)

    # ---- the worker's side

    def _answer(self, device: Device, session: Session, answer: bytes) -> None:
        """Answer a change of subscriptions, of a persistent session once it is kept."""
        connection = device.connection

        async def keep_and_answer(database: Database) -> None:
            if not session.is_clean:
                await self._keep_session(database, device.id)
            if connection is not None:
                connection.write(answer)

        self._jobs.put_nowait(keep_and_answer)

    def _pump(self, device: Device) -> None:
        self._jobs.put_nowait(lambda database: self._send_pending(database, device))

    async def _work(self) -> None:
        while True:
            job = await self._jobs.get()
            await self._insist(job)
            self._jobs.task_done()

    async def _insist(self, job: Job) -> None:
        """Do a job, again after an outage; one that cannot be done is logged and left."""
        while True:
            try:
                await job(await self._connected())
            except (OSError, ConnectionError) as error:
                log.warning("command worker waits", error=type(error).__name__)
            except Exception as error:
                if self._database is not None and not self._database.broken:
                    metrics.FAULTS.labels("commands").inc()
                    log.exception("a command could not be handled", error=type(error).__name__)
                    return
            else:
                return
            await asyncio.sleep(RETRY_S)

    async def _connected(self) -> Database:
        if self._database is None or self._database.closed or self._database.broken:
            self._database = await connect(self._url, "commands", autocommit=True)
        return self._database

    async def _keep_session(self, database: Database, device_id: UUID) -> None:
        session = self._sessions.get(device_id)
        if session is not None and not session.is_clean:
            await database.execute(_KEEP_SESSION, (device_id, Jsonb(session.subscriptions)))

    async def _drop_session(self, database: Database, device_id: UUID) -> None:
        await database.execute("DELETE FROM gateway_session WHERE device = %s", (device_id,))

    def _own_key(self, device: Device, text: str) -> str | None:
        """Return the device key whose command topic a filter of the device's own matches."""
        parts = text.removeprefix(TOPIC_ROOT).split("/")
        if not text.startswith(TOPIC_ROOT) or len(parts) != 2:
            return None
        key, last = parts
        if last not in ("commands", "+", "#"):
            return None
        return key if key == device.key or key in device.snapshot.children else None

    def _way_to(self, device: Device) -> tuple[Device, Session, int] | None:
        """Return through whom a device's commands go now, with the granted QoS."""
        for carrier in (device, self._registry.parent(device)):
            session = self._sessions.get(carrier.id) if carrier is not None else None
            if carrier is None or session is None or carrier.connection is None:
                continue
            qos = session.subscriptions.get(device.key)
            if qos is not None:
                return carrier, session, qos
        return None

    async def _send_pending(self, database: Database, device: Device) -> None:
        """Send what is pending for a device and, if it speaks for others, for them."""
        await self._send_to(database, device)
        for key in device.snapshot.children:
            child = self._registry.by_key.get(key)
            if child is not None:
                await self._send_to(database, child)

    async def _send_to(self, database: Database, device: Device) -> None:
        if self._way_to(device) is None:
            return
        cursor = database.cursor(row_factory=dict_row)
        await cursor.execute(_PENDING, (device.id,))
        for row in await cursor.fetchall():
            way = self._way_to(device)
            if way is None:
                return
            await self._send(database, device, way, row)

    async def _send(
        self,
        database: Database,
        device: Device,
        way: tuple[Device, Session, int],
        row: dict[str, Any],
    ) -> None:
        carrier, session, qos = way
        command, repeated = row["id"], row["state"] == "sent"
        if command in session.sent:
            return
        if session.is_clean and (repeated or row["issued_at"] < from_us(session.since_us)):
            return  # a clean session gets what is issued while it lasts, and that once
        if repeated and qos == 0:
            return
        packet_id = 0
        if qos:
            packet_id = _packet_id(session, command)
            session.in_flight[packet_id] = command
        session.sent.add(command)
        if not repeated:
            await database.execute(
                "UPDATE device_command SET state = 'sent' WHERE id = %s AND state = 'queued'",
                (command,),
            )
        message = CommandMessage(
            command,
            row["name"],
            row["args"],
            _instant(row["issued_at"]),
            _instant(row["expires_at"]),
        )
        topic = f"{TOPIC_ROOT}{device.key}/commands"
        packet = mqtt.Publish(
            topic, msgspec.json.encode(message), qos, packet_id, dup=repeated and qos > 0
        )
        if carrier.connection is not None:
            carrier.connection.write(mqtt.encode(packet))
            log.info("command sent", device=device.key, command=str(command), repeated=repeated)


def _packet_id(session: Session, command: UUID) -> int:
    """Return the packet id of a command: always the same one, also after a restart of ours.

    A repeated PUBLISH must carry its first packet id [MQTT-4.4.0-1]; deriving it from the
    command's id spares keeping it.
    """
    packet_id = 1 + command.int % 0xFFFF
    while session.in_flight.get(packet_id, command) != command:
        packet_id = 1 + packet_id % 0xFFFF
    return packet_id


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
