"""Hubs and meters of other languages: real messages by mosquitto_pub into a real gateway."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from songhe.kernel import codes
from tests.support.gateway import (
    PATIENCE_S,
    DeviceLogin,
    GatewayProcess,
    Site,
    digest,
    stamp,
    until,
)

pytestmark = pytest.mark.skipif(
    shutil.which("mosquitto_pub") is None,
    reason="mosquitto's clients are not installed (Debian: mosquitto-clients)",
)


def publish(gateway: GatewayProcess, device: DeviceLogin, topic: str, payload: str | Path) -> None:
    """Publish one message at QoS 1; return when it is acknowledged."""
    where = ["-h", "127.0.0.1", "-p", str(gateway.mqtt_port), "-V", "mqttv311", "-q", "1"]
    body = ["-f", str(payload)] if isinstance(payload, Path) else ["-m", payload]
    argv = ["mosquitto_pub", *where, "-u", device.key, "-P", device.secret, "-t", topic, *body]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr


def family(
    gateway: GatewayProcess, *types: str, **hub: Any
) -> tuple[DeviceLogin, list[DeviceLogin]]:
    """Return a hub and the devices of these types that it carries."""
    carried = [gateway.site.device() for _ in types]
    for device, type_ in zip(carried, types, strict=True):
        gateway.site.change(device, type=type_)
    names = hub.pop("names", {})
    known = {name: carried[number].key for name, number in names.items()}
    keys = [device.key for device in carried]
    # What is announced comes in order: once the hub is known, its devices are.
    return gateway.device(children=keys, names=known, **hub), carried


def values(site: Site, device: DeviceLogin, *, own: bool = False) -> list[dict[str, float]]:
    """Return stored readings by key of code; own: those about the device itself."""
    found = []
    for row in site.readings(device):
        if (row["kind"] == 3) == own:
            keys = [codes.by_number(number).key for number in row["codes"]]
            found.append(dict(zip(keys, row["values"], strict=True)))
    return found


def test_zigbee2mqtt(gateway: GatewayProcess, site: Site) -> None:
    names = {"hall/door": 0, "button": 1}
    hub, (door, button) = family(
        gateway, "door-magnet", "sos-button", names=names, format="zigbee2mqtt"
    )
    said = f'{{"contact":false,"battery":97,"linkquality":255,"last_seen":"{stamp(5)}"}}'
    publish(gateway, hub, "zigbee2mqtt/hall/door", said)
    publish(gateway, hub, "zigbee2mqtt/hall/door", '{"contact":false,"battery":96}')
    publish(gateway, hub, "zigbee2mqtt/hall/door", '{"contact":true}')
    publish(gateway, hub, "zigbee2mqtt/button", '{"action":"single"}')
    publish(gateway, hub, "zigbee2mqtt/bridge/logging", '{"level":"info","message":"x"}')
    assert values(site, door) == [{"door": 1.0}, {"door": 0.0}]
    assert values(site, door, own=True)[0] == {"battery": 97.0, "link-quality": 100.0}
    assert values(site, button) == [{"sos": 1.0}]
    assert site.readings(button)[0]["person"] == button.person
    publish(gateway, hub, "zigbee2mqtt/hall/door/availability", '{"state":"online"}')
    until(lambda: site.seen(door).get("online") is True, "a door that is there")
    publish(gateway, hub, "zigbee2mqtt/hall/door/availability", "offline")
    until(lambda: site.seen(door).get("online") is False, "a door that is gone")
    assert site.letters(hub) == site.letters(door) == []


def test_a_name_that_nobody_registered_is_one_letter_and_can_be_taken_again(
    gateway: GatewayProcess, site: Site
) -> None:
    hub, (leak,) = family(gateway, "water", format="zigbee2mqtt")
    for _ in range(3):
        publish(gateway, hub, "zigbee2mqtt/bath", '{"water_leak":true}')
    (letter,) = site.letters(hub)
    assert letter["reason"] == "unknown-name"
    assert "'bath'" in letter["detail"]
    assert values(site, leak) == []
    secrets = [(digest(hub.secret), None), (digest("the name is known"), None)]
    site.change(hub, names={"bath": leak.key}, secrets=secrets)
    until(lambda: gateway.knows(hub, "the name is known"), "the gateway to hear of the name")
    publish(gateway, hub, "zigbee2mqtt/bath", '{"water_leak":false}')
    until(lambda: len(values(site, leak)) == 1, "what the device of that name says")
    site.rows("UPDATE dead_letter SET state = 'replay' WHERE id = %s", letter["id"])
    site.rows("SELECT pg_notify('songhe_replay', '')")
    until(lambda: site.letters(hub)[0]["state"] == "replayed", "a letter that is taken again")
    assert values(site, leak) == [{"water-leak": 1.0}, {"water-leak": 0.0}]


def test_home_assistant(gateway: GatewayProcess, site: Site) -> None:
    names = {"sensor.bed_temperature": 0, "binary_sensor.x": 1}
    hub, (climate, door) = family(
        gateway, "climate", "door-magnet", names=names, format="homeassistant"
    )
    topic = "homeassistant/sensor/bed_temperature"
    publish(gateway, hub, f"{topic}/state", "70.7")
    publish(gateway, hub, f"{topic}/unit_of_measurement", '"°F"')
    publish(gateway, hub, f"{topic}/device_class", '"temperature"')
    publish(gateway, hub, f"{topic}/state", "70.7")
    publish(gateway, hub, "homeassistant/binary_sensor/x/state", "on")
    publish(gateway, hub, "homeassistant/binary_sensor/x/state", "unavailable")
    assert [letter["reason"] for letter in site.letters(climate)] == ["bad-unit"]
    assert values(site, climate) == [{"room-temperature": pytest.approx(21.5)}]
    assert values(site, door) == [{"door": 1.0}]


def test_chirpstack(gateway: GatewayProcess, site: Site) -> None:
    eui = "24e124535b316056"
    hub, (door,) = family(gateway, "door-magnet", names={eui: 0}, format="chirpstack")
    up = {
        "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
        "time": stamp(3),
        "deviceInfo": {"deviceProfileName": "WS301", "devEui": eui},
        "fPort": 85,
        "data": "AXVkAwABBAAA",
        "object": {"battery": 88, "magnet_status": "open"},
        "rxInfo": [{"rssi": -101, "snr": 4.2}, {"rssi": -48, "snr": 9.0}],
    }
    for _ in range(2):  # delivered twice, kept once: it has a time of its own
        publish(gateway, hub, f"application/1/device/{eui}/event/up", json.dumps(up))
    assert values(site, door) == [{"door": 1.0}]
    assert values(site, door, own=True) == [{"battery": 88.0, "rssi": -48.0, "snr": 9.0}]


def test_bluetooth_bytes_under_the_address_of_the_meter(
    gateway: GatewayProcess, site: Site, tmp_path: Path
) -> None:
    address = "C0:26:DA:01:02:03"
    hub, (meter,) = family(gateway, "bp-monitor", names={address: 0})
    raw = tmp_path / "indication"
    raw.write_bytes(bytes.fromhex("05a0f06bf07cf04800"))
    publish(gateway, hub, f"songhe/1/{address}/gatt/2A35", raw)
    (found,) = values(site, meter)
    assert found["sbp"] == pytest.approx(120.01, abs=0.01)
    assert found["heart-rate"] == 72.0
    message = {"at": stamp(2), "characteristic": "2A35", "hex": "00ff07ff07ff07"}
    publish(gateway, hub, f"songhe/1/{address}/gatt", json.dumps(message))
    assert [letter["reason"] for letter in site.letters(meter)] == ["bad-value"]
    publish(gateway, hub, "songhe/1/C0:00:00:00:00:00/gatt/2A35", raw)
    assert [letter["reason"] for letter in site.letters(hub)] == ["unknown-name"]


def test_a_plug_speaks_its_own_language_for_itself(gateway: GatewayProcess, site: Site) -> None:
    plug = gateway.device(format="tasmota")
    local = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 8 * 3600))
    publish(gateway, plug, "tele/kettle/SENSOR", f'{{"Time":"{local}","ENERGY":{{"Power":1840}}}}')
    assert values(site, plug) == [{"power": 1840.0}]
    publish(gateway, plug, "elsewhere/kettle", "{}")
    assert [letter["reason"] for letter in site.letters(plug)] == ["unknown-topic"]


def test_open_mhealth_points_say_what_is_kept(gateway: GatewayProcess, site: Site) -> None:
    phone = gateway.device()

    def point(name: str, body: dict[str, Any]) -> dict[str, Any]:
        named = {"namespace": "omh", "name": name, "version": "2.0"}
        header = {"id": name, "creation_date_time": stamp(2), "schema_id": named}
        return {"header": header, "body": body}

    frame = {"effective_time_frame": {"date_time": stamp(9)}}
    points = [
        point("body-weight", {"body_weight": {"value": 58.2, "unit": "kg"}, **frame}),
        point("body-weight", {"body_weight": {"value": 9, "unit": "stone"}, **frame}),
        point("medication-adherence-percent", {}),
    ]
    status, answer = gateway.post(phone, "openmhealth", json.dumps(points).encode())
    assert status == 200
    assert values(site, phone) == [{"weight": 58.2}]
    assert [row["index"] for row in answer["rejected"]] == [1, 2]
    assert "stone" in answer["rejected"][0]["detail"]


def test_waveforms_of_leads_and_frames_keep_gaps_and_quality(
    gateway: GatewayProcess, site: Site
) -> None:
    patch = gateway.device()
    leads = [
        {"lead": "I", "samples": [1, None, 3], "quality": 0.25},
        {"lead": "II", "samples": [4, 5, 6], "scale": 0.5},
    ]
    body = {"at": stamp(5), "code": "songhe:ecg", "rate_hz": 250, "scale": 0.01, "leads": leads}
    assert gateway.post(patch, "waveforms", json.dumps(body | {"recording": "n1"}).encode()) == (
        200,
        {"accepted": 1, "rejected": []},
    )
    frame = {"code": "songhe:thermal-array", "rate_hz": 4, "frame": [1, 4], "samples": [20] * 8}
    gateway.post(patch, "waveforms", json.dumps({"at": stamp(4), **frame}).encode())
    rows = site.rows(
        "SELECT lead, recording, quality, frame, samples FROM waveform WHERE device = %s"
        " ORDER BY frame, lead",
        patch.id,
    )
    assert [row[:4] for row in rows] == [
        ("I", "n1", 0.25, [1, 1]),
        ("II", "n1", None, [1, 1]),
        ("", "", None, [1, 4]),
    ]
    first, second, array = (np.frombuffer(row[4], "<f4") for row in rows)
    assert np.allclose(first, [0.01, np.nan, 0.03], equal_nan=True)
    assert np.allclose(second, [2.0, 2.5, 3.0])
    assert len(array) == 8


def test_a_tag_tells_the_beacons_that_it_hears(gateway: GatewayProcess, site: Site) -> None:
    beacon = site.device()
    site.change(beacon, type="beacon")
    tag = gateway.device()
    heard = [{"key": beacon.key, "rssi_dbm": -71}, {"key": "nobody", "rssi_dbm": -80}]
    body = json.dumps({"at": stamp(3), "sightings": heard}).encode()
    status, answer = gateway.post(tag, "sightings", body)
    assert (status, answer["accepted"]) == (200, 1)
    (refused,) = answer["rejected"]
    assert (refused["reason"], refused["partial"]) == ("unknown-name", True)
    (row,) = site.readings(beacon)
    assert (row["subject"], row["values"]) == (tag.person, [-71.0])
    assert list(row["codes"]) == [codes.by_code("songhe:sighting").number]
    (letter,) = site.letters(tag)
    assert json.loads(bytes(letter["payload"]))["sightings"] == [heard[1]]
    assert letter["topic"] == f"songhe/1/{tag.key}/sightings"
    assert isinstance(row["subject"], UUID)
