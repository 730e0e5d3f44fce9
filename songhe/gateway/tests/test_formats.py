"""Foreign formats: samples become what they say, and no message makes a decoder fall."""

from __future__ import annotations

import json
import re
import struct
from importlib import resources
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from songhe.domains.devices.types import all_types
from songhe.gateway import decoders
from songhe.gateway.decoders import Memory, Refused, describe, formats
from songhe.gateway.decoders.gatt import ieee11073, layout, number_of
from songhe.gateway.decoders.messages import REASONS
from songhe.gateway.tests.builders import NOW_US, snapshot
from songhe.kernel import codes

SAMPLES = resources.files("songhe.gateway.decoders") / "samples"


def samples(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((SAMPLES / f"{name}.yaml").read_text("utf-8"))
    return found


def said(format_name: str, topic: str, payload: bytes, type_: str, memory: Memory) -> list[str]:
    one = snapshot("d", type=type_)
    talk = decoders.foreign_talk(formats.get(format_name), topic, lambda _name: one, memory)
    assert talk is not None, topic
    return describe.lines(talk.decode(payload, NOW_US), NOW_US)


CASES = [
    pytest.param(name, row, id=f"{name}: {row['about']}")
    for name in formats.names()
    for row in samples(name)
]


@pytest.mark.parametrize(("name", "row"), CASES)
def test_a_sample_becomes_what_it_says(name: str, row: dict[str, Any]) -> None:
    memory = Memory()
    for fact, value in row.get("facts", {}).items():
        said(name, row["topic"].replace("/state", f"/{fact}"), value.encode(), row["type"], memory)
    assert said(name, row["topic"], row["payload"].encode(), row["type"], memory) == row["becomes"]


@pytest.mark.parametrize("row", samples("gatt"), ids=lambda row: row["about"])
def test_bytes_become_what_the_sample_says(row: dict[str, Any]) -> None:
    data = bytes.fromhex(row["hex"])
    device = snapshot("d")
    raw = decoders.own_talk("gatt", device, Memory(), part=row["part"])
    assert describe.lines(raw.decode(data, NOW_US), NOW_US) == row["becomes"]
    uuid = f"0000{row['part'].lower()}-0000-1000-8000-00805f9b34fb"
    message = json.dumps({"characteristic": uuid, "hex": row["hex"]}).encode()
    talk = decoders.own_talk("gatt", device, Memory())
    found = describe.lines(talk.decode(message, NOW_US), NOW_US)
    assert found == [line.replace(f"'{row['part']}'", f"'{uuid}'") for line in row["becomes"]]


def test_every_format_and_characteristic_has_samples_and_known_codes() -> None:
    assert {file.name for file in SAMPLES.iterdir()} >= {f"{n}.yaml" for n in formats.names()}
    assert {row["part"] for row in samples("gatt")} >= set(layout.characteristics()) - {"2AAA"}
    for name in formats.names():
        table = formats.get(name)
        assert table.source and table.status and table.title  # noqa: PT018
        assert {rule.reader for rule in table.topics} <= set(decoders.READERS)
        fields = [f for t in table.tables.values() for row in t.values() for f in row]
        for field in fields:
            assert set(field.types) <= set(all_types())
            if field.code:
                number = codes.by_code(field.code).number
                if field.unit not in (None, "stated"):
                    codes.convert(number, 1.0, field.unit)
    for known in layout.characteristics().values():
        for value in known.values:
            for unit in value.unit:
                codes.normalise(value.code, codes.by_code(value.code).low, None)
                assert unit is None or codes.convert(codes.by_code(value.code).number, 1, unit)


@pytest.mark.parametrize("name", formats.names())
def test_the_hub_types_that_name_a_format_exist(name: str) -> None:
    assert [kind.code for kind in all_types().values() if kind.format == name]


# ---- states that are told again


def door(payload: bytes, memory: Memory, *, at_us: int, dup: bool = False) -> list[str]:
    one = snapshot("d", type="door-magnet")
    table = formats.get("zigbee2mqtt")
    talk = decoders.foreign_talk(table, "zigbee2mqtt/door", lambda _name: one, memory)
    assert talk is not None
    return describe.lines(talk.decode(payload, at_us, dup), at_us)


def test_a_door_that_is_told_open_again_was_not_opened_again() -> None:
    memory = Memory()
    opened = ["at receipt: songhe:door Door open 1"]
    shut = ["at receipt: songhe:door Door open 0"]
    assert door(b'{"contact":false}', memory, at_us=NOW_US) == opened
    again = door(b'{"contact":false,"battery":50}', memory, at_us=NOW_US + 10)
    assert again == ["at receipt: device battery_pct 50"]
    assert door(b'{"contact":true}', memory, at_us=NOW_US + 20) == shut
    assert door(b'{"contact":false}', memory, at_us=NOW_US + 30) == opened


def test_a_change_that_was_not_stored_is_told_again() -> None:
    opened = ["at receipt: songhe:door Door open 1"]
    memory = Memory()
    assert door(b'{"contact":false}', memory, at_us=NOW_US) == opened
    # The batch is split and taken in again: the same message at the same time of receipt.
    assert door(b'{"contact":false}', memory, at_us=NOW_US) == opened
    # Delivered twice, with DUP: the time of the first delivery, so that it is kept once.
    first = [opened[0].replace("at receipt", "2026-11-21T02:31:00Z")]
    assert door(b'{"contact":false}', memory, at_us=NOW_US + 5_000_000, dup=True) == first
    # Given up: nothing was stored, so everything is news.
    memory.forget()
    assert door(b'{"contact":false}', memory, at_us=NOW_US + 9_000_000) == opened


def test_a_cached_motion_is_a_sign_of_life_only_with_a_time_of_its_own() -> None:
    memory, one = Memory(), snapshot("d", type="pir")
    table = formats.get("zigbee2mqtt")
    talk = decoders.foreign_talk(table, "zigbee2mqtt/pir", lambda _name: one, memory)
    assert talk is not None

    def told(text: str) -> list[str]:
        return describe.lines(talk.decode(text.encode(), NOW_US), NOW_US)

    assert told('{"occupancy":true}') == ["at receipt: songhe:motion Motion 1"]
    assert told('{"occupancy":true,"battery":9}') == ["at receipt: device battery_pct 9"]
    timed = '{"occupancy":true,"last_seen":"2026-11-21T02:30:59Z"}'
    assert told(timed) == ["2026-11-21T02:30:59Z: songhe:motion Motion 1"]


def test_a_letter_of_last_week_changes_nothing_of_today() -> None:
    memory, one = Memory(), snapshot("d", type="door-magnet")
    table = formats.get("zigbee2mqtt")
    talk = decoders.foreign_talk(table, "zigbee2mqtt/d", lambda _name: one, memory)
    assert talk is not None
    talk.decode(b'{"contact":false}', NOW_US)
    old = talk.decode(b'{"contact":true}', NOW_US - 7 * 86_400_000_000, again=True)
    assert describe.lines(old, 0)[0].endswith("songhe:door Door open 0")
    assert describe.lines(talk.decode(b'{"contact":false}', NOW_US + 1), 0) == [
        "2026-11-21T02:31:00.000001Z: device is there"
    ]


def test_a_session_start_dates_continuous_glucose() -> None:
    memory, device = Memory(), snapshot("d")
    start = bytes.fromhex("ea070b150a0000") + struct.pack("<bB", 32, 0)
    decoders.own_talk("gatt", device, memory, part="2AAA").decode(start, NOW_US)
    talk = decoders.own_talk("gatt", device, memory, part="2AA7")
    late = talk.decode(bytes.fromhex("06006c000f00"), NOW_US)
    assert describe.lines(late, NOW_US)[0].startswith("2026-11-21T02:15:00Z: ")


def test_what_one_message_may_bring_is_bounded() -> None:
    beats = json.dumps({"characteristic": "2A37", "hex": "1048" + "5503" * 250})
    talk = decoders.own_talk("gatt", snapshot("d"), Memory())
    assert len(talk.decode(f"[{','.join([beats] * 15)}]".encode(), NOW_US)) < 4096
    (item,) = talk.decode(f"[{','.join([beats] * 60)}]".encode(), NOW_US)
    assert isinstance(item, Refused)
    assert item.reason == "too-large"


# ---- numbers that are none


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (0x07FF, "NaN"),
        (0x0800, "NRes"),
        (0x07FE, "+INF"),
        (0x0802, "-INF"),
        (0x0801, "reserved"),
        (0x0803, -2045.0),
        (0x07FD, 2045.0),
        (0xF0A0, 16.0),
        (0xC03E, 0.0062),
        (0x1001, 10.0),
        (0x0FFF, -1.0),
    ],
)
def test_sfloat(raw: int, value: float | str) -> None:
    assert ieee11073.sfloat(raw) == value


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (0x007FFFFF, "NaN"),
        (0x00800000, "NRes"),
        (0x007FFFFE, "+INF"),
        (0x00800002, "-INF"),
        (0x00800001, "reserved"),
        (0xFF00016F, 36.7),
        (0xFFFFFFFF, -0.1),
        (0x02000001, 100.0),
    ],
)
def test_float32(raw: int, value: float | str) -> None:
    assert ieee11073.float32(raw) == value


def test_a_characteristic_is_named_by_number_or_uuid() -> None:
    for name in ("2A35", "0x2a35", "00002A35-0000-1000-8000-00805F9B34FB", "00002a35"):
        assert number_of(name) == "2A35"


# ---- nothing that comes makes a decoder fall

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
TYPES = ("door-magnet", "sos-button", "thermometer", "pir", "item-sensor", "zigbee-hub")
TOPICS = {
    "zigbee2mqtt": ["zigbee2mqtt/a/b", "zigbee2mqtt/a/availability", "zigbee2mqtt/bridge/x"],
    "chirpstack": [f"application/1/device/ab/event/{e}" for e in ("up", "status", "join", "log")],
    "homeassistant": [
        f"homeassistant/{d}/x_{o}/{a}"
        for d, o in (("binary_sensor", "door"), ("sensor", "weight"), ("event", "sos"))
        for a in ("state", "unit_of_measurement", "device_class")
    ],
}


def known_fields(name: str) -> st.SearchStrategy[object]:
    table = formats.get(name)
    keys = sorted({k for t in table.tables.values() for k in t} | set(table.times))
    names = st.sampled_from([*keys, "object", "rxInfo", "state", "data"])
    return st.dictionaries(names, json_values | st.sampled_from(["on", "open", 1, -5, 1e308]))


@given(st.data())
def test_no_message_of_a_hub_raises(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(formats.names()))
    topics = TOPICS.get(name) or [
        re.sub(r"\{\w+\+?\}", "x", rule.topic).replace("#", "x")
        for rule in formats.get(name).topics
    ]
    memory = Memory()
    one = snapshot("d", type=data.draw(st.sampled_from(TYPES)))
    for _ in range(3):
        topic = data.draw(st.sampled_from(topics))
        talk = decoders.foreign_talk(formats.get(name), topic, lambda _name: one, memory)
        assert talk is not None
        given_json = data.draw(known_fields(name) | json_values)
        text = data.draw(st.binary(max_size=60) | st.just(json.dumps(given_json).encode()))
        items = talk.decode(text, NOW_US, data.draw(st.booleans()))
        assert 0 < len(items) <= 4
        assert all(i.reason in REASONS for i in items if isinstance(i, Refused))
        assert all(len(i.detail) <= 300 for i in items if isinstance(i, Refused))
        describe.lines(items, NOW_US)


@given(st.sampled_from(sorted(layout.characteristics())), st.binary(max_size=600))
def test_no_bytes_of_a_meter_raise(part: str, payload: bytes) -> None:
    talk = decoders.own_talk("gatt", snapshot("d"), Memory(), part=part)
    items = talk.decode(payload, NOW_US)
    assert 0 < len(items) <= 520
    assert all(item.reason in REASONS for item in items if isinstance(item, Refused))
    describe.lines(items, NOW_US)
