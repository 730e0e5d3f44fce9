"""What decoders give: messages with the device's own codes, units and times, or a refusal."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
ShortText = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*$")]

REASONS = (
    "not-json",
    "bad-shape",
    "unknown-code",
    "bad-unit",
    "bad-value",
    "implausible",
    "too-old",
    "future",
    "too-large",
    "not-your-topic",
    "unknown-topic",
    "unbound",
    "rate-limited",
)


class Value(msgspec.Struct, gc=False):
    """One measured value; without a unit it is in the canonical unit of its code."""

    code: str
    value: float
    unit: str | None = None


class Measurement(msgspec.Struct):
    """Values of one instant. The fields are those of a `readings` message of interface 1."""

    at: Instant
    readings: Annotated[list[Value], msgspec.Meta(min_length=1, max_length=64)]
    sent_at: Instant | None = None
    id: ShortText | None = None


class Status(msgspec.Struct):
    """How a device is. Without `at`, as in a will, the time of receipt counts."""

    at: Instant | None = None
    battery_pct: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    rssi_dbm: Annotated[float, msgspec.Meta(ge=-150, le=20)] | None = None
    firmware: Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[^\x00]*$")] | None = None
    online: bool | None = None
    reported: dict[str, Any] | None = None
    sent_at: Instant | None = None


class Acknowledgement(msgspec.Struct):
    """What a device did with a command."""

    at: Instant
    command: UUID
    result: Literal["done", "refused", "failed"]
    detail: ShortText = ""


class Waveform(msgspec.Struct):
    """Equally spaced samples from `at` on: value = sample * scale, in unit; rate in Hz."""

    at: Instant
    code: str
    rate_hz: Annotated[float, msgspec.Meta(gt=0, le=10_000)]
    samples: Annotated[list[int], msgspec.Meta(min_length=1, max_length=20_000)]
    seq: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] = 0
    unit: str | None = None
    scale: float = 1.0
    sent_at: Instant | None = None


class Refused(msgspec.Struct):
    """A message, or a part of one, that cannot be used: why, and the bytes to replay.

    kind: the kind that the bytes are a message of, where that is not the topic's.
    is_partial: the rest of the message is stored.
    """

    reason: str
    detail: str
    payload: bytes
    kind: str = ""
    is_partial: bool = False


Decoded = Measurement | Status | Acknowledgement | Waveform | Refused
