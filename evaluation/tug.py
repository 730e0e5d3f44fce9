"""Timed up and go from skeletons: a time for every trial, its phases, and what a crop lacks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from evaluation import files, intervals
from evaluation.outcome import Figure, Outcome, Table
from songhe.kernel.signals.skeleton import PHASES, Tug, timed_up_and_go

RATE_HZ = 15.0
_JOINTS = 32
_MISSING = -32768
# Fallers who live at home need longer (Shumway-Cook 2000, as the set's README gives it).
_CUT_OFF_S = 13.5


def evaluate(name: str, folder: Path) -> Outcome:
    """Time every trial of a folder; the index's duration is the length of the crop, no more."""
    del name
    found: list[tuple[dict[str, str], Tug, float]] = []
    for path in files.found(folder, "tug_skeleton_15hz_*.npz"):
        for trial in files.trials(path):
            joints = np.where(trial.samples == _MISSING, np.nan, trial.samples / 1000.0)
            tug = timed_up_and_go(joints.reshape(len(joints), _JOINTS, 3), RATE_HZ)
            found.append((trial.row, tug, len(joints) / RATE_HZ))
    timed = [np.isfinite(tug.time_s) and tug.time_s > 0 for _, tug, _ in found]
    whole = [one for one in found if not one[1].missing] or found
    shorter = [crop - tug.time_s for _, tug, crop in whole]
    counts: dict[str, list[float]] = {}
    for row, tug, _ in found:
        mine = counts.setdefault(row["subject"], [0.0, 0.0])
        mine[0] += not tug.missing
        mine[1] += 1
    figures = (
        Figure("trials", len(found), subjects=len(counts)),
        Figure("trials with a time", sum(timed), subjects=len(counts)),
        intervals.figure(
            "share of trials with all six phases",
            counts,
            intervals.share(0, (1,)),
            "the others are crops that begin or end in the middle",
        ),
        Figure("median time of whole trials, s", float(np.median([t.time_s for _, t, _ in whole]))),
        Figure(
            "median seconds of waiting cut off",
            float(np.median(shorter)),
            note=f"largest {max(shorter):.1f} s: the crop runs longer than the test",
        ),
        Figure("walked out, median m", float(np.median([t.walked_m for _, t, _ in whole]))),
        *_same_person(whole),
    )
    return Outcome(
        keys={"trials": float(len(found)), "with_time": float(sum(timed))},
        figures=figures,
        proves=(
            "Every trial has a time from the skeleton alone; where a crop lacks a phase its time "
            "is that of the part, with a certainty below 1 and the missing phases named. The "
            "distance walked out, about the test's 3 m, is an independent check of the geometry."
        ),
        cannot=(
            "No stop-watch times are in the set: duration_s is the length of the crop, so the "
            "error in seconds is not known. One camera, one room, healthy older volunteers."
        ),
        tables=(_table(found),),
    )


def _same_person(whole: list[tuple[dict[str, str], Tug, float]]) -> list[Figure]:
    """How far one person's whole trials lie apart: repeatability, without any reference."""
    people: dict[str, list[float]] = {}
    for row, tug, _ in whole:
        people.setdefault(row["subject"], []).append(tug.time_s)
    several = [np.array(times) for times in people.values() if len(times) > 1]
    if not several:
        return []
    spread = float(np.sqrt(np.mean([times.var(ddof=1) for times in several])))
    slow = sum(float(np.median(times)) > _CUT_OFF_S for times in people.values())
    return [
        Figure("standard deviation between one person's trials, s", spread, subjects=len(several)),
        Figure(f"people slower than {_CUT_OFF_S} s", slow, subjects=len(people)),
    ]


def _table(found: list[tuple[dict[str, str], Tug, float]]) -> Table:
    rows = [
        (
            f"{row['subject']} {row['trial']}",
            f"{crop:.1f}",
            f"{tug.time_s:.1f}",
            f"{tug.certainty:.2f}",
            ", ".join(tug.missing).replace("_", " ") or "none",
        )
        for row, tug, crop in found
        if tug.missing or tug.certainty < 1
    ]
    heads = ("trial", "crop, s", "time, s", "certainty", f"missing of {len(PHASES)} phases")
    return Table("Trials that do not show the whole test, or whose track leaps", heads, tuple(rows))
