"""Structs that cross a process border: the contract of gateway and Django."""

from __future__ import annotations

import hashlib
from enum import IntEnum, IntFlag
from typing import Any, Literal
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

CHANNEL_SNAPSHOT = "songhe_snapshot"
CHANNEL_COMMAND = "songhe_command"
CHANNEL_FINDING = "songhe_finding"
CHANNEL_REPLAY = "songhe_replay"
CHANNEL_LIVE = "songhe_live"
CHANNEL_CUT = "songhe_cut"  # payload user:<uuid> or session:<id of a sign-in>: streams end now

Level = Literal["critical", "urgent", "warn", "info", "unknown"]
Phase = Literal["raised", "cleared", "notice"]


class SubjectKind(IntEnum):
    """What a reading is about; only findings are about the platform itself."""

    PERSON = 1
    PLACE = 2
    DEVICE = 3
    PLATFORM = 4


class Flag(IntFlag):
    """What is special about a stored reading."""

    LATE = 1
    ADJUSTED = 2
    RESTAMPED = 4
    FUTURE = 8
    REPLAYED = 16
    WELLNESS = 64


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One message's values at one instant. Key: (subject, device, effective_us, fingerprint).

    codes and values have one length; values are in the canonical unit of their code.
    """

    subject_kind: int
    subject: UUID
    device: UUID
    effective_us: int
    received_us: int
    codes: tuple[int, ...]
    values: tuple[float, ...]
    flags: int = 0
    person: UUID | None = None
    place: UUID | None = None

    @property
    def fingerprint(self) -> int:
        """Return the signed 64-bit fingerprint of the codes."""
        return fingerprint(self.codes)


class Wave(msgspec.Struct, frozen=True, gc=False, eq=False):
    """One message of a signal: equally spaced samples of one device and code, at most seconds long.

    samples: float32 in the canonical unit of the code, (instants, leads) for named leads and
    (instants, rows, columns) for frames; NaN has no value. The first instant is at started_us.
    """

    subject_kind: int
    subject: UUID
    device: UUID
    code: int
    started_us: int
    rate_hz: float
    received_us: int
    samples: NDArray[np.float32]
    leads: tuple[str, ...] = ("",)
    quality: float | None = None
    flags: int = 0
    person: UUID | None = None
    place: UUID | None = None

    @property
    def end_us(self) -> int:
        """Return the instant after the last sample: where an unbroken signal goes on."""
        return self.started_us + round(len(self.samples) * 1_000_000 / self.rate_hz)

    def at_us(self, instant: int) -> int:
        """Return when a sample was, counted from 0."""
        return self.started_us + round(instant * 1_000_000 / self.rate_hz)


class EvidenceKey(msgspec.Struct, frozen=True):
    """The key of one stored reading on which a finding rests; fingerprint as text for JSON."""

    subject: UUID
    device: UUID
    at_us: int
    fingerprint: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule saw: raised, cleared (of an earlier one) or a notice. The id is derived."""

    id: UUID
    rule: str
    rule_version: str
    phase: Phase
    level: Level
    subject_kind: int
    subject: UUID
    onset_us: int
    decided_us: int
    of: UUID | None = None
    person: UUID | None = None
    device: UUID | None = None
    late: bool = False
    summary: dict[str, Any] = {}
    evidence: list[EvidenceKey] = []
    params: dict[str, Any] = {}


class Binding(msgspec.Struct, frozen=True):
    """To whom or what a device belonged in a half-open period of epoch microseconds.

    person and place say who lives there and which room it is, whichever of them is the subject.
    """

    since_us: int
    until_us: int | None
    subject_kind: int
    subject: UUID
    person: UUID | None = None
    place: UUID | None = None
    place_kind: str = ""


class DeviceSnapshot(msgspec.Struct, frozen=True):
    """What the gateway must know of a device. secrets are hex SHA-256 with an optional end.

    format: the language that it speaks beside our own. names: what a hub calls the devices that
    it carries (foreign name to key). mounting: how it hangs, as `kernel.signals.mounting` names it.
    """

    id: UUID
    key: str
    active: bool
    type: str
    secrets: list[tuple[str, int | None]]
    bindings: list[Binding] = []
    organization: UUID | None = None
    children: list[str] = []
    wellness: bool = True
    expected_interval_s: int | None = None
    silent_after_s: int | None = None
    time_zone: str = "Asia/Shanghai"
    format: str = "songhe"
    names: dict[str, str] = {}
    mounting: dict[str, Any] = {}


class RuleChange(msgspec.Struct, frozen=True):
    """One override of a rule for a scope: only the parameters that differ."""

    rule: str
    version: str
    enabled: bool = True
    params: dict[str, Any] = {}


class RuleScope(msgspec.Struct, frozen=True):
    """The overrides of a scope (`*`, `org:<uuid>`, `person:<uuid>`) and what rules must know.

    facts: for example {"spo2_scale": 2, "oxygen": true, "away": [[from_us, to_us]],
    "fence": {"lat": .., "lon": .., "radius_m": ..}}. organization: the one a person belongs to.
    """

    scope: str
    changes: list[RuleChange] = []
    facts: dict[str, Any] = {}
    organization: UUID | None = None


class CommandMessage(msgspec.Struct, frozen=True):
    """A command on its way down to a device; times RFC 3339."""

    id: UUID
    name: str
    args: dict[str, Any]
    issued_at: str
    expires_at: str


class LiveTicket(msgspec.Struct, frozen=True):
    """Admission to the event stream: who, which topics, until when (epoch seconds).

    session: the id of the sign-in that asked; the stream ends with it.
    """

    user: UUID
    topics: list[str]
    exp: int
    session: str = ""


class LiveEvent(msgspec.Struct, frozen=True):
    """One announcement to browsers. It carries ids, never personal data."""

    topics: list[str]
    kind: str
    id: str
    at: str


_fingerprints: dict[tuple[int, ...], int] = {}


def fingerprint(codes: tuple[int, ...]) -> int:
    """Return the signed 64-bit fingerprint of a tuple of code numbers, whatever their order."""
    found = _fingerprints.get(codes)
    if found is None:
        text = ",".join(str(number) for number in sorted(codes))
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        found = int.from_bytes(digest, "big", signed=True)
        if len(_fingerprints) < 10_000:
            _fingerprints[codes] = found
    return found
