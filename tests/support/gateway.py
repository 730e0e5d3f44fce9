"""A real gateway process on a real database, for tests: start, kill, stop, and look inside."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from songhe.kernel.ids import uuid7
from songhe.kernel.time import to_us
from songhe.kernel.wire import Binding, DeviceSnapshot, SubjectKind

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def until(look: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Return the first truthy answer of look; fail when none comes."""
    end_s = time.monotonic() + patience_s
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end_s:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.02)


@dataclass
class DeviceLogin:
    """A device as a test knows it: what it signs in with, and whom it serves."""

    id: UUID
    key: str
    secret: str
    person: UUID | None
    snapshot: DeviceSnapshot

    def topic(self, kind: str) -> str:
        return f"songhe/1/{self.key}/{kind}"


def stamp(seconds_ago: float = 0.0) -> str:
    """Return an RFC 3339 time."""
    return (datetime.now(UTC) - timedelta(seconds=seconds_ago)).isoformat()


def pressure(systolic: float = 128, *, seconds_ago: float = 0.0, **more: Any) -> bytes:
    """Return a readings message of a blood pressure."""
    rows = [
        {"code": "8480-6", "value": systolic, "unit": "mm[Hg]"},
        {"code": "8462-4", "value": 80, "unit": "mm[Hg]"},
    ]
    return json.dumps({"at": stamp(seconds_ago), "readings": rows, **more}).encode()


@dataclass
class Site:
    """The database behind a gateway: what Django would write, and what the gateway wrote."""

    url: str
    _connection: psycopg.Connection[Any] | None = field(default=None, repr=False)

    def rows(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self.url, autocommit=True)
        try:
            cursor = self._connection.execute(text, values)
        except psycopg.OperationalError:
            self._connection = psycopg.connect(self.url, autocommit=True)
            cursor = self._connection.execute(text, values)
        return cursor.fetchall() if cursor.description is not None else []

    def announced(self, channel: str) -> bool:
        """Tell whether a notification comes on a channel that this connection listens to."""
        assert self._connection is not None
        notices = self._connection.notifies(timeout=PATIENCE_S, stop_after=1)
        return channel in [notice.channel for notice in notices]

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def put(self, snapshot: DeviceSnapshot) -> None:
        """Write a snapshot and announce it, as the devices' services do."""
        self.rows(
            "INSERT INTO gateway_device (device, key, body, version) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (device) DO UPDATE SET key = EXCLUDED.key, body = EXCLUDED.body,"
            " version = gateway_device.version + 1",
            snapshot.id,
            snapshot.key,
            Jsonb(msgspec.to_builtins(snapshot)),
            1,
        )
        self.rows("SELECT pg_notify('songhe_snapshot', %s)", f"device:{snapshot.id}")

    def device(
        self, *, bound: bool = True, children: list[str] | None = None, **more: Any
    ) -> DeviceLogin:
        """Register a device with a random secret, bound to a person of its own."""
        device = self.made(bound=bound, children=children, **more)
        self.put(device.snapshot)
        return device

    def devices(self, count: int) -> list[DeviceLogin]:
        """Register many devices at once, before a gateway looks."""
        made = [self.made() for _ in range(count)]
        with psycopg.connect(self.url) as connection:
            connection.cursor().executemany(
                "INSERT INTO gateway_device (device, key, body, version) VALUES (%s, %s, %s, 1)",
                [(one.id, one.key, Jsonb(msgspec.to_builtins(one.snapshot))) for one in made],
            )
        return made

    @staticmethod
    def made(*, bound: bool = True, children: list[str] | None = None, **more: Any) -> DeviceLogin:
        """Return a device that nobody has registered yet."""
        key, secret = "d" + secrets.token_hex(6), secrets.token_urlsafe(24)
        person = uuid7() if bound else None
        bindings = more.pop("bindings", None)
        if bindings is None:
            since_us = to_us(datetime.now(UTC) - timedelta(days=300))
            bindings = []
            if person is not None:
                bindings = [Binding(since_us, None, SubjectKind.PERSON, person, person=person)]
        snapshot = DeviceSnapshot(
            id=uuid7(),
            key=key,
            active=True,
            type="blood-pressure-monitor",
            secrets=[(digest(secret), None)],
            bindings=bindings,
            children=children or [],
            wellness=False,
            **more,
        )
        return DeviceLogin(snapshot.id, key, secret, person, snapshot)

    def change(self, device: DeviceLogin, **fields: Any) -> None:
        """Change a device's snapshot."""
        device.snapshot = msgspec.structs.replace(device.snapshot, **fields)
        self.put(device.snapshot)

    def command(self, device: DeviceLogin, name: str = "locate", valid_s: float = 600) -> UUID:
        """Issue a command, as the devices' services do."""
        command = uuid7()
        now = datetime.now(UTC)
        self.rows(
            "INSERT INTO device_command (id, device_id, name, args, state, issued_at, expires_at,"
            " detail) VALUES (%s, %s, %s, %s, 'queued', %s, %s, '')",
            command,
            device.id,
            name,
            Jsonb({"volume": 3}),
            now,
            now + timedelta(seconds=valid_s),
        )
        self.rows("SELECT pg_notify('songhe_command', %s)", str(device.id))
        return command

    def command_state(self, command: UUID) -> str:
        return str(self.rows("SELECT state FROM device_command WHERE id = %s", command)[0][0])

    def readings(self, device: DeviceLogin) -> list[dict[str, Any]]:
        """Return a device's stored readings in the order of their times."""
        found = self.rows(
            "SELECT subject_kind, subject, effective_at, received_at, codes, vals, flags, person"
            " FROM reading_hot WHERE device = %s ORDER BY effective_at, fingerprint",
            device.id,
        )
        names = ("kind", "subject", "at", "received_at", "codes", "values", "flags", "person")
        return [dict(zip(names, row, strict=True)) for row in found]

    def letters(self, device: DeviceLogin) -> list[dict[str, Any]]:
        """Return a device's dead letters, oldest first."""
        found = self.rows(
            "SELECT id, topic, payload, reason, detail, state FROM dead_letter"
            " WHERE device = %s ORDER BY received_at, id",
            device.id,
        )
        names = ("id", "topic", "payload", "reason", "detail", "state")
        return [dict(zip(names, row, strict=True)) for row in found]

    def seen(self, device: DeviceLogin) -> dict[str, Any]:
        """Return a device's row of device_seen, or an empty one."""
        found = self.rows(
            "SELECT online, battery_pct, firmware, clock_offset_s, last_at, reported"
            " FROM device_seen WHERE device = %s",
            device.id,
        )
        names = ("online", "battery_pct", "firmware", "clock_offset_s", "last_at", "reported")
        return dict(zip(names, found[0], strict=True)) if found else {}


def digest(secret: str) -> str:
    """Return how a secret is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


class GatewayProcess:
    """`songhe gateway` as a child process on ports of its own."""

    def __init__(self, database_url: str, **environment: str) -> None:
        self.site = Site(database_url)
        self.mqtt_port, self.http_port = free_port(), free_port()
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("SONGHE_")}
        self._environment = {
            **inherited,
            "PYTHONPATH": str(ROOT),
            "SONGHE_DATABASE_URL": database_url,
            "SONGHE_MQTT_PORT": str(self.mqtt_port),
            "SONGHE_GATEWAY_HTTP_PORT": str(self.http_port),
            **environment,
        }
        self._scheme = "https" if "SONGHE_TLS_CERT" in environment else "http"
        # The certificates of tests sign themselves; this side of the test is not what is tried.
        self._tls = ssl.create_default_context()
        self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE
        self._log = tempfile.NamedTemporaryFile("w+", prefix="songhe-gateway-", suffix=".log")  # noqa: SIM115
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> GatewayProcess:
        """Start the process and wait until it is healthy."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "songhe.gateway.main"],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            text=True,
        )
        until(self._is_healthy, "a healthy gateway")
        return self

    def _is_healthy(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError(f"the gateway ended:\n{self.log()}")
        try:
            return self.get("/healthz")[0] == 200
        except OSError:
            return False

    def log(self) -> str:
        """Return what the process has written."""
        return Path(self._log.name).read_text(encoding="utf-8")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def stop(self) -> int:
        """Ask the process to end; return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE_S)

    def kill(self) -> None:
        """Kill the process outright."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(PATIENCE_S)

    def close(self) -> None:
        """End the process, if it runs, and everything that belongs to it."""
        if self._process is not None and self._process.poll() is None:
            self.kill()
        self.site.close()
        self._log.close()

    def get(self, path: str) -> tuple[int, bytes]:
        """Return (status, body) of a GET."""
        return self._send(urllib.request.Request(self.address(path)))

    def address(self, path: str) -> str:
        """Return the address of a path on the HTTP side."""
        return f"{self._scheme}://127.0.0.1:{self.http_port}{path}"

    def post(
        self,
        device: DeviceLogin,
        kind: str,
        body: bytes,
        *,
        secret: str | None = None,
        key: str | None = None,
    ) -> tuple[int, dict[str, Any]]:
        """Return (status, JSON body) of a device's POST; key: another device's, in the address."""
        path = f"/v1/{key or device.key}/{kind}"
        request = urllib.request.Request(self.address(path), data=body)
        login = f"{device.key}:{device.secret if secret is None else secret}"
        request.add_header("Authorization", f"Basic {base64.b64encode(login.encode()).decode()}")
        status, answer = self._send(request)
        return status, json.loads(answer)

    def _send(self, request: urllib.request.Request) -> tuple[int, bytes]:
        context = self._tls if self._scheme == "https" else None
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S, context=context) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def device(self, **more: Any) -> DeviceLogin:
        """Register a device and wait until the gateway knows it."""
        device = self.site.device(**more)
        until(lambda: self.knows(device), "a device's snapshot")
        return device

    def knows(self, device: DeviceLogin, secret: str | None = None) -> bool:
        """Tell whether a device may sign in, by a request that is refused for its size."""
        if self._scheme == "https":
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                "127.0.0.1", self.http_port, timeout=PATIENCE_S, context=self._tls
            )
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=PATIENCE_S)
        login = f"{device.key}:{secret or device.secret}"
        connection.putrequest("POST", f"/v1/{device.key}/status")
        connection.putheader("Authorization", f"Basic {base64.b64encode(login.encode()).decode()}")
        connection.putheader("Content-Length", "1000000")
        connection.endheaders()
        with contextlib.closing(connection):
            return connection.getresponse().status == 413

    def measure(self, name: str) -> float:
        """Return a value of /metrics, 0 when it is not there yet."""
        for line in self.get("/metrics")[1].decode().splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        return 0.0
