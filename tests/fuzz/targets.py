"""The fuzzed entries: each takes any bytes, and raises only when something is wrong.

Used by Hypothesis in the tests and by the coverage-guided fuzzer (`./dev fuzz`). Decoders are found
through the registries that the gateway itself uses, so that a new one is fuzzed from its first day.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any

import msgspec
import yaml

from songhe.gateway import decoders, mqtt, waves
from songhe.gateway.batch import Batch, Inbound
from songhe.gateway.decoders import formats
from songhe.gateway.front.connection import PACKET_LIMIT
from songhe.gateway.intake import Intake
from songhe.gateway.registry import Registry, Route
from songhe.gateway.tests.builders import NOW_US, Sender, snapshot
from songhe.gateway.writer import rows
from songhe.kernel import codes
from songhe.kernel.detectors import Evaluator, RuleBook
from songhe.kernel.wire import DeviceSnapshot, fingerprint

EVERYTHING = mqtt.CLIENT_SENDS | mqtt.SERVER_SENDS
HUB, CHILD = "hub", "child"
NAMES = ("x", "ab", "a/b", "0102030405060708", "x_door", "x_weight", "x_sos", "sensor/x")
TYPES = ("thermometer", "door-magnet", "sos-button", "scale", "beacon", "band")
DETAIL_MAX = 4096
JUDGE = Evaluator(RuleBook())
_SAMPLES = resources.files("songhe.gateway.decoders") / "samples"


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """Return data in pieces of these sizes, the rest as the last piece."""
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    return [*pieces, data[at:]]


def parsed(pieces: list[bytes], limit: int = PACKET_LIMIT) -> tuple[list[mqtt.Packet], str]:
    """Return what the codec makes of a stream in pieces: packets, and the error's word or ""."""
    parser, found = mqtt.Parser(EVERYTHING, limit), []
    longest = max((len(piece) for piece in pieces), default=0)
    for piece in pieces:
        found += parser.feed(piece)
        # Never more is kept than one packet that is allowed, and the piece that came last.
        assert len(parser._pending) <= limit + 5 + longest
    return found, parser.failed.reason if parser.failed is not None else ""


def stream(data: bytes) -> None:
    """Fuzz the MQTT codec: the pieces of a stream change nothing, and packets survive encoding."""
    head, body = data[:8], data[8:]
    whole = parsed([body])
    assert parsed(cut(body, [1 + size % 61 for size in head])) == whole
    packets, _ = whole
    again = b"".join(mqtt.encode(packet) for packet in packets if _is_whole(packet))
    kept = [packet for packet in packets if _is_whole(packet)]
    assert parsed([again], limit=mqtt.packets.MAX_REMAINING_LENGTH) == (kept, "")


def _is_whole(packet: mqtt.Packet) -> bool:
    """Tell whether a packet was read to its end (of another version only the level is)."""
    return not isinstance(packet, mqtt.Connect) or packet.level == 4


@cache
def topics() -> tuple[tuple[str, str], ...]:
    """Return (format, topic) of every kind of message that any decoder reads."""
    own = [f"songhe/1/{HUB}/{kind}" for kind in (*decoders.KINDS, "sightings")]
    own += [f"songhe/1/{CHILD}/readings", f"songhe/1/{HUB}/gatt/2A35", f"songhe/1/{HUB}/nonsense"]
    found = [(formats.OWN, topic) for topic in own]
    for name in formats.names():
        for rule in formats.get(name).topics:
            shapes = {re.sub(r"\{\w+\+?\}", part, rule.topic) for part in NAMES}
            found += [(name, shape.replace("#", "x")) for shape in sorted(shapes)]
    return tuple(dict.fromkeys(found))


@cache
def _hub(format_name: str) -> DeviceSnapshot:
    names = dict.fromkeys(NAMES, CHILD)
    return snapshot(HUB, format=format_name, children=[CHILD], names=names, type="home-gateway")


@cache
def _child(type_: str) -> DeviceSnapshot:
    return snapshot(CHILD, type=type_)


def message(data: bytes) -> None:
    """Fuzz one message of any kind, from its topic to the bytes of the rows.

    The first two bytes choose topic and type of the device; the rest is the payload.
    """
    if len(data) < 2:
        return
    format_name, topic = topics()[data[0] % len(topics())]
    registry = Registry()  # nothing is remembered from one input to the next
    registry.apply(_child(TYPES[data[1] % len(TYPES)]))
    route = registry.route(registry.apply(_hub(format_name)), topic)
    take(route, data[2:], dup=bool(data[1] & 0x80))


def take(route: Route, payload: bytes, *, dup: bool = False) -> Batch:
    """Take a message in, check what may be stored of it, and take its letters again."""
    intake, batch, sender = Intake(1e9), Batch(), Sender()
    intake.take(batch, Inbound(sender, b"ack.", route, payload, NOW_US, dup))
    _check(batch, payload)
    assert batch.receipts[sender] == b"ack."
    for letter in batch.letters:
        again = Batch()
        replayed = Inbound(Sender(), b"", route, letter.payload, NOW_US, letter=letter.id)
        intake.take(again, replayed)
        _check(again, letter.payload)
    return batch


def _check(batch: Batch, payload: bytes) -> None:
    for key, reading in batch.readings.items():
        assert len(reading.codes) == len(reading.values) == len(set(reading.codes))
        for number, value in zip(reading.codes, reading.values, strict=True):
            code = codes.by_number(number)
            assert math.isfinite(value)
            assert code.low <= value <= code.high
        assert rows.reading(reading, fingerprint(reading.codes))
        assert key[3] == fingerprint(reading.codes)
    for item in batch.waves:
        assert item.wave.samples.size <= 20_000 * len(item.wave.leads)
        assert sum(1 for _ in waves.rows(item)) == len(item.wave.leads)
    if batch.waves:  # no detector may stumble over what the gateway takes
        given = [item.wave for item in batch.waves]
        JUDGE.judge((), max(wave.end_us for wave in given), waves=given).commit()
    for _, status in batch.statuses:
        assert b"\\u0000" not in msgspec.json.encode(status)
    for letter in batch.letters:
        assert letter.reason in decoders.messages.REASONS
        assert "\0" not in letter.topic + letter.detail
        assert len(letter.detail) <= DETAIL_MAX
        (letter.topic + letter.detail).encode()
        # What is kept of a message is never much more than the message.
        assert len(letter.payload) <= max(len(payload), 64 * 1024) * 2
    assert len(batch.readings) + len(batch.letters) <= 501 * 64


TARGETS: dict[str, Callable[[bytes], None]] = {"stream": stream, "message": message}


def seeds() -> dict[str, list[bytes]]:
    """Return real messages to start from: the samples beside the decoders, and some packets."""
    login = mqtt.Connect("seed", True, 60, mqtt.Will("a/b", b"x", 1), "key", b"secret")
    packets: list[mqtt.Packet] = [
        login,
        mqtt.Publish("songhe/1/hub/readings", b'{"at":"2026-11-21T02:30:00Z"}', 1, 7),
        mqtt.Subscribe(3, (("songhe/1/hub/commands", 1), ("+/#", 0))),
        mqtt.Unsubscribe(4, ("a/b",)),
        mqtt.Puback(7),
        mqtt.Suback(3, (1, 0x80)),
        mqtt.Connack(0, True),
        mqtt.Pingreq(),
        mqtt.Disconnect(),
    ]
    streams = [bytes(8) + mqtt.encode(packet) for packet in packets]
    streams.append(bytes(range(8)) + b"".join(mqtt.encode(packet) for packet in packets))
    return {"stream": streams, "message": list(_message_seeds())}


def _payload(row: dict[str, Any]) -> bytes:
    """Return the bytes of a sample: in hex, as text, or the body of a data point."""
    if "hex" in row:
        return bytes.fromhex(row["hex"])
    if "payload" in row:
        return str(row["payload"]).encode()
    space, _, rest = str(row.get("schema", "")).partition("/")
    name, _, version = rest.rpartition("-")
    point = {
        "header": {
            "id": "1",
            "creation_date_time": "2026-11-21T02:30:00Z",
            "schema_id": {"namespace": space, "name": name, "version": version},
        },
        "body": row.get("body"),
    }
    return json.dumps(point, default=str).encode()


def _message_seeds() -> list[bytes]:
    found, known = [], topics()
    for file in sorted(_SAMPLES.iterdir(), key=lambda file: file.name):
        name = file.name.removesuffix(".yaml")
        for row in yaml.safe_load(file.read_text("utf-8")):
            payload = _payload(row)
            own = [i for i, (format_name, topic) in enumerate(known)
                   if format_name == name or topic.endswith(f"/{name}")]  # fmt: skip
            found += [bytes((index % 256, 0)) + payload for index in own[:6]]
    at = "2026-11-21T02:30:00Z"
    bodies: dict[str, Any] = {
        "readings": {"at": at, "readings": [{"code": "8480-6", "value": 186, "unit": "mm[Hg]"}]},
        "events": {"at": at, "event": "sos", "state": "pressed"},
        "positions": {"at": at, "lat": 35.2, "lon": 108.3, "datum": "gcj02"},
        "waveforms": {"at": at, "code": "songhe:ecg", "rate_hz": 250, "samples": [1, None, -3]},
        "status": {"at": at, "battery_pct": 50, "reported": {"a": [1, {"b": None}]}},
        "acks": {"at": at, "command": "01a200a3-ff31-7195-a752-be4b8a32a195", "result": "done"},
        "sightings": {"at": at, "sightings": [{"key": CHILD, "rssi_dbm": -71}]},
    }
    for kind, body in bodies.items():
        index = next(i for i, (_, topic) in enumerate(known) if topic.endswith(f"/{kind}"))
        found.append(bytes((index, 0)) + json.dumps(body).encode())
        found.append(bytes((index, 0)) + json.dumps([body, body]).encode())
    return found
