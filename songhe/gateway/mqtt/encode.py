"""Packets to bytes, for both sides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from songhe.gateway.mqtt import packets as p


def remaining_length(length: int) -> bytes:
    """Return the variable length encoding of 2.2.3 (one to four bytes)."""
    if not 0 <= length <= p.MAX_REMAINING_LENGTH:
        raise ValueError("a packet holds at most 268,435,455 bytes")
    out = bytearray()
    while True:
        length, digit = divmod(length, 128)
        out.append(digit | 0x80 if length else digit)
        if not length:
            return bytes(out)


def _field(raw: bytes) -> bytes:
    """Return length-prefixed bytes (1.5.3)."""
    if len(raw) > 0xFFFF:
        raise ValueError("a field holds at most 65,535 bytes")
    return len(raw).to_bytes(2, "big") + raw


def _frame(head: int, body: bytes) -> bytes:
    return bytes((head,)) + remaining_length(len(body)) + body


def _publish(packet: p.Publish) -> bytes:
    head = 0x30 | packet.dup << 3 | packet.qos << 1 | packet.retain
    body = _field(packet.topic.encode())
    if packet.qos:
        body += packet.packet_id.to_bytes(2, "big")
    return _frame(head, body + packet.payload)


def _connect(packet: p.Connect) -> bytes:
    will, flags = packet.will, packet.clean << 1
    tail = _field(packet.client_id.encode())
    if will is not None:
        flags |= 0x04 | will.qos << 3 | will.retain << 5
        tail += _field(will.topic.encode()) + _field(will.payload)
    if packet.username is not None:
        flags |= 0x80
        tail += _field(packet.username.encode())
    if packet.password is not None:
        flags |= 0x40
        tail += _field(packet.password)
    head = _field(b"MQTT") + bytes((packet.level, flags)) + packet.keep_alive_s.to_bytes(2, "big")
    return _frame(0x10, head + tail)


def _subscribe(packet: p.Subscribe) -> bytes:
    rows = b"".join(_field(text.encode()) + bytes((qos,)) for text, qos in packet.filters)
    return _frame(0x82, packet.packet_id.to_bytes(2, "big") + rows)


def _unsubscribe(packet: p.Unsubscribe) -> bytes:
    rows = b"".join(_field(text.encode()) for text in packet.filters)
    return _frame(0xA2, packet.packet_id.to_bytes(2, "big") + rows)


def _suback(packet: p.Suback) -> bytes:
    return _frame(0x90, packet.packet_id.to_bytes(2, "big") + bytes(packet.codes))


_ENCODERS: dict[type, Callable[[Any], bytes]] = {
    p.Connect: _connect,
    p.Connack: lambda packet: bytes((0x20, 2, packet.session_present, packet.code)),
    p.Publish: _publish,
    p.Puback: lambda packet: b"\x40\x02" + packet.packet_id.to_bytes(2, "big"),
    p.Subscribe: _subscribe,
    p.Suback: _suback,
    p.Unsubscribe: _unsubscribe,
    p.Unsuback: lambda packet: b"\xb0\x02" + packet.packet_id.to_bytes(2, "big"),
    p.Pingreq: lambda packet: b"\xc0\x00",
    p.Pingresp: lambda packet: b"\xd0\x00",
    p.Disconnect: lambda packet: b"\xe0\x00",
}


def encode(packet: p.Packet) -> bytes:
    """Return the bytes of a packet."""
    return _ENCODERS[type(packet)](packet)
