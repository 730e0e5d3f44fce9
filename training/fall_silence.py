"""The model of falls after which a worn sensor falls silent: UMAFall's impacts, cut short.

Falls and others are cut at instants of the same distribution, so that an end of the signal is no
evidence of a fall: only what was felt until then is. UMAFall's people strike nothing, but
a watch may well fall silent as it is laid on a table: hands of its other recordings are made to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor

from evaluation import files
from songhe.kernel.signals import worn_impacts
from songhe.kernel.signals.worn_features import (
    AFTER,
    CUT_NAMES,
    LATE,
    STANDARD_GRAVITY,
    cells,
    cut_features,
)
from training import fall_worn
from training.fall_worn import ALARMS_WEIGH, COPIES, NO_WORSE, RATE_HZ, REPEATS, SEED

NAME, VERSION = "fall-silence", "1"
# Other recordings of a wrist so often besides, as if the hand had struck something.
STRUCK = 4
# From each impact's own cell on so much is felt at least, and never all that its look needs.
_LEAST_CELLS = 1


Floats = NDArray[np.float64]


class Cut(NamedTuple):
    """One impact cut short. which: recording, sensor, copy."""

    which: tuple[int, str, int]
    subject: str
    label: int
    row: list[float]


def struck(samples: Floats, draw: np.random.Generator) -> Floats:
    """Return a recording (n, 3), g, as if the hand had struck a table, a door or the other hand.

    Up to three times it goes some way about downwards (0.08 to 0.35 s, up to 0.5 to 2.5 m/s) and is
    stopped within 0.02 to 0.12 s, or thrown back a little; between these it is where it was.
    """
    each_ms = round(1000 / RATE_HZ)
    time = np.arange(len(samples) * each_ms) / 1000
    felt = samples.copy()
    for _ in range(draw.integers(1, 4)):
        at = draw.uniform(fall_worn.CLEAR_S, len(samples) / RATE_HZ - 1)
        down, stop = draw.uniform(0.08, 0.35), 0.02 * 6 ** draw.uniform()
        speed = draw.uniform(0.5, 2.5) / STANDARD_GRAVITY
        last = int(at * RATE_HZ)
        upwards = samples[max(0, last - 10) : last].mean(axis=0)
        upwards = upwards / max(0.1, float(np.linalg.norm(upwards))) + draw.normal(0, 0.4, 3)
        upwards /= np.linalg.norm(upwards)
        size = np.zeros(len(time))
        for begin, width, change in (
            (at - down, down, -speed),
            (at, stop, speed * draw.uniform(1, 1.4)),
        ):
            during = (time >= begin) & (time < begin + width)
            half = np.sin(np.pi * (time[during] - begin) / width)
            size[during] += change / width * half * np.pi / 2
        felt += size.reshape(len(samples), each_ms).mean(axis=1)[:, None] * upwards
    return felt


def cuts(folder: Path) -> list[Cut]:
    """Return each impact whose label is known of a folder of UMAFall's shape, cut once.

    The same impacts as `fall_worn.impacts` and those at a recording's end, of the same copies.
    """
    draw, instants = np.random.default_rng(SEED), np.random.default_rng(SEED + 1)
    found: list[Cut] = []
    for row, sensors in fall_worn.recordings(folder):
        for position, samples in sensors.items():
            strikes = row["is_fall"] != "1" and worn_impacts.worn_at(position)[0]
            for copy in range(COPIES + 1 + (STRUCK if strikes else 0)):
                felt = struck(samples, draw) if copy > COPIES else samples
                felt = fall_worn.otherwise(felt, draw) if copy else felt
                which = (int(row["rec"]), position, copy)
                found += _cuts_of(row, which, felt, instants)
    return found


def _cuts_of(
    row: dict[str, str],
    which: tuple[int, str, int],
    samples: Floats,
    instants: np.random.Generator,
) -> Iterator[Cut]:
    squares = (samples * samples).sum(axis=1) * STANDARD_GRAVITY**2
    worn_at = worn_impacts.worn_at(which[1])
    most = AFTER + (LATE if worn_at[0] else 0)
    for at in worn_impacts.alone(squares, RATE_HZ, 0, len(samples) - 2):
        # Drawn before it is known whether it can be used, for falls and others alike.
        known = int(instants.integers(_LEAST_CELLS, most + 1))
        label = fall_worn.label_of(row["is_fall"] == "1", squares, at)
        if label < 0 or at + known >= len(samples):
            continue
        moment = cells(samples[: at + known + 1], RATE_HZ, at, late=known > AFTER)
        yield Cut(which, row["subject"], label, [*cut_features(moment, known), *worn_at])


def forest(told: Sequence[Cut], seed: int = SEED) -> ExtraTreesRegressor:
    """Return trees learned from cuts, both kinds weighing the same."""
    labels = np.array([cut.label for cut in told])
    falls = int(labels.sum())
    weights = np.where(labels == 1, (len(labels) - falls) / max(1, falls), 1.0)
    return fall_worn.new_trees(seed).fit(_rows(told), labels, sample_weight=weights)


def _rows(told: Sequence[Cut]) -> NDArray[np.float32]:
    return np.array([cut.row for cut in told], dtype=np.float32)


def thresholds(told: Sequence[Cut], repeats: int) -> dict[str, float]:
    """Return the least score that is told when a device falls silent, for the wrist and the trunk.

    Where sensitivity + ALARMS_WEIGH x specificity is greatest for people who were not learned from,
    among equals the middle; the impacts of another recording weigh as much together as one fall.
    """
    scores = np.zeros(len(told))
    people = [cut.subject for cut in told]
    for subject in sorted(set(people)):
        out = [i for i, other in enumerate(people) if other == subject]
        known, judged = [c for c in told if c.subject != subject], _rows([told[i] for i in out])
        draws = [forest(known, SEED + i).predict(judged) for i in range(repeats)]
        scores[out] = np.mean(draws, axis=0)
    each = Counter(cut.which for cut in told)
    weights = np.array([1 / each[cut.which] for cut in told])
    fall = np.array([cut.label == 1 for cut in told])
    at_trunk = np.array([worn_impacts.worn_at(cut.which[1])[1] > 0 for cut in told])
    grid = np.arange(0.2, 0.95, 0.01)
    found = {}
    for name, mine in (("wrist", ~at_trunk), ("trunk", at_trunk)):
        falls, others = mine & fall, mine & ~fall
        right = np.array(
            [
                (scores[falls] >= t).mean()
                + ALARMS_WEIGH * np.average(scores[others] < t, weights=weights[others])
                for t in grid
            ]
        )
        best = grid[right >= right.max() - NO_WORSE]
        found[f"silent_score_{name}"] = round(float(np.median(best)), 2)
    return found


def learned(told: Sequence[Cut], repeats: int = 1) -> tuple[ExtraTreesRegressor, dict[str, float]]:
    """Return the trees and the thresholds of these cuts' people; repeats: see `thresholds`."""
    return forest(told), thresholds(told, repeats)


def train() -> dict[str, Any]:
    """Learn from all of UMAFall that lies beside the checkout, and write weights and card."""
    told = cuts(files.HOME / fall_worn.SET)
    trees, least = learned(told, REPEATS)
    content = fall_worn.as_onnx(trees, len(CUT_NAMES))
    people = sorted({cut.subject for cut in told})
    fall_worn.write(NAME, VERSION, content, people, least)
    return {"thresholds": least, "bytes": len(content), "cuts": len(told)}
