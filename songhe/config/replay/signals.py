"""Signals to messages: chunks of at most one second, gaps kept; files of many trials."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from songhe.config.replay.recording import UNDATED, Line

Samples = NDArray[Any]
# Between trials whose real distance in time nobody wrote down.
PAUSE = timedelta(seconds=5)
MISSING = -32768


@dataclass(frozen=True)
class Signal:
    """Equally spaced samples of one device and code, value = sample * scale in `unit`.

    leads: name to whole numbers of shape (n,), or one entry "" of shape (n, rows, columns) for the
    frames of an array. Masked samples have no value. recording: what belongs together.
    """

    sensor: str
    code: str
    unit: str
    rate_hz: float
    scale: float
    start: datetime
    leads: Mapping[str, Samples]
    recording: str

    @property
    def count(self) -> int:
        """Return how many instants there are."""
        return len(next(iter(self.leads.values())))

    def at(self, instant: int) -> datetime:
        """Return the time of an instant, to the microsecond."""
        return self.start + timedelta(microseconds=round(instant * 1e6 / self.rate_hz))


def chunks(signal: Signal, first_seq: int = 0) -> Iterator[Line]:
    """Yield a signal as messages of at most one second.

    seq counts places, not messages: where no lead has a value there is no message, and a number is
    left out. A lead without any value in a chunk is left out of it.
    """
    size = max(1, math.floor(signal.rate_hz))
    for place, begin in enumerate(range(0, signal.count, size)):
        end = min(begin + size, signal.count)
        parts = {name: samples[begin:end] for name, samples in signal.leads.items()}
        held = {name: part for name, part in parts.items() if np.ma.count(part)}
        if not held:
            continue
        body: dict[str, Any] = {
            "code": signal.code,
            "rate_hz": signal.rate_hz,
            "unit": signal.unit,
            "scale": signal.scale,
            "seq": first_seq + place,
            "recording": signal.recording,
        }
        if "" in held:
            body["frame"] = list(held[""].shape[1:])
            body["samples"] = held[""].reshape(-1)
        else:
            body["leads"] = [{"lead": name, "samples": part} for name, part in held.items()]
        at = signal.at(begin)
        yield Line(at, signal.sensor, "waveforms", body, signal.at(end) - at)


def steady_runs(times_ms: Sequence[float], period_ms: float) -> list[tuple[int, int]]:
    """Return stretches [a, b) in which every instant lies within half a period of its place.

    An instant that is late begins a new stretch at its own time: so gaps stay gaps, and the error
    of a time is below half a period. times_ms increase.
    """
    runs: list[tuple[int, int]] = []
    begin = 0
    for i in range(1, len(times_ms) + 1):
        placed = i < len(times_ms) and (
            abs(times_ms[i] - times_ms[begin] - (i - begin) * period_ms) <= period_ms / 2
        )
        if not placed:
            runs.append((begin, i))
            begin = i
    return runs


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV table."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sliced(path: Path) -> tuple[Samples, NDArray[np.int64]]:
    """Return (all trials of a file one after the other, where each begins)."""
    with np.load(path) as file:
        return file["signal"], file["offset"]


def masked(samples: Samples) -> Samples:
    """Return samples with the mark of a missing value masked; untouched where there is none."""
    is_missing = samples == MISSING
    return np.ma.masked_array(samples, is_missing) if is_missing.any() else samples


def axes(samples: Samples, first: int, prefix: str = "") -> dict[str, Samples]:
    """Return three columns as the leads x, y, z of a position."""
    before = f"{prefix} " if prefix else ""
    return {before + axis: masked(samples[:, first + i]) for i, axis in enumerate("xyz")}


class Row:
    """Places trials of unknown time one after the other, a pause between."""

    def __init__(self, start: datetime = UNDATED) -> None:
        self.next = start

    def place(self, length: timedelta) -> datetime:
        """Return where a trial of this length begins; every trial begins with a full second."""
        begin = self.next
        whole_s = math.ceil(length.total_seconds())
        self.next = begin + timedelta(seconds=whole_s) + PAUSE
        return begin
