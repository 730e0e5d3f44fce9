"""Homes as they are measured: whatever names, suffixes and homes a folder has."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from evaluation import files, home_sets
from evaluation.homes import Judged, _late_only, _together, judged_homes
from evaluation.rhythm import measure
from songhe.kernel.rhythm.activity import ACTIVITIES
from songhe.kernel.time import DAY_US, HOUR_US, MINUTE_US, to_us

ORDONEZ = files.HOME / "adl_ordonez"
here = pytest.mark.skipif(not ORDONEZ.exists(), reason="the open recordings are not beside this")


def test_events_that_kept_their_activity_become_spells(tmp_path: Path) -> None:
    (tmp_path / "houseB_events_heldout.csv").write_text(
        "timestamp,sensor,value,activity\n"
        "2009-07-21 22:00:00,Frontdoor,ON,\n"
        "2009-07-22 06:00:00,BedroomDoor,ON,GoToBed\n"
        "2009-07-22 07:00:00,ToiletFlush,ON,UseToilet\n"
        "2009-07-22 07:03:00,ToiletDoor,ON,UseToilet\n"
        "2009-07-22 07:30:00,Fridge,ON,\n"
        "2009-07-22 08:00:00,Frontdoor,ON,LeaveHouse\n"
        "2009-07-22 16:00:00,Frontdoor,ON,LeaveHouse\n"
        "2009-07-22 17:00:00,Fridge,OFF,\n"
    )
    (home,) = home_sets.kasteren(tmp_path)
    assert (home.name, home.blind, len(home.events)) == ("B", True, 7)
    told = home.labels()
    count = {name: int((told == i).sum()) for i, name in enumerate(ACTIVITIES)}
    assert count["sleep"] == 8 * 60
    assert count["away"] == 8 * 60
    assert count["toilet"] in (3, 4)
    # An event without an activity is a minute of its own (the door at 22:00 is where sleep begins);
    # nobody knows the rest.
    assert count["other"] == 1
    assert (told == home_sets.UNKNOWN).sum() == home.count - sum(count.values())


@pytest.mark.parametrize(
    ("name", "activity"),
    [
        ("Spare_Time/TV", "leisure"), ("UseToiletDownstairs", "toilet"), ("Leaving", "away"),
        ("Leave_Home", "away"), ("Enter_Home", "other"), ("PrepareDinner", "meal"),
        ("Dinner", "meal"), ("GetDrink", "snack"), ("Wake_Up", "other"), ("Bathe", "shower"),
        ("Wash_Breakfast_Dishes", "breakfast"), ("Something_New", "other"), ("", "other"),
        ("GetDressed", "grooming"), ("Morning_Meds", "other"),
    ],
)  # fmt: skip
def test_names_of_activities_have_one_meaning(name: str, activity: str) -> None:
    assert home_sets.activity_of(name, 12 * HOUR_US) == activity


def test_a_folder_without_homes_says_what_is_missing(tmp_path: Path) -> None:
    for read in home_sets.READERS.values():
        with pytest.raises(files.NoRecording):
            read(tmp_path)


def test_the_figures_are_of_all_minutes_together() -> None:
    told, ours = np.array([0, 0, 1, 1, -1]), np.array([0, 1, 1, 1, 0])
    judged = Judged("X", told, ours, np.zeros((3, 5), dtype=np.int64))
    assert _together([judged], "ours") == (0.75, 0.75)
    assert _together([judged], "plain") == (0.5, 0.5)


@here
def test_another_home_is_judged_by_the_weights_that_ship(tmp_path: Path) -> None:
    for kind in ("sensors", "activities"):
        shutil.copy(ORDONEZ / f"homeA_{kind}_dev.csv", tmp_path / f"homeB_{kind}_heldout.csv")
    (judged,), homes, how = judged_homes("adl_ordonez", tmp_path)
    assert [home.name for home in homes] == ["B"]
    assert "nothing was learned" in how
    assert _together([judged], "ours")[0] > 0.8


def test_days_after_what_was_learned_are_judged_alone() -> None:
    start_us = to_us(datetime(2011, 7, 3, tzinfo=UTC))
    home = home_sets.Home("al", [], [], start_us, 4 * 1440)
    whole = np.zeros(4 * 1440, dtype=np.int64)
    judged = _late_only(Judged("al", whole, whole, np.zeros((3, len(whole)), np.int64)), home)
    assert len(judged.told) == len(judged.plain) == 2 * 1440
    assert list(np.unique(judged.days)) == [2, 3]


@here
def test_the_rhythm_of_a_home_is_measured_from_the_eighth_day_on() -> None:
    (home,) = home_sets.ordonez(ORDONEZ)
    found = measure([home])
    assert found.keys["no_sign_days"] == home.count * MINUTE_US // DAY_US - 8
    assert found.keys["no_sign_false_per_day"] <= 0.2
    ours, fixed = (found.keys[f"{n}_delay_min_median"] for n in ("no_sign", "fixed_12h"))
    assert ours < fixed
