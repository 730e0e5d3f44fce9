"""The set radar_pointcloud_radhar: points of whole recordings as frames of thirty a second."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluation import files
from songhe.kernel.signals import radar_track as track

SET = "radar_pointcloud_radhar"
RATE_HZ = 30.0
_MS, _ID, _FIRST = 0, 1, 2
# Of the stored columns: millimetres and mm/s by thousands, strength by hundreds.
_SCALE = np.array([1000.0, 1000.0, 1000.0, 1000.0, 100.0])


@dataclass(frozen=True)
class Recording:
    """One recording: (instants, points, 5) with NaN where a frame has fewer points."""

    name: str
    activity: str
    frames: NDArray[np.float32]

    def bins(self) -> list[track.Bin]:
        """Return its tenths of a second, as the detector makes them."""
        per = round(RATE_HZ * track.BIN_S)
        bins, before = [], track.NOTHING
        for begin in range(0, len(self.frames) - per + 1, per):
            before = track.binned(self.frames[begin : begin + per].reshape(-1, 5), before)
            bins.append(before)
        return bins

    def windows(self) -> NDArray[np.float32]:
        """Return the figures of three seconds, once a second."""
        bins, n = self.bins(), track.WINDOW_BINS
        ends = range(n, len(bins) + 1, 10)
        return np.array([track.figures(tuple(bins[end - n : end])) for end in ends])


def recordings(folder: Path) -> list[Recording]:
    """Return a folder's recordings in the order of its index; raises NoRecording."""
    found = []
    index = files.rows(files.one(folder, "index_*.csv"))
    with np.load(files.one(folder, "radhar_points_*.npz")) as file:
        points, offset = file["points"], file["offset"]
    for place, row in enumerate(index):
        own = points[offset[place] : offset[place + 1]]
        found.append(Recording(row["file"], row["activity"], _frames(own)))
    return found


def _frames(points: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return frames in their order: the radar sends thirty a second, two of them at a time."""
    starts = np.nonzero(points[:, _ID] == 0)[0]
    ends = np.append(starts[1:], len(points))
    frames = np.full((len(starts), int((ends - starts).max()), 5), np.nan, dtype=np.float32)
    for number, (begin, end) in enumerate(zip(starts, ends, strict=True)):
        frames[number, : end - begin] = points[begin:end, _FIRST:] / _SCALE
    return frames
