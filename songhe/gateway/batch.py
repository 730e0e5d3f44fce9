"""What one transaction will hold, and who is to be told once it is committed."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

import msgspec

from songhe.gateway.decoders import Acknowledgement, Refused, Status
from songhe.gateway.registry import Device, Route
from songhe.gateway.waves import Recorded
from songhe.kernel.wire import Reading

# (subject, device, effective time, fingerprint) as numbers: quicker to hash than UUIDs.
Key = tuple[int, int, int, int]


class Source(Protocol):
    """Where a message came from: a connection, an HTTP call, a dead letter on replay."""

    def begin(self, count: int) -> None:
        """Hear that a payload of so many messages is taken in (again, when a batch is split)."""

    def refuse(self, index: int, refused: Refused) -> bool:
        """Hear of a refusal; True when it becomes a dead letter of its own."""

    def overrun(self) -> None:
        """Hear that there were too many refusals: this message will not be acknowledged."""

    def settle(self, tokens: bytes) -> None:
        """Hear that messages are committed and judged; tokens are theirs, joined."""

    def give_up(self) -> None:
        """Hear that messages will not be stored now."""


class Inbound(msgspec.Struct, frozen=True, gc=False):
    """One payload as it came in. token is what its source wants back (a PUBACK, or nothing).

    letter: the dead letter that this is the replay of.
    """

    source: Source
    token: bytes
    route: Route
    payload: bytes
    received_us: int
    dup: bool = False
    flags: int = 0
    letter: UUID | None = None


class Letter(msgspec.Struct, frozen=True):
    """A row of dead_letter."""

    id: UUID
    received_us: int
    device: UUID | None
    device_key: str
    topic: str
    payload: bytes
    reason: str
    detail: str


class Replayed(msgspec.Struct, frozen=True):
    """The end of a dead letter's replay: replayed, or back to new with its reason of today."""

    letter: UUID
    refused: Refused | None


class Heard(msgspec.Struct):
    """When a device was last heard of in this batch: by its clock, and by ours.

    spoke: by something other than a reading, which the rules hear of by themselves.
    """

    effective_us: int
    received_us: int
    spoke: bool


class Batch:
    """Messages of one transaction, decoded and normalised, in the order they came.

    may_repeat: some of its readings may be stored already, so that each must be looked for.
    """

    __slots__ = (
        "answers",
        "bytes",
        "heard",
        "inbox",
        "judged",
        "letters",
        "may_repeat",
        "readings",
        "receipts",
        "replayed",
        "retried",
        "statuses",
        "waves",
    )

    def __init__(self) -> None:
        self.inbox: list[Inbound] = []
        self.bytes = 0
        self.readings: dict[Key, Reading] = {}
        self.waves: list[Recorded] = []
        self.statuses: list[tuple[Device, Status]] = []
        self.answers: list[tuple[Device, Acknowledgement]] = []
        self.letters: list[Letter] = []
        self.heard: dict[Device, Heard] = {}
        self.receipts: dict[Source, bytearray] = {}
        self.replayed: list[Replayed] = []
        self.retried = False
        self.may_repeat = False
        self.judged = True

    def __len__(self) -> int:
        return len(self.inbox)

    @property
    def has_more(self) -> bool:
        """Tell whether anything but readings is to be stored."""
        return bool(self.waves or self.letters or self.answers or self.replayed)

    def hear(
        self, device: Device, effective_us: int, received_us: int, *, spoke: bool = True
    ) -> None:
        """Note that a device was heard of."""
        known = self.heard.get(device)
        if known is None:
            self.heard[device] = Heard(effective_us, received_us, spoke)
            return
        known.received_us = received_us
        known.spoke |= spoke
        if effective_us > known.effective_us:
            known.effective_us = effective_us

    def give_up(self) -> None:
        """Tell every source that its messages are not stored."""
        for source in self.receipts:
            source.give_up()
