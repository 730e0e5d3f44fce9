"""The MQTT codec: the standard's examples, its refusals, and any bytes Hypothesis finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhe.gateway import mqtt
from songhe.gateway.mqtt.encode import remaining_length

EVERYTHING = mqtt.CLIENT_SENDS | mqtt.SERVER_SENDS

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
names = texts.filter(lambda t: t and "+" not in t and "#" not in t)
levels = st.text("abc1/ä鹤", max_size=8)
filters = st.one_of(
    names, st.just("#"), st.just("+/x/#"), levels.map(lambda t: f"+/{t}"), st.just("a/+")
)
ids = st.integers(1, 0xFFFF)
blobs = st.binary(max_size=300)
wills = st.builds(mqtt.Will, names, blobs, st.integers(0, 2), st.booleans())


@st.composite
def connects(draw: st.DrawFn) -> mqtt.Connect:
    username = draw(st.none() | texts)
    return mqtt.Connect(
        client_id=draw(texts),
        clean=draw(st.booleans()),
        keep_alive_s=draw(st.integers(0, 0xFFFF)),
        will=draw(st.none() | wills),
        username=username,
        password=None if username is None else draw(st.none() | blobs),
    )


@st.composite
def publishes(draw: st.DrawFn) -> mqtt.Publish:
    qos = draw(st.integers(0, 1))
    return mqtt.Publish(
        topic=draw(names),
        payload=draw(blobs),
        qos=qos,
        packet_id=draw(ids) if qos else 0,
        retain=draw(st.booleans()),
        dup=bool(qos) and draw(st.booleans()),
    )


packets = st.one_of(
    connects(),
    publishes(),
    st.builds(mqtt.Connack, st.integers(1, 5)),
    st.builds(mqtt.Connack, st.just(0), st.booleans()),
    st.builds(mqtt.Puback, ids),
    st.builds(
        mqtt.Subscribe,
        ids,
        st.lists(st.tuples(filters, st.integers(0, 2)), min_size=1, max_size=4).map(tuple),
    ),
    st.builds(mqtt.Suback, ids, st.lists(st.sampled_from([0, 1, 2, 128])).map(tuple)),
    st.builds(mqtt.Unsubscribe, ids, st.lists(filters, min_size=1, max_size=4).map(tuple)),
    st.builds(mqtt.Unsuback, ids),
    st.sampled_from([mqtt.Pingreq(), mqtt.Pingresp(), mqtt.Disconnect()]),
)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """Return data in pieces of these sizes, the rest as the last piece."""
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    return [*pieces, data[at:]]


@given(st.lists(packets, max_size=6), st.lists(st.integers(0, 40), max_size=12))
def test_what_is_encoded_is_parsed_back_whatever_the_pieces(
    sent: list[mqtt.Packet], sizes: list[int]
) -> None:
    parser = mqtt.Parser(EVERYTHING)
    stream = b"".join(mqtt.encode(packet) for packet in sent)
    got = [packet for piece in cut(stream, sizes) for packet in parser.feed(piece)]
    assert parser.failed is None
    assert got == sent
    assert not parser.partial


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_arbitrary_bytes_only_ever_fail_the_parser(pieces: list[bytes]) -> None:
    parser = mqtt.Parser(limit=1000)
    for piece in pieces:
        for packet in parser.feed(piece):
            assert mqtt.encode(packet)
    assert parser.failed is None or isinstance(parser.failed, mqtt.ProtocolError)


@given(packets, st.data())
def test_a_damaged_packet_never_raises_anything_else(
    packet: mqtt.Packet, data: st.DataObject
) -> None:
    raw = bytearray(mqtt.encode(packet))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    parser = mqtt.Parser(EVERYTHING, limit=4096)
    parser.feed(bytes(raw))
    assert parser.failed is None or parser.failed.reason


@pytest.mark.parametrize(
    ("length", "raw"),
    [
        (0, "00"),
        (127, "7f"),
        (128, "8001"),
        (16_383, "ff7f"),
        (16_384, "808001"),
        (2_097_152, "80808001"),
        (268_435_455, "ffffff7f"),
    ],
)
def test_remaining_length_as_in_table_2_4(length: int, raw: str) -> None:
    assert remaining_length(length).hex() == raw


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("c0ffffffff7f", "bad-length"),
        ("c100", "bad-packet-type"),
        ("8006000100016100", "bad-packet-type"),
        ("0000", "bad-packet-type"),
        ("f000", "bad-packet-type"),
        ("c00100", "long-packet"),
        ("3400", "qos-2-refused"),
        ("3600", "bad-qos"),
        ("3803000161", "bad-dup"),
        ("3000", "short-packet"),
        ("3003000561", "short-packet"),
        ("30020000", "bad-topic"),
        ("3003000123", "bad-topic"),
        ("3003000100", "bad-utf8"),
        ("30050003eda080", "bad-utf8"),
        ("320400016100", "short-packet"),
        ("32050001610000", "packet-id-zero"),
        ("82020001", "bad-subscribe"),
        ("820600010001 6103", "bad-subscribe"),
        ("82060000000161 00", "packet-id-zero"),
        ("8207000100022361 00", "bad-filter"),
        ("a2020001", "bad-unsubscribe"),
        ("4003000100", "long-packet"),
        ("100c 0004 4d515454 04 01 0000 0000", "bad-connect-flags"),
        ("100c 0004 4d515454 04 40 0000 0000", "bad-connect-flags"),
        ("100c 0004 4d515454 04 08 0000 0000", "bad-connect-flags"),
        ("100c 0004 4d515454 04 1c 0000 0000", "bad-connect-flags"),
        ("100c 0004 48545450 04 00 0000 0000", "not-mqtt"),
        ("100d 0004 4d515454 04 00 0000 0000 00", "long-packet"),
        ("308180800100", "too-large"),
    ],
)
def test_what_the_standard_forbids_fails_with_its_reason(raw: str, reason: str) -> None:
    parser = mqtt.Parser(limit=66_000)
    assert parser.feed(bytes.fromhex(raw)) == []
    assert parser.failed is not None
    assert parser.failed.reason == reason


def test_a_too_large_packet_fails_before_its_bytes_arrive() -> None:
    parser = mqtt.Parser(limit=10)
    parser.feed(b"\x30\x0b")
    assert parser.failed is not None


def test_packets_before_the_bad_bytes_are_handed_out_and_nothing_after() -> None:
    parser = mqtt.Parser()
    good = mqtt.encode(mqtt.Publish("a", b"1", 1, 7))
    assert parser.feed(good + b"\xf0\x00" + good) == [mqtt.Publish("a", b"1", 1, 7)]
    assert parser.failed is not None
    assert parser.feed(good) == []


@pytest.mark.parametrize(("name", "level", "seen"), [("MQTT", 5, 5), ("MQIsdp", 3, 3)])
def test_another_version_is_told_apart_from_garbage(name: str, level: int, seen: int) -> None:
    body = len(name).to_bytes(2, "big") + name.encode() + bytes((level, 2, 0, 60, 0))
    parser = mqtt.Parser()
    (packet,) = parser.feed(b"\x10" + bytes((len(body),)) + body)
    assert isinstance(packet, mqtt.Connect)
    assert packet.level == seen
