"""Devices that are programs nobody here wrote: mosquitto's clients and mqtt.js."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.gateway import PATIENCE_S, DeviceLogin, GatewayProcess, Site, pressure, until

MQTTJS = Path(__file__).with_name("mqttjs")
needs_mosquitto = pytest.mark.skipif(
    shutil.which("mosquitto_pub") is None or shutil.which("mosquitto_sub") is None,
    reason="mosquitto's clients are not installed (Debian: mosquitto-clients)",
)


@pytest.fixture
def device(gateway: GatewayProcess) -> DeviceLogin:
    return gateway.device()


def mosquitto(program: str, gateway: GatewayProcess, device: DeviceLogin, *more: str) -> list[str]:
    """Return the command line of a mosquitto client that signs in as a device."""
    login = ["-u", device.key, "-P", device.secret]
    where = ["-h", "127.0.0.1", "-p", str(gateway.mqtt_port), "-V", "mqttv311", "-q", "1"]
    return [program, *where, *login, *more]


def run(argv: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


@needs_mosquitto
def test_mosquitto_pub_ends_well_once_the_reading_is_stored(
    gateway: GatewayProcess, site: Site, device: DeviceLogin
) -> None:
    text = pressure(147).decode()
    done = run(
        mosquitto("mosquitto_pub", gateway, device, "-t", device.topic("readings"), "-m", text)
    )
    assert done.returncode == 0, done.stderr
    assert [row["values"] for row in site.readings(device)] == [[147.0, 80.0]]


@needs_mosquitto
def test_mosquitto_pub_with_a_wrong_password_is_told_so(
    gateway: GatewayProcess, site: Site, device: DeviceLogin
) -> None:
    topic = ["-t", device.topic("readings"), "-m", pressure().decode(), "-P", "wrong"]
    done = run(mosquitto("mosquitto_pub", gateway, device, *topic))
    assert done.returncode != 0
    assert "not authorised" in done.stderr.lower()
    assert site.readings(device) == []


@needs_mosquitto
def test_mosquitto_pub_to_another_devices_topic_leaves_a_dead_letter(
    gateway: GatewayProcess, site: Site, device: DeviceLogin
) -> None:
    other = gateway.device()
    topic = ["-t", other.topic("readings"), "-m", pressure().decode()]
    run(mosquitto("mosquitto_pub", gateway, device, *topic))
    (letter,) = until(lambda: site.letters(device), "the dead letter")
    assert letter["reason"] == "not-your-topic"
    assert site.readings(other) == []


@needs_mosquitto
def test_mosquitto_pub_with_a_broken_payload_is_acknowledged_into_a_dead_letter(
    gateway: GatewayProcess, site: Site, device: DeviceLogin
) -> None:
    topic = ["-t", device.topic("readings"), "-m", "120/80"]
    assert run(mosquitto("mosquitto_pub", gateway, device, *topic)).returncode == 0
    assert [letter["reason"] for letter in site.letters(device)] == ["not-json"]


@needs_mosquitto
def test_mosquitto_sub_gets_a_command(
    gateway: GatewayProcess, site: Site, device: DeviceLogin
) -> None:
    listening = ["-t", device.topic("commands"), "-C", "1", "-c", "-i", "pager"]
    argv = mosquitto("mosquitto_sub", gateway, device, *listening)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        until(
            lambda: site.rows(
                "SELECT 1 FROM gateway_session WHERE device = %s AND subscriptions <> '{}'",
                device.id,
            ),
            "the subscription",
        )
        command = site.command(device)
        out, _ = process.communicate(timeout=PATIENCE_S)
    assert json.loads(out)["id"] == str(command)
    until(lambda: site.command_state(command) == "delivered", "delivered")


@pytest.fixture(scope="module")
def mqttjs() -> Path:
    """Return a folder with mqtt.js installed, outside the repository, or skip."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    wanted = (MQTTJS / "package.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "songhe-tests" / f"mqttjs-{hashlib.sha256(wanted).hexdigest()[:12]}"
    if not (folder / "node_modules" / "mqtt" / "package.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_bytes(wanted)
        argv = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"]
        done = subprocess.run(
            argv, cwd=folder, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode:
            pytest.skip(f"mqtt.js cannot be installed: {done.stderr.strip()[-200:]}")
    shutil.copy(MQTTJS / "client.mjs", folder / "client.mjs")
    return folder


class JsDevice:
    """A running mqtt.js client and what it says."""

    def __init__(
        self, folder: Path, gateway: GatewayProcess, device: DeviceLogin, task: str, body: str = ""
    ) -> None:
        argv = ["node", "client.mjs", str(gateway.mqtt_port), device.key, device.secret, task, body]
        self.process = subprocess.Popen(
            argv, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def next(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else {}

    def rest(self) -> list[str]:
        """Wait for the end and return the remaining events by name."""
        out, errors = self.process.communicate(timeout=PATIENCE_S)
        assert not errors, errors
        return [json.loads(line)["event"] for line in out.splitlines()]


def test_mqttjs_publishes(
    mqttjs: Path, gateway: GatewayProcess, site: Site, device: DeviceLogin
) -> None:
    client = JsDevice(mqttjs, gateway, device, "publish", pressure(155).decode())
    assert client.next() == {"event": "connect", "session": False}
    assert client.next() == {"event": "acknowledged"}
    assert [row["values"] for row in site.readings(device)] == [[155.0, 80.0]]
    client.rest()


def test_mqttjs_with_a_wrong_password_hears_code_5(
    mqttjs: Path, gateway: GatewayProcess, device: DeviceLogin
) -> None:
    device.secret = "wrong"
    client = JsDevice(mqttjs, gateway, device, "publish", "{}")
    assert client.next() == {"event": "error", "code": 5}
    client.rest()


def test_mqttjs_on_another_devices_topic_is_closed(
    mqttjs: Path, gateway: GatewayProcess, site: Site, device: DeviceLogin
) -> None:
    client = JsDevice(mqttjs, gateway, device, "foreign", gateway.device().topic("readings"))
    assert client.next()["event"] == "connect"
    assert client.rest()[-1] == "close"
    assert [letter["reason"] for letter in site.letters(device)] == ["not-your-topic"]


def test_mqttjs_hears_a_command_and_answers_it(
    mqttjs: Path, gateway: GatewayProcess, site: Site, device: DeviceLogin
) -> None:
    client = JsDevice(mqttjs, gateway, device, "persistent")
    assert client.next() == {"event": "connect", "session": False}
    assert client.next() == {"event": "subscribed", "qos": 1}
    command = site.command(device)
    heard = client.next()
    assert (heard["topic"], heard["id"]) == (device.topic("commands"), str(command))
    assert client.next() == {"event": "answered"}
    assert site.command_state(command) == "done"
    client.rest()
