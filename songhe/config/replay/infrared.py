"""Infrared arrays: 16x16 on the ceiling (falls_ir_fir16x16), 4x4 (falls_ir_d6t_4x4)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from songhe.config.replay.recording import Line, Mark, Recording, Sensor, chosen, finish
from songhe.config.replay.signals import (
    Row,
    Samples,
    Signal,
    chunks,
    masked,
    rows_of,
    sliced,
    steady_runs,
)

CODE = "songhe:thermal-array"
_CEILING = Sensor("array", "infrared-array", "living")


class Ceiling:
    """falls_ir_fir16x16: a subject is a day of recording, for persons are told by day alone."""

    NAME = "falls_ir_fir16x16"
    INDEX, LABELS = "index_dev.csv", "annotations_dev.csv"
    # Frame 15 is written over these, which the sensor had not settled for: they are no measurement.
    UNSETTLED = 15
    # value = frame/20 + 18 degrees: whole numbers of 0.05 degrees.
    SCALE, ZERO = 0.05, 360


def read_ceiling(folder: Path, subject: str, part: str) -> Recording:
    """Read the recordings of one day, one after the other, or one of them."""
    index = rows_of(folder / Ceiling.INDEX)
    who = chosen(Ceiling.NAME, list(dict.fromkeys(row["date"] for row in index)), subject)
    rows = {row["file"].removesuffix(".csv").removeprefix(f"{who}_"): row
            for row in index if row["date"] == who}  # fmt: skip
    picked = [chosen(Ceiling.NAME, list(rows), part, "recording")] if part else list(rows)
    labels = rows_of(folder / Ceiling.LABELS)
    with np.load(folder / f"fir16x16_{who}_dev.npz") as file:
        frames, offset = file["frames"], file["offset"]
        place_of = {int(rec): place for place, rec in enumerate(file["rec"])}
    row = Row()
    lines: list[Line] = []
    marks: list[Mark] = []
    for name in picked:
        index_row = rows[name]
        place = place_of[int(index_row["rec"])]
        held = frames[offset[place] : offset[place + 1]]
        rate_hz = float(index_row["fps"])
        start = row.place(timedelta(seconds=len(held) / rate_hz))
        settled = start + timedelta(microseconds=round(Ceiling.UNSETTLED * 1e6 / rate_hz))
        counts = held[Ceiling.UNSETTLED :].astype(np.int32) + Ceiling.ZERO
        recording = f"{Ceiling.NAME}/{who}/{name}"
        lines += chunks(
            Signal(
                _CEILING.name, CODE, "Cel", rate_hz, Ceiling.SCALE, settled, {"": counts}, recording
            )
        )
        marks += [
            (_frame(start, label["start"], rate_hz), _frame(start, label["end"], rate_hz),
             f"{'fall' if label['action'].startswith('falling') else 'daily'}/{label['action']}")
            for label in labels
            if label["rec"] == index_row["rec"]
        ]  # fmt: skip
    return finish(Ceiling.NAME, who, [_CEILING], lines, marks, part=part, is_dated=False)


def _frame(start: datetime, number: str, rate_hz: float) -> datetime:
    """Return when a numbered frame was; whether they count from 0 or 1 the set does not say."""
    return start + timedelta(microseconds=round(int(number) * 1e6 / rate_hz))


class Small:
    """falls_ir_d6t_4x4: a subject is a scene, for persons are not told; times are the set's own."""

    NAME = "falls_ir_d6t_4x4"
    SIGNALS, INDEX = "d6t_4x4_dev.npz", "d6t_4x4_dev_index.csv"
    SCALE = 0.1
    STOPPED_MS = 32767  # the column's clock ends here
    USUAL_MS = 101.5


def read_small(folder: Path, subject: str, part: str) -> Recording:
    """Read the recordings of one scene, or one of them."""
    index = rows_of(folder / Small.INDEX)
    scenes = list(dict.fromkeys(_slug(row["scene"]) for row in index))
    who = chosen(Small.NAME, scenes, subject)
    rows = {row["file"].removesuffix(".csv"): row for row in index if _slug(row["scene"]) == who}
    picked = [chosen(Small.NAME, list(rows), part, "recording")] if part else list(rows)
    whole, offset = sliced(folder / Small.SIGNALS)
    lines: list[Line] = []
    marks: list[Mark] = []
    for name in picked:
        row = rows[name]
        place = int(row["rec"])
        samples = whole[offset[place] : offset[place + 1]]
        start = datetime.fromisoformat(row["start"])
        found = list(_frames(samples, start, f"{Small.NAME}/{who}/{name}"))
        lines += found
        end = found[-1].at + found[-1].lasts
        kind = "fall" if row["is_fall"] == "1" else "daily"
        marks.append((start, end, f"{kind}/{row['scene']}"))
    sensor = Sensor("array", "infrared-array", "bedroom" if who.startswith("bed") else "living")
    return finish(Small.NAME, who, [sensor], lines, marks, part=part)


def _slug(words: str) -> str:
    return re.sub(r"\W+", "-", words.strip().lower())


def _frames(samples: Samples, start: datetime, recording: str) -> list[Line]:
    """Return a recording's frames where its clock says they were; gaps stay gaps."""
    times_ms = steadied(samples[:, 0].tolist())
    steps = np.diff(times_ms)
    usual_ms = float(np.median(steps)) if len(steps) else Small.USUAL_MS
    frames = masked(samples[:, 1:].reshape(-1, 4, 4))
    lines: list[Line] = []
    seq = 0
    for a, b in steady_runs(times_ms, usual_ms):
        began = start + timedelta(milliseconds=times_ms[a])
        signal = Signal(
            "array", CODE, "Cel", round(1000 / usual_ms, 3), Small.SCALE, began,
            {"": frames[a:b]}, recording,
        )  # fmt: skip
        found = list(chunks(signal, seq))
        seq = found[-1].body["seq"] + 1 if found else seq
        lines += found
    return lines


def steadied(clock_ms: list[int]) -> list[float]:
    """Return times that increase, from a clock that falls back for one frame and ends at 32767.

    A frame whose own time cannot be right is placed one usual step after the one before.
    """
    found: list[float] = []
    for given in clock_ms:
        fits = given < Small.STOPPED_MS and (not found or given > found[-1])
        found.append(float(given) if fits else found[-1] + Small.USUAL_MS if found else 0.0)
    return found
