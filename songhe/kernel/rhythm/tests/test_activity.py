"""Activities: durations shape what is said, the weights are those of the card, homes may differ."""

import hashlib
from importlib.resources import files
from random import Random

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from songhe.kernel.rhythm import Fired
from songhe.kernel.rhythm.activity import ACTIVITIES, decode, fit_habits, recognise, shipped, spells
from songhe.kernel.rhythm.sensing import in_order
from songhe.kernel.rhythm.slices import features, names
from songhe.kernel.rhythm.tests.home import FIRST, at, fired, life
from songhe.kernel.time import MINUTE_US

MODELS = files("songhe.kernel") / "data/models"


def test_the_weights_are_those_of_the_card() -> None:
    card = yaml.safe_load((MODELS / "activity.yaml").read_text("utf-8"))
    content = (MODELS / "activity.onnx").read_bytes()
    assert hashlib.sha256(content).hexdigest() == card["sha256"]
    habits = (MODELS / "activity.json").read_bytes()
    assert hashlib.sha256(habits).hexdigest() == card["habits_sha256"]
    assert card["data"] == ["adl_ordonez"]
    assert len(content) < 1_000_000
    assert len(shipped().median_log) == len(ACTIVITIES)


def test_one_minute_of_doubt_does_not_cut_a_long_sleep() -> None:
    sleep, away = ACTIVITIES.index("sleep"), ACTIVITIES.index("away")
    shares = np.full((300, len(ACTIVITIES)), 0.01)
    shares[:, sleep] = 0.9
    shares[150] = 0.05
    shares[150, away] = 0.55
    assert set(decode(shares, shipped())) == {sleep}
    shares[100:200] = 0.01
    shares[100:200, away] = 0.9
    assert set(decode(shares, shipped())[110:190]) == {away}


def test_durations_and_order_are_learned_from_labels() -> None:
    toilet, sleep = ACTIVITIES.index("toilet"), ACTIVITIES.index("sleep")
    labels = np.concatenate([np.r_[np.full(400, sleep), np.full(4, toilet)] for _ in range(6)])
    habits = fit_habits([labels])
    assert habits.median_log[sleep] == pytest.approx(np.log(400), abs=0.01)
    assert habits.median_log[toilet] == pytest.approx(np.log(4), abs=0.01)
    assert np.argmax(habits.follows[sleep]) == toilet


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 5))
def test_rows_are_finite_and_the_same_whichever_order_events_come_in(seed: int, many: int) -> None:
    draw = Random(seed)
    own = [
        fired(FIRST, draw.uniform(-100, 1500), draw.choice(("bed", "kitchen", "front", "flush")),
              draw.choice((0, 0, 30, 400)))
        for _ in range(many * 5)
    ]  # fmt: skip
    rows = features(own, at(FIRST, 0), 1440, 480)
    assert rows.shape == (1440, len(names()))
    assert np.isfinite(rows).all()
    draw.shuffle(own)
    assert np.array_equal(rows[:, :84], features(own, at(FIRST, 0), 1440, 480)[:, :84])


@pytest.mark.parametrize("mat", [True, False], ids=["with a mat", "without a mat"])
def test_a_home_with_other_sensors_sleeps_at_night_and_is_away_after_the_door(mat: bool) -> None:
    events: list[Fired] = list(life(2, night_visits=0, outing=(540, 700)))
    if mat:
        events += [fired(FIRST, 1315, "bed", 500)]
    found, certainty = recognise(in_order(events), at(FIRST, 0), 2880, 480)
    night = found[1440 + 60 : 1440 + 330]
    assert (night == ACTIVITIES.index("sleep")).mean() > 0.9
    out = found[560:680]
    assert (out == ACTIVITIES.index("away")).mean() > 0.8
    told = spells(found, certainty, at(FIRST, 0))
    assert sum((s.until_us - s.from_us) // MINUTE_US for s in told) == 2880
    assert all(0 <= s.certainty <= 1 for s in told)
