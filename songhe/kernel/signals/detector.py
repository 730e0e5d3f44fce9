"""What every detector of a signal is: a step over waves that says what it saw, and when it knew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from songhe.kernel.wire import Wave

Phase = Literal["begin", "end", "note"]


class Sign(msgspec.Struct, frozen=True, kw_only=True):
    """What a signal showed.

    what: its name, such as fall. phase: whether it begins, ends (the one that began before), or is
    a notice without length. at_us: when it happened, by the samples' own time. known_us: the end of
    the last sample that was needed to say so; nothing later was looked at. certainty: 0 to 1, as
    its model card explains. facts: figures for words and drawings, with their units in their names.
    evidence_us: the beginnings of the waves that show it.
    """

    what: str
    phase: Phase
    at_us: int
    known_us: int
    certainty: float
    facts: dict[str, Any] = {}
    evidence_us: tuple[int, ...] = ()


class SignalState(msgspec.Struct):
    """What a detector remembers of one signal; replaced by each step, never changed in place.

    end_us: the end of the last wave judged. due_us: when time alone would change something.
    """

    end_us: int = 0
    due_us: int | None = None


class Detector(Protocol):
    """One detector. codes: the numbers of the codes whose waves it judges, of one device.

    warmup_s: how much of the signal before now rebuilds its state after a restart.
    """

    codes: frozenset[int]
    warmup_s: float

    def new(self) -> SignalState:
        """Return the state of a device that was never heard."""
        ...

    def step(
        self, state: Any, batch: Sequence[Wave], now_us: int, params: Mapping[str, Any]
    ) -> tuple[Any, list[Sign]]:
        """Judge waves in the order of their time; an empty batch lets time pass until now_us.

        Pure: the given state stays as it was. How the signal was cut into waves changes nothing,
        and neither does what comes after a sign's known_us. A gap between waves is a gap.
        """
        ...
