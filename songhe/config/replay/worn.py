"""Worn motion sensors: four sets of falls and daily movements, and one of walking."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from songhe.config.replay.recording import (
    BadRecording,
    Line,
    Mark,
    Recording,
    Sensor,
    chosen,
    finish,
)
from songhe.config.replay.signals import Row, Samples, Signal, axes, chunks, rows_of, sliced

ACCELERATION, TURNING = "songhe:acceleration", "songhe:angular-velocity"


@dataclass(frozen=True)
class Column:
    """Three columns x, y, z from `first` on: one code of a sensor; value = count * scale."""

    sensor: str
    code: str
    unit: str
    scale: float
    first: int
    position: str = ""


@dataclass(frozen=True)
class Worn:
    """A set of trials: its files (signals, index), how fast it was sampled, what columns hold.

    label: (index row) to the name of its recording. Units and scales are those of the set's README.
    """

    name: str
    files: tuple[tuple[str, str], ...]
    rate_hz: float
    columns: tuple[Column, ...]
    label: Callable[[dict[str, str]], str]

    def read(self, folder: Path, subject: str, part: str) -> Recording:
        """Read the trials of one subject, one after the other, or one of them."""
        subjects = {
            row["subject"]: (signals, rows)
            for signals, index in self.files
            if (folder / index).exists()
            for rows in [rows_of(folder / index)]
            for row in rows
        }
        if not subjects:
            raise BadRecording(sentence=f"{self.name}: {folder} holds none of its index files.")
        who = chosen(self.name, list(subjects), subject)
        signals, rows = subjects[who]
        trials = trials_of(rows, who, self.label)
        picked = [chosen(self.name, list(trials), part, "recording")] if part else list(trials)
        whole, offset = sliced(folder / signals)
        lines: list[Line] = []
        marks: list[Mark] = []
        row = Row()
        for name in picked:
            trial = trials[name]
            place = int(trial["rec"])
            samples = whole[offset[place] : offset[place + 1]]
            length = timedelta(seconds=len(samples) / self.rate_hz)
            start = row.place(length)
            lines += self._lines(samples, start, f"{self.name}/{who}/{name}"[:64])
            marks += truth_of(folder, trial, start, length)
        sensors = [Sensor(c.sensor, "motion-unit") for c in self.columns]
        once = list(dict.fromkeys(sensors))
        return finish(self.name, who, once, lines, marks, part=part, is_dated=False)

    def _lines(self, samples: Samples, start: datetime, recording: str) -> list[Line]:
        """Return a trial's messages; positions of one sensor and code are leads of one message."""
        leads: dict[tuple[str, str], dict[str, Samples]] = {}
        of = {(c.sensor, c.code): c for c in self.columns}
        for column in self.columns:
            found = leads.setdefault((column.sensor, column.code), {})
            found.update(axes(samples, column.first, column.position))
        return [
            line
            for (sensor, code), held in leads.items()
            for line in chunks(
                Signal(
                    sensor,
                    code,
                    of[sensor, code].unit,
                    self.rate_hz,
                    of[sensor, code].scale,
                    start,
                    held,
                    recording,
                )
            )
        ]


def trials_of(
    rows: Sequence[dict[str, str]], who: str, label: Callable[[dict[str, str]], str]
) -> dict[str, dict[str, str]]:
    """Return a subject's trials by name; names that the set gives twice get b, c, …"""
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        if row["subject"] != who:
            continue
        name, again = label(row), ord("b")
        while name in found:
            name, again = label(row) + chr(again), again + 1
        found[name] = row
    return found


def truth_of(folder: Path, trial: dict[str, str], start: datetime, length: timedelta) -> list[Mark]:
    """Return what a trial is: fall/F01 or daily/D01 over its length; where marked, the fall."""
    if "meta" in trial:
        return _gait(json.loads(trial["meta"]), start)
    kind = "fall" if trial["is_fall"] == "1" else "daily"
    found = [(start, start + length, f"{kind}/{trial['activity']}")]
    marked = folder / "fall_timestamps_dev.csv"
    if kind == "fall" and marked.exists():
        wanted = f"{trial['activity']}/{trial['subject']}_R{int(trial['trial']):02d}"
        zero_s = float(trial["t0"])
        found += [
            (
                start + timedelta(seconds=float(row["start_time"]) - zero_s),
                start + timedelta(seconds=float(row["end_time"]) - zero_s),
                f"falling/{trial['activity']}",
            )
            for row in rows_of(marked)
            if row["filename"] == wanted
        ]
    return found


def _gait(meta: dict[str, Any], start: datetime) -> list[Mark]:
    """Return the walk, the turn and every step of a gait trial; its marks are sample numbers."""
    rate_hz = 100.0
    named = [
        ("walk/there-and-back", [meta["TrialBoundaries"]]),
        ("turn/u-turn", [meta["UTurnBoundaries"]]),
        ("step/left", meta["LeftFootEvents"]),
        ("step/right", meta["RightFootEvents"]),
    ]
    return [
        (start + timedelta(seconds=a / rate_hz), start + timedelta(seconds=b / rate_hz), label)
        for label, stretches in named
        for a, b in stretches
    ]


SISFALL = Worn(
    "falls_imu_sisfall",
    (
        ("sisfall_50hz_young_dev.npz", "sisfall_50hz_young_dev_index.csv"),
        ("sisfall_50hz_elderly_dev.npz", "sisfall_50hz_elderly_dev_index.csv"),
    ),
    50.0,
    (
        Column("waist", ACCELERATION, "[g]", 32 / 8192, 0),
        Column("waist", TURNING, "deg/s", 4000 / 65536, 3),
    ),
    lambda row: f"{row['activity']}-R{int(row['trial']):02d}",
)
UMAFALL = Worn(
    "falls_imu_umafall",
    (("umafall_20hz_dev.npz", "umafall_20hz_dev_index.csv"),),
    20.0,
    tuple(
        column
        for i, position in enumerate(("waist", "wrist", "chest"))
        for column in (
            Column(position, ACCELERATION, "[g]", 0.001, 6 * i),
            Column(position, TURNING, "deg/s", 0.1, 6 * i + 3),
        )
    ),
    lambda row: f"{row['activity']}-{row['trial']}",
)
SMARTFALLMM = Worn(
    "falls_watch_smartfallmm",
    (("smartfallmm_watch_32hz_dev.npz", "smartfallmm_watch_32hz_dev_index.csv"),),
    32.0,
    (Column("watch", ACCELERATION, "m/s2", 0.01, 0),),
    lambda row: f"A{int(row['activity']):02d}-{row['trial']}",
)
WEDAFALL = Worn(
    "falls_wrist_wedafall",
    (("wedafall_50hz_dev.npz", "wedafall_50hz_dev_index.csv"),),
    50.0,
    (
        Column("wrist", ACCELERATION, "m/s2", 0.01, 0),
        Column("wrist", TURNING, "rad/s", 0.001, 3),
    ),
    lambda row: f"{row['activity']}-R{int(row['trial']):02d}",
)
GAIT = Worn(
    "gait_imu_ipol",
    (("gait_100hz_dev.npz", "gait_100hz_dev_index.csv"),),
    100.0,
    tuple(
        column
        for i, position in enumerate(("lower-back", "left-foot", "right-foot"))
        for column in (
            Column("gait", ACCELERATION, "m/s2", 0.01, 6 * i, position),
            Column("gait", TURNING, "rad/s", 0.001, 6 * i + 3, position),
        )
    ),
    lambda row: row["trial"],
)
