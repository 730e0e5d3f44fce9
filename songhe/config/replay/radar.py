"""Millimetre-wave radar: the point clouds of radar_pointcloud_radhar."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np

from songhe.config.replay.recording import Line, Mark, Recording, Sensor, chosen, finish
from songhe.config.replay.signals import Row, Samples, Signal, chunks, rows_of

NAME = "radar_pointcloud_radhar"
CODE = "songhe:radar-points"
INDEX, POINTS = "index_dev.csv", "radhar_points_dev.npz"
# The radar sends thirty frames a second; the set's own clock tells two of them at a time.
RATE_HZ = 30.0
# Millimetres and mm/s; strength, in hundredths of dB, is brought to the same scale.
SCALE, STRENGTH = 0.001, 10
_ID, _FIRST, _COLUMNS = 1, 2, 5
_RADAR = Sensor("radar", "radar", "living")


def read(folder: Path, subject: str, part: str) -> Recording:
    """Read the recordings of one activity, one after the other, or one; who moves is not told."""
    index = rows_of(folder / INDEX)
    who = chosen(NAME, list(dict.fromkeys(row["activity"] for row in index)), subject)
    rows = {
        row["file"].removesuffix(".txt"): int(row["rec"]) for row in index if row["activity"] == who
    }
    picked = [chosen(NAME, list(rows), part, "recording")] if part else list(rows)
    with np.load(folder / POINTS) as file:
        points, offset = file["points"], file["offset"]
    row = Row()
    lines: list[Line] = []
    marks: list[Mark] = []
    for name in picked:
        place = rows[name]
        frames = framed(points[offset[place] : offset[place + 1]])
        length = timedelta(seconds=len(frames) / RATE_HZ)
        start = row.place(length)
        recording = f"{NAME}/{who}/{name}"
        lines += chunks(
            Signal(_RADAR.name, CODE, "1", RATE_HZ, SCALE, start, {"": frames}, recording)
        )
        marks.append((start, start + length, f"activity/{who}"))
    return finish(NAME, who, [_RADAR], lines, marks, part=part, is_dated=False)


def framed(points: Samples) -> Samples:
    """Return masked whole numbers (frames, points, 5); a point id of 0 begins a frame."""
    starts = np.flatnonzero(points[:, _ID] == 0)
    ends = np.append(starts[1:], len(points))
    shape = (len(starts), int((ends - starts).max()), _COLUMNS)
    frames: Samples = np.ma.array(np.zeros(shape, dtype=np.int64), mask=True)
    for number, (begin, end) in enumerate(zip(starts, ends, strict=True)):
        held = points[begin:end, _FIRST : _FIRST + _COLUMNS].astype(np.int64)
        held[:, -1] *= STRENGTH
        frames[number, : end - begin] = held
    return frames
