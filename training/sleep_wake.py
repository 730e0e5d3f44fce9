"""Weights that tell sleep from wakefulness, learned from sleep_walch_applewatch (ODC-By 1.0)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from skl2onnx import to_onnx
from sklearn.ensemble import ExtraTreesClassifier

from evaluation import files
from evaluation.sleep_set import Sleeper, sleepers
from songhe.kernel.night.sleep import NAME

SET = "sleep_walch_applewatch"
_FOLDER = Path(__file__).resolve().parents[1] / "songhe/kernel/data/models"
_VERSION = "1"
_SEED = 0
_FOLDS = 5
# The figures that a threshold is to keep for as many people as are kept back (the goal).
_WAKE_AT_LEAST, _ACCURACY_OVER, _PEOPLE = 0.60, 0.90, 12
_THRESHOLDS = np.linspace(0.10, 0.45, 71)
_DRAWS = 2000

Pair = tuple[NDArray[np.float32], NDArray[np.int64]]


def learn(people: Sequence[Pair]) -> ExtraTreesClassifier:
    """Return trees learned from rows of features and whether they were awake, person by person."""
    forest = ExtraTreesClassifier(
        100, min_samples_leaf=10, max_depth=8, max_features=0.3, random_state=_SEED, n_jobs=1
    )
    return forest.fit(
        np.concatenate([p[0] for p in people]), np.concatenate([p[1] for p in people])
    )


def shares(people: Sequence[Pair], folds: int = _FOLDS) -> list[NDArray[np.float64]]:
    """Return how awake each person's epochs look to trees that have not seen that person."""
    found: dict[int, NDArray[np.float64]] = {}
    for fold in range(folds):
        away = range(fold, len(people), folds)
        forest = learn([p for place, p in enumerate(people) if place not in away])
        found |= {place: forest.predict_proba(people[place][0])[:, 1] for place in away}
    return [found[place] for place in range(len(people))]


def threshold(people: Sequence[Pair], wake: Sequence[NDArray[np.float64]]) -> float:
    """Return the threshold that most often keeps both goals for people drawn from these.

    As many are drawn as will judge. Where several do equally well, the middle one.
    """
    table = np.array(
        [_counts(share, awake) for share, (_, awake) in zip(wake, people, strict=True)]
    )
    draw = np.random.default_rng(_SEED).integers(0, len(people), (_DRAWS, _PEOPLE))
    sums = table[draw].sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        kept = sums[:, :, 0] / sums[:, :, 1] >= _WAKE_AT_LEAST
        kept &= sums[:, :, 2] / sums[:, :, 3] > _ACCURACY_OVER
    often = kept.mean(axis=0)
    return float(np.median(_THRESHOLDS[often >= often.max() - 0.005]))


def _counts(share: NDArray[np.float64], awake: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return (thresholds, 4): wake found, wake, right, epochs."""
    said = share[None, :] >= _THRESHOLDS[:, None]
    hit = (said & (awake == 1)).sum(axis=1)
    right = (said == (awake == 1)).sum(axis=1)
    whole = np.full(len(_THRESHOLDS), len(awake))
    return np.stack([hit, np.full_like(whole, (awake == 1).sum()), right, whole], 1).astype(float)


def train() -> dict[str, Any]:
    """Learn from everybody, choose the threshold from cross-validation, write weights and card."""
    people: list[Sleeper] = sleepers(files.HOME / SET)
    pairs = [person.rows() for person in people]
    chosen = threshold(pairs, shares(pairs))
    forest = learn(pairs)
    content: bytes = to_onnx(
        forest, pairs[0][0][:1], options={"zipmap": False}, target_opset=17
    ).SerializeToString()
    (_FOLDER / f"{NAME}.onnx").write_bytes(content)
    known = {
        "name": NAME,
        "version": _VERSION,
        "sha256": hashlib.sha256(content).hexdigest(),
        "data": [SET],
        "licence": "ODC-By-1.0",
        "command": f"./dev train {NAME}",
        "threshold": round(chosen, 3),
        "trained_on": [person.subject for person in people],
    }
    (_FOLDER / f"{NAME}.yaml").write_text(yaml.safe_dump(known, sort_keys=False), "utf-8")
    return {**known, "bytes": len(content)}
