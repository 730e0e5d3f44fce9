"""Device interface 1 over HTTP, with nothing but the standard library as the client."""

from __future__ import annotations

import json
from typing import Any

import pytest

from songhe.kernel import codes
from tests.support.gateway import GatewayProcess, Site, pressure, stamp, until


def test_a_message_is_answered_after_it_is_stored(gateway: GatewayProcess, site: Site) -> None:
    device = gateway.device()
    status, answer = gateway.post(device, "readings", pressure(131))
    assert (status, answer) == (200, {"accepted": 1, "rejected": []})
    (row,) = site.readings(device)
    assert row["values"] == [131.0, 80.0]
    assert row["subject"] == row["person"] == device.person
    assert gateway.post(device, "readings", pressure(131))[0] == 200


def test_a_batch_says_which_messages_were_refused_and_why(
    gateway: GatewayProcess, site: Site
) -> None:
    device = gateway.device()
    parts = [
        pressure(120, seconds_ago=60),
        b'{"at": 5}',
        pressure(150, seconds_ago=50).replace(b"80,", b"9000,"),
        pressure(130, seconds_ago=40).replace(b"mm[Hg]", b"bar"),
    ]
    status, answer = gateway.post(device, "readings", b"[" + b",".join(parts) + b"]")
    assert status == 200
    assert answer["accepted"] == 2
    told = [(r["index"], r["reason"], r.get("partial", False)) for r in answer["rejected"]]
    assert told == [(1, "bad-shape", False), (2, "implausible", True), (3, "bad-unit", False)]
    assert [row["values"] for row in site.readings(device)] == [[120.0, 80.0], [150.0]]
    letters = site.letters(device)
    assert [letter["reason"] for letter in letters] == ["bad-shape", "implausible", "bad-unit"]
    assert json.loads(bytes(letters[0]["payload"])) == {"at": 5}


@pytest.mark.parametrize(("secret", "status"), [("wrong", 401), (None, 403)])
def test_strangers_and_other_devices_are_refused_and_nothing_is_stored(
    gateway: GatewayProcess, site: Site, secret: str | None, status: int
) -> None:
    device, other = gateway.device(), gateway.device()
    got, answer = gateway.post(device, "readings", pressure(), secret=secret, key=other.key)
    assert (got, answer["status"]) == (status, status)
    assert site.readings(other) == site.readings(device) == []


def test_a_hub_posts_for_its_children(gateway: GatewayProcess, site: Site) -> None:
    child = gateway.device()
    hub = gateway.device(children=[child.key])
    assert gateway.post(hub, "readings", pressure(140), key=child.key)[0] == 200
    assert [row["subject"] for row in site.readings(child)] == [child.person]


def test_limits_and_addresses(gateway: GatewayProcess) -> None:
    device = gateway.device()
    assert gateway.post(device, "readings", b" " * 70_000)[0] == 413
    assert gateway.post(device, "gossip", b"{}")[0] == 404
    assert gateway.get("/v1/x/readings")[0] == 405
    assert gateway.get("/nowhere")[0] == 404


KINDS: list[tuple[str, dict[str, Any], list[tuple[str, float]]]] = [
    ("events", {"event": "sos", "state": "pressed"}, [("sos", 1)]),
    ("events", {"event": "door", "state": "closed"}, [("door", 0)]),
    ("events", {"event": "power", "state": 42.5}, [("power", 42.5)]),
    ("positions", {"lat": 22.5, "lon": 114.1}, [("lat", 22.5), ("lon", 114.1)]),
    (
        "positions",
        {"lat": 39.9056, "lon": 116.41364, "datum": "gcj02", "accuracy_m": 12},
        [("lat", 39.9042), ("lon", 116.4074), ("accuracy", 12)],
    ),
    (
        "readings",
        {"readings": [{"code": "14743-9", "value": 180, "unit": "mg/dL"}]},
        [("glucose", 9.9911)],
    ),
    ("status", {"battery_pct": 17, "rssi_dbm": -71}, [("battery", 17), ("rssi", -71)]),
]


@pytest.mark.parametrize(("kind", "message", "stored"), KINDS)
def test_every_kind_becomes_codes_and_canonical_values(
    gateway: GatewayProcess,
    site: Site,
    kind: str,
    message: dict[str, Any],
    stored: list[tuple[str, float]],
) -> None:
    device = gateway.device()
    body = json.dumps({"at": stamp(), **message}).encode()
    assert gateway.post(device, kind, body) == (200, {"accepted": 1, "rejected": []})
    (row,) = site.readings(device)
    assert row["codes"] == [codes.by_key(key).number for key, _ in stored]
    assert row["values"] == pytest.approx([value for _, value in stored], abs=1e-3)


def test_a_status_is_about_the_device_and_is_remembered(
    gateway: GatewayProcess, site: Site
) -> None:
    device = gateway.device()
    message = {"at": stamp(), "battery_pct": 55, "firmware": "2.1", "reported": {"volume": 3}}
    gateway.post(device, "status", json.dumps(message).encode())
    (row,) = site.readings(device)
    assert (row["kind"], row["subject"], row["person"]) == (3, device.id, device.person)
    seen = until(lambda: site.seen(device), "device_seen")
    assert (seen["battery_pct"], seen["firmware"], seen["reported"]) == (55, "2.1", {"volume": 3})


def test_a_reported_state_that_the_database_cannot_hold_harms_nobody(
    gateway: GatewayProcess, site: Site
) -> None:
    device = gateway.device()
    status, answer = gateway.post(device, "status", b'{"reported": {"a": "\\u0000"}}')
    assert status == 200
    assert answer["rejected"][0]["reason"] == "bad-value"


def test_a_waveform_is_stored_in_its_canonical_unit(gateway: GatewayProcess, site: Site) -> None:
    device = gateway.device()
    message = {
        "at": stamp(),
        "code": "songhe:ecg",
        "rate_hz": 250,
        "unit": "mV",
        "scale": 0.005,
        "seq": 3,
        "samples": [0, 100, -100, 200],
    }
    body = json.dumps(message).encode()
    for _ in range(2):
        assert gateway.post(device, "waveforms", body)[0] == 200
    ((samples, rate_hz, seq),) = site.rows(
        "SELECT samples, rate_hz, seq FROM waveform WHERE device = %s", device.id
    )
    assert memoryview(bytes(samples)).cast("f").tolist() == pytest.approx([0, 0.5, -0.5, 1.0])
    assert (rate_hz, seq) == (250.0, 3)


def test_a_dead_letter_is_replayed_once_its_cause_is_gone(
    gateway: GatewayProcess, site: Site
) -> None:
    hub, child = gateway.device(), gateway.device()
    topic = child.topic("readings")
    body = pressure(161, seconds_ago=30)
    site.rows(
        "INSERT INTO dead_letter (id, received_at, device, device_key, topic, payload, reason,"
        " detail, state) VALUES (gen_random_uuid(), now(), %s, %s, %s, %s, 'not-your-topic', '',"
        " 'replay')",
        hub.id,
        hub.key,
        topic,
        body,
    )
    site.rows("SELECT pg_notify('songhe_replay', '')")
    until(lambda: site.letters(hub)[0]["state"] == "new", "the letter to come back")
    assert site.readings(child) == []
    site.change(hub, children=[child.key])
    until(lambda: gateway.post(hub, "status", b"{}", key=child.key)[0] == 200, "the child")
    site.rows("UPDATE dead_letter SET state = 'replay' WHERE device = %s", hub.id)
    site.rows("SELECT pg_notify('songhe_replay', '')")
    until(lambda: site.letters(hub)[0]["state"] == "replayed", "the replay")
    (row,) = site.readings(child)
    assert (row["values"], row["flags"]) == ([161.0, 80.0], 16)


def test_health_and_measures(gateway: GatewayProcess) -> None:
    device = gateway.device()
    before = gateway.measure("songhe_gateway_readings_total")
    gateway.post(device, "readings", pressure())
    assert gateway.get("/healthz") == (200, b'{"status":"ok"}')
    assert gateway.measure("songhe_gateway_readings_total") == before + 1
