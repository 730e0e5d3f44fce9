"""The MQTT codec against any bytes in any pieces."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from songhe.gateway import mqtt
from tests.fuzz import targets


@given(st.binary(max_size=400))
@example(bytes(8) + b"\x10\xff\xff\xff\x7f" + bytes(40))
@example(bytes(range(8)) + b"\x30\x80\x80\x80\x00")
def test_any_bytes(data: bytes) -> None:
    targets.stream(data)


@given(st.lists(st.sampled_from(targets.seeds()["stream"]), max_size=4), st.data())
def test_damaged_packets_in_any_pieces(packets: list[bytes], data: st.DataObject) -> None:
    raw = bytearray(b"".join(packet[8:] for packet in packets))
    for _ in range(data.draw(st.integers(0, 3)) if raw else 0):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    targets.stream(data.draw(st.binary(min_size=8, max_size=8)) + bytes(raw))


@given(st.integers(1001, 268_435_455), st.integers(0, 4))
def test_a_packet_beyond_the_limit_fails_before_its_bytes_are_kept(length: int, have: int) -> None:
    parser = mqtt.Parser(limit=1000)
    head = b"\x30" + mqtt.encode(mqtt.Publish("a", b""))[:0]
    digits = bytearray()
    while True:
        length, digit = divmod(length, 128)
        digits.append(digit | 0x80 if length else digit)
        if not length:
            break
    for byte in bytes(digits):
        assert parser.failed is None
        head += bytes((byte,))
        parser.feed(head[-1:] if len(head) > 2 else head)
    assert parser.failed is not None
    assert parser.failed.reason == "too-large"
    assert parser.feed(bytes(have)) == []
    assert not parser.partial
