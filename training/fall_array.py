"""Weights that tell falls under infrared arrays, learned from simulated bodies alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from onnx import TensorProto, helper
from sklearn.ensemble import HistGradientBoostingClassifier

from songhe.kernel.signals import array_view
from songhe.kernel.signals.array import FALLEN, PARAMS, UPRIGHT
from training.warm_bodies import EMPTY, RATE_HZ, Play
from training.warm_plays import play

NAME = "fall-array"
# The pixels of a side, and how many plays teach.
_SIDE, _PLAYS = 16, 600
_FOLDER = Path(__file__).resolve().parents[1] / "songhe/kernel/data/models"
_VERSION = "1"
# Every fifth play is kept back to choose the threshold.
_KEPT_BACK, _ALIKE = 5, 0.02
_THRESHOLDS = np.round(np.arange(0.3, 0.96, 0.05), 2)
# An alarm belongs to a fall from so long before the body has settled to so long after, s.
_BEFORE_S, _AFTER_S = 1.6, 4.0

_NODES = ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")
_LEAVES = ("treeids", "nodeids", "ids", "weights")

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def forest() -> HistGradientBoostingClassifier:
    """Return untaught weights."""
    return HistGradientBoostingClassifier(
        max_iter=90,
        max_leaf_nodes=12,
        learning_rate=0.1,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=0,
    )


def rows(recorded: Play) -> tuple[Floats, Ints]:
    """Return the figures of a play's instants and what is done in them (-1: nothing to learn)."""
    tick_s = 1 / RATE_HZ
    frames = recorded.frames.astype(np.float32)
    view = array_view.first(frames[0])
    found = [array_view.figures(view, tick_s, recorded.width_m)]
    for frame in frames[1:]:
        view = array_view.looked(view, frame, tick_s)
        found.append(array_view.figures(view, tick_s, recorded.width_m))
    return np.array(found), recorded.done


def learn(taught: Sequence[tuple[Floats, Ints]]) -> HistGradientBoostingClassifier:
    """Return weights learned from the instants of plays that have a body in view."""
    figures = np.concatenate([x for x, _ in taught])
    done = np.concatenate([y for _, y in taught])
    used = (figures[:, 0] > 0) & (done >= 0) & (done <= EMPTY)
    return forest().fit(figures[used], done[used])


def alarms(said: NDArray[np.float64], present: NDArray[np.bool_], sure: float) -> list[int]:
    """Return the instants at which the detector would tell a fall."""
    asked, up_ticks = int(PARAMS["asked"]), round(PARAMS["up_s"] * RATE_HZ)
    told: list[int] = []
    run = upright = away = 0
    is_down = False
    for at in range(len(said)):
        run = run + 1 if present[at] else 0
        away = 0 if present[at] else away + 1
        upright = upright + 1 if present[at] and said[at, UPRIGHT] > 0.5 else 0
        if is_down:
            is_down = upright < up_ticks and away < PARAMS["gone_s"] * RATE_HZ
            run = run if is_down else 0
        elif run >= asked and said[at - asked + 1 : at + 1, FALLEN].mean() >= sure:
            told.append(at)
            is_down, upright = True, 0
    return told


def threshold(
    weights: HistGradientBoostingClassifier, kept: Sequence[tuple[Floats, Ints]]
) -> tuple[float, list[tuple[float, float, float]]]:
    """Return the threshold in the middle of those of the best F1 in plays, and the curve."""
    said = [weights.predict_proba(x) for x, _ in kept]
    curve = []
    for sure in _THRESHOLDS:
        hits = falls = told = 0
        for (figures, done), chances in zip(kept, said, strict=True):
            at = alarms(chances, figures[:, 0] > 0, float(sure))
            settled = np.nonzero(np.diff((done == FALLEN).astype(int), prepend=0) == 1)[0]
            low, high = round(_BEFORE_S * RATE_HZ), round(_AFTER_S * RATE_HZ)
            hits += sum(any(s - low <= a <= s + high for a in at) for s in settled)
            falls, told = falls + len(settled), told + len(at)
        curve.append((float(sure), hits / max(1, falls), hits / max(1, told)))
    f1 = np.array([2 * se * right / (se + right + 1e-9) for _, se, right in curve])
    alike = _THRESHOLDS[f1 >= f1.max() - _ALIKE]
    return float(alike[len(alike) // 2]), curve


def train() -> dict[str, Any]:
    """Simulate, learn, write weights and their card."""
    return write([rows(play(seed, _SIDE)) for seed in range(_PLAYS)])


def write(plays: Sequence[tuple[Floats, Ints]]) -> dict[str, Any]:
    """Learn from plays, choose the threshold on those kept back, write weights and card."""
    taught = [p for place, p in enumerate(plays) if place % _KEPT_BACK]
    weights = learn(taught)
    sure, curve = threshold(weights, plays[::_KEPT_BACK])
    content = boosted(weights)
    (_FOLDER / f"{NAME}.onnx").write_bytes(content)
    known = {
        "name": NAME,
        "version": _VERSION,
        "sha256": hashlib.sha256(content).hexdigest(),
        "data": [
            f"simulated by training/warm_plays.py: {len(plays)} plays, {_SIDE}×{_SIDE} pixels"
        ],
        "licence": "Apache-2.0",
        "command": f"./dev train {NAME}",
        "threshold": sure,
        "simulated": [
            {"sure": s, "sensitivity": round(se, 3), "precision": round(p, 3)} for s, se, p in curve
        ],
        "trained_on": [],
    }
    text = yaml.safe_dump(known, sort_keys=False, allow_unicode=True)
    (_FOLDER / f"{NAME}.yaml").write_text(text, "utf-8")
    return {**known, "bytes": len(content)}


def boosted(weights: HistGradientBoostingClassifier) -> bytes:
    """Return boosted trees as an ONNX graph: rows in, one chance a class out.

    The usual converter does not take trees of several classes of this kind.
    """
    parts: dict[str, Any] = {
        name: [] for name in (*(f"nodes_{n}" for n in _NODES), *(f"target_{n}" for n in _LEAVES))
    }
    number = 0
    for grown in weights._predictors:
        for target, tree in enumerate(grown):
            for at, node in enumerate(tree.nodes):
                leaf = bool(node["is_leaf"])
                row = (
                    number,
                    at,
                    0 if leaf else int(node["feature_idx"]),
                    0.0 if leaf else _below(float(node["num_threshold"])),
                    "LEAF" if leaf else "BRANCH_LEQ",
                    0 if leaf else int(node["left"]),
                    0 if leaf else int(node["right"]),
                )
                for name, value in zip(_NODES, row, strict=True):
                    parts[f"nodes_{name}"].append(value)
                if leaf:
                    told = (number, at, target, float(node["value"]))
                    for name, value in zip(_LEAVES, told, strict=True):
                        parts[f"target_{name}"].append(value)
            number += 1
    classes = len(weights.classes_)
    ensemble = helper.make_node(
        "TreeEnsembleRegressor",
        ["rows"],
        ["chances"],
        domain="ai.onnx.ml",
        n_targets=classes,
        aggregate_function="SUM",
        base_values=[float(v) for v in weights._baseline_prediction.ravel()],
        post_transform="SOFTMAX",
        **parts,
    )
    rows_in = helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, array_view.COLUMNS])
    chances = helper.make_tensor_value_info("chances", TensorProto.FLOAT, [None, classes])
    found = helper.make_model(
        helper.make_graph([ensemble], "boosted", [rows_in], [chances]),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)],
        producer_name="songhe",
        ir_version=8,
    )
    content: bytes = found.SerializeToString(deterministic=True)
    return content


def _below(threshold: float) -> float:
    """Return the float32 at or below a threshold, so that float32 rows branch the same way."""
    found = np.float32(threshold)
    return float(found if float(found) <= threshold else np.nextafter(found, np.float32(-np.inf)))
