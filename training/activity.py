"""The activity model: learned from one home, told apart from its own sensors by seeing others.

Home A of adl_ordonez (CC BY 4.0) has one set of sensors. So that the model works where there are
other ones, it also learns from the same days as homes with fewer or plainer sensors would have seen
them: no mat in the bed but a door to the bedroom, one sensor for the whole kitchen, sensors that
only say that they fired.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from evaluation import files
from evaluation.home_sets import UNKNOWN, Home, ordonez
from songhe.kernel.rhythm.activity import ACTIVITIES, Habits, fit_habits
from songhe.kernel.rhythm.sensing import Fired, in_order
from songhe.kernel.rhythm.slices import Doubles, Floats, features, names
from songhe.kernel.time import DAY_US, MINUTE_US

MODELS = Path(__file__).resolve().parents[1] / "songhe" / "kernel" / "data" / "models"
VERSION = "2026-11"
_VARIANTS = 8
_TREES = 30
_LEAF = 15
_LEAVES = 128
_COLUMNS = 0.2
# How far rare activities are weighed up: 0 not at all, 1 all activities alike.
_BALANCE = 0.8
# Hours of rest repeat themselves: this share of their minutes is enough.
_THIN = 0.25
_SEED = 1
_GONE, _STAYS = 0.5, "stays"


@dataclass
class Learned:
    """A model learned in this run, judging as the shipped one does."""

    trees: Any
    habits: Habits

    def __call__(self, rows: Floats) -> Doubles:
        """Return the share of each activity, (rows, activities)."""
        found = np.zeros((len(rows), len(ACTIVITIES)))
        found[:, self.trees.classes_] = self.trees.predict_proba(rows)
        return found


def another_home(home: Home, draw: random.Random) -> list[Fired]:
    """Return a home's events as a home with other sensors would have told them."""
    gone: dict[str, str] = {
        thing: room for thing, room in (("bed", "bedroom"), ("seat", "living"))
        if draw.random() < _GONE
    }  # fmt: skip
    joined: dict[str, str] = {}
    if draw.random() < 0.35:
        joined |= dict.fromkeys(("fridge", "heat", "crockery"), "kitchen")
    elif draw.random() < 0.3:
        gone[draw.choice(("fridge", "heat", "crockery"))] = ""
    if draw.random() < 0.35:
        joined |= dict.fromkeys(("shower", "basin", "flush", "toilet"), "bathroom")
    elif draw.random() < 0.5:
        gone[draw.choice(("shower", "basin"))] = "bathroom"
    plain = draw.random() < 0.4
    found: list[Fired] = []
    for event in home.events:
        room = gone.get(event.channel, _STAYS)
        if room == _STAYS:
            until_us = event.at_us if plain else event.until_us
            found.append(Fired(event.at_us, until_us, joined.get(event.channel, event.channel)))
        elif room:
            # The door of the room, or a sensor in it, still tells of coming and going.
            found += [Fired(at, at, room) for at in (event.at_us, event.until_us)]
    return in_order(found)


def learn(homes: Sequence[Home], without: Sequence[int] = (), trees: int = _TREES) -> Learned:
    """Learn from homes; `without`: days (by number, of every home) that must not be seen."""
    from sklearn.ensemble import ExtraTreesClassifier

    rows: list[Floats] = []
    labels: list[NDArray[np.int64]] = []
    days: list[NDArray[np.int64]] = []
    keep = np.random.default_rng(_SEED)
    for number, home in enumerate(homes):
        told = home.labels()
        hidden = np.isin(np.arange(home.count) // (DAY_US // MINUTE_US), list(without))
        told = np.where(hidden, UNKNOWN, told)
        days.append(told)
        draw = random.Random(_SEED + number)  # noqa: S311 (variants, not secrets)
        for turn in range(_VARIANTS + 1):
            events = home.events if turn == 0 else another_home(home, draw)
            rests = np.isin(told, [ACTIVITIES.index(a) for a in ("away", "sleep", "leisure")])
            used = (told >= 0) & (~rests | (keep.random(home.count) < _THIN))
            rows.append(features(events, home.start_us, home.count)[used])
            labels.append(told[used])
    every, what = np.concatenate(rows), np.concatenate(labels)
    counts = np.maximum(np.bincount(what, minlength=len(ACTIVITIES)), 1).astype(float)
    model = ExtraTreesClassifier(
        trees,
        min_samples_leaf=_LEAF,
        max_leaf_nodes=_LEAVES,
        max_features=_COLUMNS,
        random_state=_SEED,
        n_jobs=1,
    )
    model.fit(every, what, sample_weight=counts[what] ** -_BALANCE)
    return Learned(model, fit_habits(days))


def train() -> dict[str, float]:
    """Learn the shipped model from home A of adl_ordonez and write it into the package."""
    from skl2onnx import to_onnx

    folder = files.HOME / "adl_ordonez"
    homes = [home for home in ordonez(folder) if home.name == "A"]
    learned = learn(homes)
    if list(learned.trees.classes_) != list(range(len(ACTIVITIES))):
        raise ValueError("an activity is missing from what was learned from")
    proto = to_onnx(
        learned.trees, np.zeros((1, len(names())), dtype=np.float32),
        options={id(learned.trees): {"zipmap": False}}, target_opset=17,
    )  # fmt: skip
    proto.graph.name = "activity"
    content = proto.SerializeToString()
    habits = msgspec.json.encode(learned.habits)
    (MODELS / "activity.onnx").write_bytes(content)
    (MODELS / "activity.json").write_bytes(habits + b"\n")
    card = [
        "# Written by `./dev train activity`; docs/models/activity.md tells more.",
        "name: activity",
        f'version: "{VERSION}"',
        f"sha256: {hashlib.sha256(content).hexdigest()}",
        f"habits_sha256: {hashlib.sha256(habits + bytes([10])).hexdigest()}",
        "data: [adl_ordonez]",
        "licence: CC BY 4.0 (UCI Machine Learning Repository)",
        f"trained_on: {json.dumps([home.name for home in homes])}",
        "made_by: ./dev train activity",
    ]
    (MODELS / "activity.yaml").write_text("\n".join(card) + "\n", "utf-8")
    return {"bytes": float(len(content)), "minutes": float(homes[0].count)}
