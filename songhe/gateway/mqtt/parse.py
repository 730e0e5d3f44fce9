"""Bytes to packets: incremental, strict, and never more than one error kind out of it."""

from __future__ import annotations

from collections.abc import Callable

from songhe.gateway.mqtt import packets as p
from songhe.gateway.mqtt.packets import ProtocolError

_TOPICS_KEPT = 64


class _Body:
    """A cursor over the bytes after the fixed header."""

    __slots__ = ("at", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.at = 0

    def take(self, size: int) -> bytes:
        """Return the next bytes; a packet that ends too early is malformed."""
        end = self.at + size
        if end > len(self.raw):
            raise ProtocolError("short-packet")
        self.at, start = end, self.at
        return self.raw[start:end]

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def packet_id(self) -> int:
        found = self.number()
        if found == 0:
            raise ProtocolError("packet-id-zero")  # [MQTT-2.3.1-1]
        return found

    def binary(self) -> bytes:
        return self.take(self.number())

    def text(self) -> str:
        return utf8(self.binary())

    def more(self) -> bool:
        return self.at < len(self.raw)

    def end(self) -> None:
        if self.more():
            raise ProtocolError("long-packet")


def utf8(raw: bytes) -> str:
    """Return text as 1.5.3 allows it: well-formed, no surrogate, no U+0000."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise ProtocolError("bad-utf8") from None
    if "\0" in text:
        raise ProtocolError("bad-utf8")  # [MQTT-1.5.3-2]
    return text


def topic_name(raw: bytes) -> str:
    """Return a topic that may be published to: not empty, no wildcard [MQTT-3.3.2-2]."""
    text = utf8(raw)
    if not text or "+" in text or "#" in text:
        raise ProtocolError("bad-topic")
    return text


def topic_filter(text: str) -> str:
    """Return a filter whose wildcards stand where 4.7.1 lets them."""
    if not text:
        raise ProtocolError("bad-filter")
    levels = text.split("/")
    for index, level in enumerate(levels):
        if "#" in level and (level != "#" or index != len(levels) - 1):
            raise ProtocolError("bad-filter")
        if "+" in level and level != "+":
            raise ProtocolError("bad-filter")
    return text


def _will(body: _Body, flags: int) -> p.Will | None:
    qos, retain = flags >> 3 & 3, bool(flags & 0x20)
    if not flags & 0x04:
        if qos or retain:
            raise ProtocolError("bad-connect-flags")  # [MQTT-3.1.2-13] [MQTT-3.1.2-15]
        return None
    if qos == 3:
        raise ProtocolError("bad-connect-flags")  # [MQTT-3.1.2-14]
    topic = topic_name(body.binary())
    return p.Will(topic=topic, payload=body.binary(), qos=qos, retain=retain)


def _connect(head: int, body: _Body) -> p.Packet:
    name, level = body.text(), body.byte()
    if name not in ("MQTT", "MQIsdp"):
        raise ProtocolError("not-mqtt")  # [MQTT-3.1.2-1]
    if name == "MQIsdp" or level != 4:
        return p.Connect(level=level if name == "MQTT" else 3)
    flags, keep_alive_s = body.byte(), body.number()
    if flags & 0x01:
        raise ProtocolError("bad-connect-flags")  # [MQTT-3.1.2-3]
    if not flags & 0x80 and flags & 0x40:
        raise ProtocolError("bad-connect-flags")  # [MQTT-3.1.2-22]
    client_id = body.text()
    will = _will(body, flags)
    username = body.text() if flags & 0x80 else None
    password = body.binary() if flags & 0x40 else None
    body.end()
    clean = bool(flags & 0x02)
    return p.Connect(client_id, clean, keep_alive_s, will, username, password)


def _connack(head: int, body: _Body) -> p.Packet:
    flags, code = body.byte(), body.byte()
    body.end()
    if flags > 1 or (code and flags):
        raise ProtocolError("bad-connack")
    return p.Connack(code, bool(flags))


def _puback(head: int, body: _Body) -> p.Packet:
    packet = p.Puback(body.packet_id())
    body.end()
    return packet


def _subscribe(head: int, body: _Body) -> p.Packet:
    packet_id, filters = body.packet_id(), []
    while body.more():
        text, qos = topic_filter(body.text()), body.byte()
        if qos > 2:
            raise ProtocolError("bad-subscribe")  # [MQTT-3-8.3-4]
        filters.append((text, qos))
    if not filters:
        raise ProtocolError("bad-subscribe")  # [MQTT-3.8.3-3]
    return p.Subscribe(packet_id, tuple(filters))


def _suback(head: int, body: _Body) -> p.Packet:
    packet_id, codes = body.packet_id(), []
    while body.more():
        code = body.byte()
        if code not in (0, 1, 2, p.REFUSED_FILTER):
            raise ProtocolError("bad-suback")
        codes.append(code)
    return p.Suback(packet_id, tuple(codes))


def _unsubscribe(head: int, body: _Body) -> p.Packet:
    packet_id, filters = body.packet_id(), []
    while body.more():
        filters.append(topic_filter(body.text()))
    if not filters:
        raise ProtocolError("bad-unsubscribe")  # [MQTT-3.10.3-2]
    return p.Unsubscribe(packet_id, tuple(filters))


def _unsuback(head: int, body: _Body) -> p.Packet:
    packet = p.Unsuback(body.packet_id())
    body.end()
    return packet


def _empty(packet: p.Packet) -> Callable[[int, _Body], p.Packet]:
    def parse(head: int, body: _Body) -> p.Packet:
        body.end()
        return packet

    return parse


# By the whole first byte: reserved flag bits that differ are malformed [MQTT-2.2.2-2].
_PARSERS: dict[int, Callable[[int, _Body], p.Packet]] = {
    0x10: _connect,
    0x20: _connack,
    0x40: _puback,
    0x82: _subscribe,
    0x90: _suback,
    0xA2: _unsubscribe,
    0xB0: _unsuback,
    0xC0: _empty(p.Pingreq()),
    0xD0: _empty(p.Pingresp()),
    0xE0: _empty(p.Disconnect()),
}
CLIENT_SENDS = frozenset((0x10, 0x40, 0x82, 0xA2, 0xC0, 0xE0))
SERVER_SENDS = frozenset((0x20, 0x40, 0x90, 0xB0, 0xD0))


class Parser:
    """Turns a stream of bytes into packets, whatever the pieces it comes in.

    accept: first bytes of the packets that the other side may send (PUBLISH always may).
    limit: the largest remaining length; a larger one is an error before its bytes are kept.
    After an error `failed` holds it, and every further byte is ignored: packets that came before
    the bad bytes are still handed out.
    """

    __slots__ = ("_accept", "_limit", "_need", "_pending", "_topics", "failed")

    def __init__(
        self, accept: frozenset[int] = CLIENT_SENDS, limit: int = p.MAX_REMAINING_LENGTH
    ) -> None:
        self._accept = accept
        self._limit = limit
        self._pending = bytearray()
        self._need = 0
        self._topics: dict[bytes, str] = {}
        self.failed: ProtocolError | None = None

    @property
    def partial(self) -> bool:
        """Tell whether a packet has begun and not ended."""
        return bool(self._pending)

    def feed(self, data: bytes) -> list[p.Packet]:
        """Return the packets that these bytes complete."""
        if self.failed is not None:
            return []
        pending = self._pending
        if pending:
            pending += data
            if len(pending) < self._need:
                return []
            data = bytes(pending)
            pending.clear()
        out: list[p.Packet] = []
        try:
            at = self._run(data, out)
        except ProtocolError as error:
            self.failed = error
            return out
        if at < len(data):
            pending += data[at:]
        return out

    def _run(self, data: bytes, out: list[p.Packet]) -> int:
        """Append every whole packet of data to out; return where the unfinished rest begins."""
        at, end, limit, topics = 0, len(data), self._limit, self._topics
        while end - at >= 2:
            head, length, start = data[at], data[at + 1], at + 2
            if length & 0x80:
                length, start = _length(data, at + 1, end)
                if length < 0:
                    self._need = end - at + 1
                    return at
            if head & 0xF0 != 0x30 and head not in self._accept:
                raise ProtocolError("bad-packet-type")
            if length > limit:
                raise ProtocolError("too-large")
            stop = start + length
            if stop > end:
                self._need = stop - at
                return at
            if head & 0xF0 == 0x30:
                out.append(_publish(head, data, start, stop, topics))
            else:
                out.append(_PARSERS[head](head, _Body(data[start:stop])))
            at = stop
        self._need = 2
        return at


def _length(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return a remaining length of more than one byte and where it ends; -1 when it is cut."""
    length = 0
    for shift in (0, 7, 14, 21):
        if at >= end:
            return -1, at
        digit = data[at]
        at += 1
        length |= (digit & 0x7F) << shift
        if not digit & 0x80:
            return length, at
    raise ProtocolError("bad-length")  # more than four bytes, 2.2.3


def _publish(head: int, data: bytes, at: int, stop: int, topics: dict[bytes, str]) -> p.Publish:
    """Return a PUBLISH; validated topics are kept in topics, as a device uses a handful."""
    qos = head >> 1 & 3
    if qos == 3:
        raise ProtocolError("bad-qos")  # [MQTT-3.3.1-4]
    if qos == 2:
        raise ProtocolError("qos-2-refused")
    if head & 0x08 and not qos:
        raise ProtocolError("bad-dup")  # [MQTT-3.3.1-2]
    after = at + 2
    start = after + (data[at] << 8 | data[at + 1]) if after <= stop else stop + 1
    if start > stop:
        raise ProtocolError("short-packet")
    raw = data[after:start]
    topic = topics.get(raw)
    if topic is None:
        topic = topic_name(raw)
        if len(topics) < _TOPICS_KEPT:
            topics[raw] = topic
    packet_id = 0
    if qos:
        if start + 2 > stop:
            raise ProtocolError("short-packet")
        packet_id = data[start] << 8 | data[start + 1]
        if not packet_id:
            raise ProtocolError("packet-id-zero")
        start += 2
    return p.Publish(topic, data[start:stop], qos, packet_id, bool(head & 1), bool(head & 8))
