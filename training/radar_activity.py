"""Weights that tell five activities under a radar, learned from radar_pointcloud_radhar (BSD)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from evaluation import files
from evaluation.radar_set import SET, recordings
from songhe.kernel.signals.radar import ACTIVITIES

NAME = "radar-activity"
_FOLDER = Path(__file__).resolve().parents[1] / "songhe/kernel/data/models"
_VERSION = "1"
# How much the weights are held small: 65 figures, 25 recordings.
_FREEDOM = 0.05


def learn(windows: Sequence[NDArray[np.float32]], activities: Sequence[str]) -> Pipeline:
    """Return weights learned from windows, recording by recording, and what each shows."""
    rows = np.concatenate(windows)
    wanted = np.concatenate(
        [np.full(len(w), ACTIVITIES.index(a)) for w, a in zip(windows, activities, strict=True)]
    )
    weights = make_pipeline(StandardScaler(), LogisticRegression(C=_FREEDOM, max_iter=5000))
    return weights.fit(rows, wanted)


def train() -> dict[str, Any]:
    """Learn from all open recordings; write weights and their card."""
    found = recordings(files.HOME / SET)
    windows = [recording.windows() for recording in found]
    weights = learn(windows, [recording.activity for recording in found])
    content: bytes = to_onnx(
        weights, windows[0][:1], options={"zipmap": False}, target_opset=17
    ).SerializeToString()
    (_FOLDER / f"{NAME}.onnx").write_bytes(content)
    known = {
        "name": NAME,
        "version": _VERSION,
        "sha256": hashlib.sha256(content).hexdigest(),
        "data": [SET],
        "licence": "BSD-3-Clause",
        "command": f"./dev train {NAME}",
        "trained_on": [recording.name for recording in found],
    }
    (_FOLDER / f"{NAME}.yaml").write_text(yaml.safe_dump(known, sort_keys=False), "utf-8")
    return {**known, "bytes": len(content)}
