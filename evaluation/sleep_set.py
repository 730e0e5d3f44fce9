"""The set sleep_walch_applewatch: epochs of people who slept in a laboratory with a watch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from evaluation import files
from evaluation.streaming import START_US
from songhe.kernel import codes
from songhe.kernel.night.epochs import EPOCH_S, features, windows
from songhe.kernel.night.sleep import EPOCH_US
from songhe.kernel.wire import Reading, SubjectKind

_WAKE_STAGE = 0.0


@dataclass(frozen=True)
class Sleeper:
    """One person's night: activity counts and heart rate deviation by epoch, NaN where none.

    awake: 1 where the polysomnogram says wake, 0 sleep, -1 where it says nothing.
    """

    subject: str
    counts: NDArray[np.float64]
    pulse: NDArray[np.float64]
    awake: NDArray[np.int64]

    def rows(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the features of the epochs that are told, and whether they were awake."""
        elapsed = np.arange(len(self.counts), dtype=float)
        table = features(windows(self.counts), windows(self.pulse), elapsed)
        told = (self.awake >= 0) & np.isfinite(self.counts)
        return table[told], self.awake[told]

    def readings(self) -> list[Reading]:
        """Return the night as a watch would send it."""
        numbers = (
            codes.by_key("activity-counts").number,
            codes.by_key("heart-rate-deviation").number,
        )
        found = []
        for place, pair in enumerate(zip(self.counts, self.pulse, strict=True)):
            known = [(n, float(v)) for n, v in zip(numbers, pair, strict=True) if np.isfinite(v)]
            if known:
                found.append(_reading(place, *zip(*known, strict=True)))
        return found


def _reading(place: int, numbers: tuple[int, ...], values: tuple[float, ...]) -> Reading:
    at_us = START_US + place * EPOCH_US
    return Reading(
        subject_kind=int(SubjectKind.PERSON),
        subject=UUID(int=1),
        device=UUID(int=2),
        effective_us=at_us,
        received_us=at_us,
        codes=numbers,
        values=values,
    )


def sleepers(folder: Path) -> list[Sleeper]:
    """Return the people of a folder, in the order of their names; raises NoRecording."""
    by_subject: dict[str, list[dict[str, str]]] = {}
    for path in files.found(folder, "epochs*.csv"):
        for row in files.rows(path):
            by_subject.setdefault(row["subject"], []).append(row)
    return [_sleeper(subject, by_subject[subject]) for subject in sorted(by_subject)]


def _sleeper(subject: str, rows: list[dict[str, str]]) -> Sleeper:
    places = [round(float(row["time"]) * 3600 / EPOCH_S) for row in rows]
    length = max(places) + 1
    counts, pulse = np.full(length, np.nan), np.full(length, np.nan)
    awake = np.full(length, -1, dtype=np.int64)
    for place, row in zip(places, rows, strict=True):
        counts[place] = float(row["activity_count"] or "nan")
        pulse[place] = float(row["hr_feature"] or "nan")
        awake[place] = int(float(row["psg_stage"]) == _WAKE_STAGE)
    return Sleeper(subject, counts, pulse, awake)
