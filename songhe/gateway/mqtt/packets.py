"""The packets of MQTT 3.1.1 as structs, and the one error that bad bytes can cause."""

from __future__ import annotations

from enum import IntEnum

import msgspec


class ProtocolError(Exception):
    """The bytes are not MQTT 3.1.1, or ask for a part of it that we refuse; close the connection.

    reason is a short stable word for logs and counters; it never quotes the bytes.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Accepted(IntEnum):
    """Return codes of CONNACK (table 3.1)."""

    ACCEPTED = 0
    BAD_VERSION = 1
    BAD_IDENTIFIER = 2
    UNAVAILABLE = 3
    BAD_CREDENTIALS = 4
    NOT_AUTHORISED = 5


class Will(msgspec.Struct, frozen=True):
    """What the server publishes for a client that goes without DISCONNECT."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False


class Connect(msgspec.Struct, frozen=True):
    """The first packet of a client. With level other than 4 only the level has been read."""

    client_id: str = ""
    clean: bool = True
    keep_alive_s: int = 0
    will: Will | None = None
    username: str | None = None
    password: bytes | None = None
    level: int = 4


class Connack(msgspec.Struct, frozen=True):
    """The server's answer to CONNECT."""

    code: int
    session_present: bool = False


class Publish(msgspec.Struct, frozen=True, gc=False):
    """A message, either way. packet_id is 0 at QoS 0."""

    topic: str
    payload: bytes
    qos: int = 0
    packet_id: int = 0
    retain: bool = False
    dup: bool = False


class Puback(msgspec.Struct, frozen=True, gc=False):
    """The acknowledgement of a QoS 1 message."""

    packet_id: int


class Subscribe(msgspec.Struct, frozen=True):
    """Filters with the QoS asked for, at least one."""

    packet_id: int
    filters: tuple[tuple[str, int], ...]


class Suback(msgspec.Struct, frozen=True):
    """One code a filter, in order: the granted QoS, or 0x80 for a refusal."""

    packet_id: int
    codes: tuple[int, ...]


class Unsubscribe(msgspec.Struct, frozen=True):
    """Filters to end, at least one."""

    packet_id: int
    filters: tuple[str, ...]


class Unsuback(msgspec.Struct, frozen=True):
    """The answer to UNSUBSCRIBE."""

    packet_id: int


class Pingreq(msgspec.Struct, frozen=True):
    """A sign of life."""


class Pingresp(msgspec.Struct, frozen=True):
    """The answer to it."""


class Disconnect(msgspec.Struct, frozen=True):
    """A clean good-bye: no will."""


Packet = (
    Connect
    | Connack
    | Publish
    | Puback
    | Subscribe
    | Suback
    | Unsubscribe
    | Unsuback
    | Pingreq
    | Pingresp
    | Disconnect
)

REFUSED_FILTER = 0x80
MAX_REMAINING_LENGTH = 268_435_455
