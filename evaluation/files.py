"""Folders of recordings, whatever suffix their files end in."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from songhe.kernel.errors import Invalid

# Where the open recordings lie beside a checkout.
HOME = Path(__file__).resolve().parents[2] / "shared" / "data"


class NoRecording(Invalid):
    """A file that a set consists of is not there."""

    code = "evaluation.no_recording"
    message = "%(folder)s holds no %(pattern)s: give a folder of the same shape as the set's own."


def found(folder: Path, pattern: str) -> list[Path]:
    """Return the files of a pattern in order, such as `sisfall_50hz_*.npz`; raises NoRecording."""
    paths = sorted(path for path in folder.glob(pattern) if path.is_file())
    if not paths:
        raise NoRecording(folder=folder.name, pattern=pattern)
    return paths


def one(folder: Path, pattern: str) -> Path:
    """Return the first file of a pattern; raises NoRecording."""
    return found(folder, pattern)[0]


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV table, packed or not."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@dataclass(frozen=True)
class Trial:
    """One recording of a set of trials: a row of its index and its samples as stored."""

    row: dict[str, str]
    samples: NDArray[Any]


def trials(signals: Path) -> Iterator[Trial]:
    """Yield the recordings of NAME.npz with its NAME_index.csv; key `signal` or `points`."""
    index = rows(signals.with_name(signals.stem + "_index.csv"))
    with np.load(signals) as file:
        whole = file["signal" if "signal" in file.files else "points"]
        offset = file["offset"]
    for row in index:
        place = int(row["rec"])
        yield Trial(row, whole[offset[place] : offset[place + 1]])
