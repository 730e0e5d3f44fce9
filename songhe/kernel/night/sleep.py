"""Asleep or awake, 30 s by 30 s, from a worn device's activity counts and heart rate deviation.

A step over readings that says of each epoch what it was, ten minutes after it ended. The weights
and their limits: docs/models/sleep-wake.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
import numpy as np
import yaml
from numpy.typing import NDArray

from songhe.kernel import codes
from songhe.kernel.night.epochs import AHEAD, BEFORE, EPOCH_S, WIDTH, features
from songhe.kernel.signals.models import model
from songhe.kernel.time import SECOND_US
from songhe.kernel.wire import Reading

NAME = "sleep-wake"
EPOCH_US = EPOCH_S * SECOND_US
# After so long without a reading a new recording begins.
PAUSE_EPOCHS = 240
_NONE = float("nan")

Rows = NDArray[np.float32]


class Epoch(msgspec.Struct, frozen=True):
    """What one epoch was. at_us: its beginning; known_us: when that could be said, by the data.

    wake: the share of trees that say awake, 0 to 1, not a calibrated probability.
    """

    at_us: int
    known_us: int
    awake: bool
    wake: float


class SleepState(msgspec.Struct):
    """The last minutes of one device. Epochs are counted from started_us.

    first: the epoch of counts[0] and pulse[0]; told: the first that has not been judged.
    due_us: when time alone would let the rest be judged.
    """

    started_us: int = 0
    first: int = 0
    told: int = 0
    counts: tuple[float, ...] = ()
    pulse: tuple[float, ...] = ()
    due_us: int | None = None


@cache
def card() -> dict[str, Any]:
    """Return what is known of the weights: version, threshold, trained_on, sha256 and more."""
    text = (files("songhe.kernel") / f"data/models/{NAME}.yaml").read_text("utf-8")
    known: dict[str, Any] = yaml.safe_load(text)
    return known


def shipped() -> SleepWake:
    """Return the judge with the weights and the threshold of the package."""
    return SleepWake(model(NAME), float(card()["threshold"]))


@dataclass(frozen=True)
class SleepWake:
    """A judge of epochs. says: rows of features to (rows, 2), the second column being awake."""

    says: Callable[[Rows], NDArray[Any]]
    threshold: float

    def new(self) -> SleepState:
        """Return the state of a device that was never heard."""
        return SleepState()

    def step(
        self, state: SleepState, batch: Sequence[Reading], now_us: int
    ) -> tuple[SleepState, list[Epoch]]:
        """Judge epochs in the order of their time; an empty batch lets time pass until now_us.

        Pure: the given state stays as it was. An epoch is judged when a reading of more than AHEAD
        epochs later has come, or so much time has passed; one without activity counts is not.
        """
        work = _Work(state)
        activity, deviation = _numbers()
        for reading in batch:
            values = dict(zip(reading.codes, reading.values, strict=True))
            if activity in values or deviation in values:
                work.put(reading.effective_us, values.get(activity), values.get(deviation))
        if not batch:
            work.let_pass(now_us)
        return work.state(), work.judged(self)


@cache
def _numbers() -> tuple[int, int]:
    return codes.by_key("activity-counts").number, codes.by_key("heart-rate-deviation").number


class _Work:
    """A state being carried on: lists in place of tuples, and rows that wait to be judged."""

    def __init__(self, state: SleepState) -> None:
        self._started_us = state.started_us
        self._first = state.first
        self._told = state.told
        self._counts = list(state.counts)
        self._pulse = list(state.pulse)
        self._rows: list[tuple[int, list[float], list[float], int]] = []

    @property
    def _last(self) -> int:
        return self._first + len(self._counts) - 1

    def put(self, at_us: int, count: float | None, pulse: float | None) -> None:
        """Enter what one reading said; what is older than the kept minutes is too late."""
        if not self._counts:
            self._begin(at_us)
        place = (at_us - self._started_us + EPOCH_US // 2) // EPOCH_US
        if place - self._last > PAUSE_EPOCHS:
            self._close(place)
            self._begin(at_us)
            place = 0
        if place < self._first:
            return
        while self._last < place:
            self._counts.append(_NONE)
            self._pulse.append(_NONE)
        if count is not None:
            self._counts[place - self._first] = count
        if pulse is not None:
            self._pulse[place - self._first] = pulse
        self._close(self._last)

    def let_pass(self, now_us: int) -> None:
        """Judge what time has settled."""
        if self._counts:
            self._close((now_us - self._started_us) // EPOCH_US)

    def _begin(self, at_us: int) -> None:
        self._started_us = at_us
        self._first = self._told = 0
        self._counts, self._pulse = [_NONE], [_NONE]

    def _close(self, place: int) -> None:
        """Take out the epochs that lie more than AHEAD before `place`, and forget the old ones."""
        while self._told < place - AHEAD and self._told <= self._last:
            at = self._told - self._first
            if not np.isnan(self._counts[at]):
                around = slice(max(0, at - BEFORE), at + AHEAD + 1)
                left = max(0, BEFORE - at)
                self._rows.append((
                    self._told,
                    _padded(self._counts[around], left),
                    _padded(self._pulse[around], left),
                    self._started_us,
                ))  # fmt: skip
            self._told += 1
        if (old := self._told - BEFORE - self._first) > 0:
            # The newest stays, however old: it says where the recording ended.
            old = min(old, len(self._counts) - 1)
            del self._counts[:old], self._pulse[:old]
            self._first += old

    def state(self) -> SleepState:
        """Return the state that the next step begins with."""
        waits = bool(self._counts) and self._told <= self._last
        return SleepState(
            started_us=self._started_us,
            first=self._first,
            told=self._told,
            counts=tuple(self._counts),
            pulse=tuple(self._pulse),
            due_us=self._started_us + (self._last + AHEAD + 1) * EPOCH_US if waits else None,
        )

    def judged(self, judge: SleepWake) -> list[Epoch]:
        """Return what the epochs taken out were."""
        if not self._rows:
            return []
        told, counts, pulse, started = zip(*self._rows, strict=True)
        table = features(np.array(counts), np.array(pulse), np.array(told, dtype=float))
        wake = judge.says(table)[:, 1]
        return [
            Epoch(
                at_us=start + place * EPOCH_US,
                known_us=start + (place + AHEAD + 1) * EPOCH_US,
                awake=bool(share >= judge.threshold),
                wake=float(share),
            )
            for place, share, start in zip(told, wake, started, strict=True)
        ]


def _padded(values: Sequence[float], left: int) -> list[float]:
    return [*[_NONE] * left, *values, *[_NONE] * (WIDTH - left - len(values))]


def judge_night(judge: SleepWake, readings: Sequence[Reading]) -> list[Epoch]:
    """Return what the epochs of a night were that has ended; readings in the order of time."""
    state, epochs = judge.step(judge.new(), readings, 0)
    if state.due_us is not None:
        epochs += judge.step(state, (), state.due_us)[1]
    return epochs
