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
    "unknown-name",
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
    link_pct: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    snr_db: Annotated[float, msgspec.Meta(ge=-50, le=50)] | None = None
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


FrameSide = Annotated[int, msgspec.Meta(ge=1, le=128)]
Samples = Annotated[list[int | None], msgspec.Meta(min_length=1, max_length=20_000)]
Quality = Annotated[float, msgspec.Meta(ge=0, le=1)]
# Number, letter or sign, no control characters: it becomes text of the database.
Label = r"^[^\x00-\x1f]*$"


class Lead(msgspec.Struct):
    """One lead of a waveform: value = sample * scale; quality 0 (useless) to 1, as it says."""

    lead: Annotated[str, msgspec.Meta(min_length=1, max_length=16, pattern=Label)]
    samples: Samples
    scale: float | None = None
    quality: Quality | None = None


class Waveform(msgspec.Struct):
    """Equally spaced samples from `at` on: value = sample * scale, in unit; rate in Hz.

    A sample of null has no value (a gap within the message; a gap between messages shows by time
    and `seq`). Either samples or leads. frame: rows and columns of one instant, whose values stand
    row by row in samples; rate_hz then counts instants. recording: what belongs together.
    """

    at: Instant
    code: str
    rate_hz: Annotated[float, msgspec.Meta(gt=0, le=10_000)]
    samples: Samples | None = None
    seq: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] = 0
    unit: str | None = None
    scale: float = 1.0
    sent_at: Instant | None = None
    leads: Annotated[list[Lead], msgspec.Meta(min_length=1, max_length=16)] | None = None
    recording: Annotated[str, msgspec.Meta(max_length=64, pattern=Label)] = ""
    quality: Quality | None = None
    frame: tuple[FrameSide, FrameSide] | None = None

    def __post_init__(self) -> None:
        if (self.samples is None) == (self.leads is None):
            raise ValueError("samples or leads, one of them")
        if self.leads is not None and len({lead.lead for lead in self.leads}) != len(self.leads):
            raise ValueError("a lead is there twice")
        if len({len(lead.samples) for lead in self.parts()}) > 1:
            raise ValueError("the leads differ in length")
        if self.frame is not None and len(self.parts()[0].samples) % (
            self.frame[0] * self.frame[1]
        ):
            raise ValueError("the samples are no whole number of frames")

    def parts(self) -> list[Lead]:
        """Return the leads; samples without a lead are one without a name."""
        if self.leads is not None:
            return self.leads
        return [Lead("", self.samples or [], None, self.quality)]


class Beacon(msgspec.Struct):
    """One beacon as a worn tag hears it."""

    key: Annotated[str, msgspec.Meta(max_length=120, pattern=Label)]
    rssi_dbm: Annotated[float, msgspec.Meta(ge=-150, le=20)]


class Sightings(msgspec.Struct):
    """The beacons that a worn tag heard at one instant."""

    at: Instant
    sightings: Annotated[list[Beacon], msgspec.Meta(min_length=1, max_length=64)]
    sent_at: Instant | None = None
    id: ShortText | None = None


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


Decoded = Measurement | Status | Acknowledgement | Waveform | Sightings | Refused
