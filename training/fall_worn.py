"""The model of falls felt by worn sensors: learned from UMAFall's open recordings alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor

from evaluation import files
from songhe.kernel.signals import worn, worn_impacts
from songhe.kernel.signals.worn_features import (
    AFTER_S,
    CELL_S,
    LATE_S,
    STANDARD_GRAVITY,
    cells,
    features,
)

Floats = NDArray[np.float64]
Scorer = Callable[[NDArray[np.float32]], NDArray[Any]]

SET, RATE_HZ, MISSING = "falls_imu_umafall", 20.0, -32768
# The columns of each sensor's acceleration (0.001 g).
SENSORS = {"waist": 0, "wrist": 6, "chest": 12}
NAME, VERSION, SEED = "fall-worn", "2", 20260101
# Each recording is learned as it is and so often as another sensor would have felt it.
COPIES = 12
FOLDS = 6
# Daily life is more than falls: a share of false alarms costs twice a share of falls missed.
# Thresholds this near to the best one in that sum are equals.
ALARMS_WEIGH, NO_WORSE = 2.0, 0.003
REPEATS = 5
# At a wrist's first look a score is sure that only this share of other recordings reaches.
SURE_SHARE = 0.01
# A fall's own impact is the strongest before this; what is this long before it is daily life.
_LATEST_S, CLEAR_S = 9.0, 2.5


@dataclass(frozen=True)
class Impact:
    """One impact of a recording as the detector meets it. label: 1 fall, 0 none, -1 not told.

    late: the row of its second look, where a sensor has one.
    """

    recording: tuple[int, str, int]
    subject: str
    is_fall: bool
    label: int
    row: list[float]
    late: list[float] | None = None


def recordings(folder: Path) -> Iterator[tuple[dict[str, str], dict[str, Floats]]]:
    """Yield UMAFall's recordings: the index's row, and each worn sensor's (n, 3) in g."""
    for path in files.found(folder, "umafall_20hz_*.npz"):
        for trial in files.trials(path):
            sensors = {
                name: trial.samples[:, column : column + 3].astype(np.float64) / 1000
                for name, column in SENSORS.items()
                if not (trial.samples[:, column : column + 3] == MISSING).any()
            }
            yield trial.row, sensors


def otherwise(samples: Floats, draw: np.random.Generator) -> Floats:
    """Return a recording (n, 3), g, as another body and another sensor would have given it.

    Slower or faster movement, sampled at other instants, harder or softer ground (the part of
    acceleration above its running mean of 0.45 s), gain and zero errors, noise, and the ends of a
    sensor's range (4, 8 or 16 g).
    """
    pace = np.exp(draw.uniform(-0.2, 0.15))
    at = np.arange(draw.uniform(0, 1), len(samples) - 1, 1 / pace)
    given = np.arange(len(samples))
    moved = np.stack([np.interp(at, given, samples[:, axis]) for axis in range(3)], axis=1)
    even = np.ones(9) / 9
    padded = np.pad(moved, ((4, 4), (0, 0)), mode="edge")
    slow = np.stack([np.convolve(padded[:, axis], even, "valid") for axis in range(3)], axis=1)
    felt = slow + (moved - slow) * np.exp(draw.uniform(-0.3, 0.5))
    felt = felt * draw.uniform(0.96, 1.04, 3) + draw.normal(0, 0.03, 3)
    felt += draw.normal(0, draw.uniform(0, 0.04), felt.shape)
    most = draw.choice([4.0, 8.0, 16.0])
    clipped: Floats = np.clip(felt, -most, most)
    return clipped


def impacts(folder: Path) -> list[Impact]:
    """Return all impacts of a folder of UMAFall's shape, each recording with its copies."""
    draw = np.random.default_rng(SEED)
    found: list[Impact] = []
    for row, sensors in recordings(folder):
        for position, samples in sensors.items():
            for copy in range(COPIES + 1):
                felt = otherwise(samples, draw) if copy else samples
                which = (int(row["rec"]), position, copy)
                found += _impacts_of(row, which, felt)
    return found


def label_of(is_fall: bool, squares: Floats, at: int) -> int:
    """Return what an impact of a recording is: 1 its fall, 0 none, -1 not told."""
    strongest = int(np.argmax(squares))
    if not is_fall or at < strongest - CLEAR_S * RATE_HZ:
        return 0
    return 1 if at == strongest and at < _LATEST_S * RATE_HZ else -1


def _impacts_of(
    row: dict[str, str], which: tuple[int, str, int], samples: Floats
) -> Iterator[Impact]:
    is_fall = row["is_fall"] == "1"
    squares = (samples * samples).sum(axis=1) * STANDARD_GRAVITY**2
    last = len(samples) - 1 - round((AFTER_S + CELL_S) * RATE_HZ)
    for at in worn_impacts.alone(squares, RATE_HZ, 0, last):
        label = label_of(is_fall, squares, at)
        worn_at = worn_impacts.worn_at(which[1])
        row_of = [*features(cells(samples, RATE_HZ, at)), *worn_at]
        late = None
        if worn_at[0] and at <= last - round(LATE_S * RATE_HZ):
            late = [*features(cells(samples, RATE_HZ, at, late=True)), *worn_at]
        yield Impact(which, row["subject"], is_fall, label, row_of, late)


def forest(told: Sequence[Impact], seed: int = SEED) -> ExtraTreesRegressor:
    """Return trees learned from impacts whose label is known, both kinds weighing the same."""
    known = [impact for impact in told if impact.label >= 0]
    falls = sum(impact.label for impact in known)
    rows, labels, weights = [], [], []
    for impact in known:
        looks = [impact.row] if impact.late is None else [impact.row, impact.late]
        rows += looks
        labels += [impact.label] * len(looks)
        weight = (len(known) - falls) / max(1, falls) if impact.label else 1.0
        weights += [weight / len(looks)] * len(looks)
    return new_trees(seed).fit(np.array(rows, dtype=np.float32), labels, sample_weight=weights)


def new_trees(seed: int) -> ExtraTreesRegressor:
    """Return trees that have not learned yet."""
    return ExtraTreesRegressor(
        80, max_leaf_nodes=100, min_samples_leaf=5, max_features=12, random_state=seed, n_jobs=1
    )


def folds(
    told: Sequence[Impact], count: int = FOLDS
) -> Iterator[tuple[list[Impact], list[Impact]]]:
    """Yield (learned from, judged) so that nobody is in both."""
    people = sorted({impact.subject for impact in told})
    for turn in range(min(count, len(people))):
        out = set(people[turn::count])
        yield (
            [impact for impact in told if impact.subject not in out],
            [impact for impact in told if impact.subject in out],
        )


Scores = dict[tuple[int, str, int], NDArray[np.float64]]
Truths = dict[str, list[tuple[tuple[int, str, int], bool]]]


def thresholds(told: Sequence[Impact], truths: Truths, repeats: int) -> dict[str, float]:
    """Return the least score that counts as a fall, for the wrist and the trunk, and a sure one.

    The one at which sensitivity + ALARMS_WEIGH x specificity is greatest for recordings of people
    who were not learned from; among equals the middle, farthest from both mistakes. repeats: with
    so many other draws of the trees' chance, whose sums are averaged. Sure is a score that no other
    recording of the trunk reaches; at the wrist's first look, SURE_SHARE of them.
    """
    firsts, lasts = _most(told, repeats)
    nothing = np.zeros(repeats)
    found = {}
    for name, sensors in (("wrist", ("wrist",)), ("trunk", ("waist", "chest"))):
        mine = [truth for sensor in sensors for truth in truths[sensor]]
        best = firsts if name == "trunk" else lasts
        falls = np.array([best.get(which, nothing) for which, is_fall in mine if is_fall])
        others = np.array([best.get(which, nothing) for which, is_fall in mine if not is_fall])
        grid = np.arange(0.2, 0.9, 0.01)
        right = np.array([(falls >= t).mean() + ALARMS_WEIGH * (others < t).mean() for t in grid])
        least = round(float(np.median(grid[right >= right.max() - NO_WORSE])), 2)
        first = np.array([firsts.get(which, nothing) for which, is_fall in mine if not is_fall])
        share = 1.0 if name == "trunk" else 1 - SURE_SHARE
        # The median of the draws, since it rests on the few worst recordings of each.
        surest = float(np.median(np.quantile(first, share, axis=0)))
        found[f"least_score_{name}"] = least
        found[f"sure_score_{name}"] = round(max(least, surest + 0.01), 2)
    return found


def _most(told: Sequence[Impact], repeats: int) -> tuple[Scores, Scores]:
    """Return the greatest score of each recording by trees that do not know its person.

    At the first look and at the last one, which is the only one of the trunk.
    """
    firsts: Scores = {}
    lasts: Scores = {}
    nothing = np.zeros(repeats)
    # One person out at a time: these trees know almost as many people as those that ship.
    for known, judged in folds(told, len(told)):
        forests = [forest(known, SEED + i) for i in range(repeats)]
        for found, some, rows_of in (
            (firsts, judged, [impact.row for impact in judged]),
            *_second(lasts, judged),
        ):
            rows = np.array(rows_of, dtype=np.float32)
            scores = np.stack([trees.predict(rows) for trees in forests], axis=1)
            for impact, score in zip(some, scores, strict=True):
                which = impact.recording
                found[which] = np.maximum(score, found.get(which, nothing))
    return firsts, lasts


def _second(
    lasts: Scores, judged: Sequence[Impact]
) -> list[tuple[Scores, list[Impact], list[list[float]]]]:
    late = [(impact, impact.late) for impact in judged if impact.late is not None]
    if not late:
        return []
    return [(lasts, [impact for impact, _ in late], [row for _, row in late])]


def recording_truths(folder: Path, people: set[str]) -> Truths:
    """Return for each sensor every recording and copy of these people, and whether it is a fall."""
    found: Truths = {name: [] for name in SENSORS}
    for row, sensors in recordings(folder):
        if row["subject"] in people:
            for sensor in sensors:
                for copy in range(COPIES + 1):
                    found[sensor].append(((int(row["rec"]), sensor, copy), row["is_fall"] == "1"))
    return found


def learned(
    told: Sequence[Impact], folder: Path, repeats: int = 1
) -> tuple[ExtraTreesRegressor, dict[str, float]]:
    """Return the trees and the thresholds of these impacts' people; repeats: see `thresholds`."""
    truths = recording_truths(folder, {impact.subject for impact in told})
    return forest(told), thresholds(told, truths, repeats)


def as_onnx(trees: ExtraTreesRegressor, columns: int) -> bytes:
    """Return trees as a small ONNX model of (rows, columns) float32 to (rows, 1)."""
    from skl2onnx import to_onnx

    given = np.zeros((1, columns), dtype=np.float32)
    content: bytes = to_onnx(trees, given, target_opset=15).SerializeToString()
    return content


def write(
    name: str, version: str, content: bytes, people: Sequence[str], least: dict[str, float]
) -> dict[str, Any]:
    """Write weights and their card into the package; return the card."""
    place = Path(worn.__file__).parents[1] / "data/models"
    card = {
        "name": name,
        "version": version,
        "sha256": hashlib.sha256(content).hexdigest(),
        "data": [SET],
        "licence": "CC BY 4.0 (doi 10.6084/m9.figshare.4214283)",
        "made_by": f"./dev train {name}",
        "trained_on": sorted(people),
        "thresholds": least,
    }
    (place / f"{name}.onnx").write_bytes(content)
    (place / f"{name}.yaml").write_text(yaml.safe_dump(card, sort_keys=False), "utf-8")
    return card


def train() -> dict[str, Any]:
    """Learn from all of UMAFall that lies beside the checkout, and write weights and card."""
    folder = files.HOME / SET
    told = impacts(folder)
    grown, least = learned(told, folder, REPEATS)
    content = as_onnx(grown, len(told[0].row))
    card = write(NAME, VERSION, content, sorted({impact.subject for impact in told}), least)
    return {**card, "bytes": len(content), "impacts": len(told)}
