"""The measurement of worn falls and steps, on a few recordings under other names."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluation import falls_worn, files, gait
from evaluation.causal import broken_promises
from songhe.kernel.signals.steps import StepDetector
from songhe.kernel.signals.worn import ACCELERATION, FallDetector, card

FALL_KEYS = {
    "sensitivity",
    "specificity",
    "precision",
    "f1",
    "false_alarms_per_hour_over60",
    "delay_s_median",
    "falls",
    "others",
    "subjects",
}
pytestmark = pytest.mark.skipif(
    not (files.HOME / "falls_imu_sisfall").exists(), reason="no recordings beside this checkout"
)


def _some(source: Path, target: Path, keep, who=str) -> None:
    """Write the recordings whose row `keep` wants into another folder, their people renamed."""
    trials = [trial for trial in files.trials(source) if keep(trial.row)]
    ends = np.cumsum([0, *(len(trial.samples) for trial in trials)])
    np.savez(target, signal=np.concatenate([trial.samples for trial in trials]), offset=ends)
    index = target.with_name(target.stem + "_index.csv")
    with index.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(trials[0].row))
        writer.writeheader()
        for place, trial in enumerate(trials):
            writer.writerow({**trial.row, "rec": place, "subject": who(trial.row["subject"])})


def test_waist_falls_of_another_folder(tmp_path: Path) -> None:
    home = files.HOME / "falls_imu_sisfall"
    _some(
        files.one(home, "*young*.npz"),
        tmp_path / "sisfall_50hz_young_other.npz",
        lambda row: row["subject"] in ("SA01", "SA02") and row["trial"] == "1",
    )
    _some(
        files.one(home, "*elderly*.npz"),
        tmp_path / "sisfall_50hz_elderly_other.npz",
        lambda row: row["subject"] == "SE01",
    )
    outcome = falls_worn.evaluate("falls_imu_sisfall", tmp_path)
    assert set(outcome.keys) == FALL_KEYS
    assert (outcome.keys["falls"], outcome.keys["subjects"]) == (30, 3)
    assert outcome.keys["sensitivity"] >= 0.9
    assert outcome.keys["specificity"] >= 0.9
    assert 2.0 < outcome.keys["delay_s_median"] < 2.2
    assert outcome.keys["false_alarms_per_hour_over60"] >= 0
    assert "none was fitted" in outcome.proves
    silence = next(table for table in outcome.tables if table.title == "When the signal ends")
    assert [row[:2] for row in silence.rows] == [
        ("falls", "30"),
        ("others", f"{outcome.keys['others']:.0f}"),
    ]
    for _, all_of, waited, alone in silence.rows:
        assert int(alone) <= int(waited) <= int(all_of)


def test_a_recording_that_ends_after_a_blow_is_judged_as_a_silent_device() -> None:
    home = files.HOME / falls_worn.LEARNED_FROM
    told = {True: 0, False: 0}
    for recording in falls_worn.recordings(falls_worn.LEARNED_FROM, home):
        samples = recording.sensors.get("waist")
        if recording.subject != "S04" or samples is None:
            continue
        size = np.linalg.norm(samples, axis=1)
        cut = {"waist": samples[: int(size.argmax()) + 12]}
        short = replace(recording, sensors=cut)
        found = falls_worn.heard(short, ["waist"], FallDetector(), {})
        if recording.is_fall and found:
            assert found[-1].facts["silent_after_s"] < 0.7
        told[recording.is_fall] += bool(found)
    assert told[True] > 5 * told[False]


def test_new_people_of_the_set_learned_from_are_judged_by_the_shipped_weights(
    tmp_path: Path,
) -> None:
    _some(
        files.one(files.HOME / falls_worn.LEARNED_FROM, "umafall*.npz"),
        tmp_path / "umafall_20hz_other.npz",
        lambda row: row["subject"] == "S04",
        who=lambda subject: f"new {subject}",
    )
    outcome = falls_worn.evaluate(falls_worn.LEARNED_FROM, tmp_path)
    assert "never saw these people" in outcome.proves
    assert outcome.keys["sensitivity"] > 0.9
    assert np.isnan(outcome.keys["false_alarms_per_hour_over60"])
    assert {row[0] for row in outcome.tables[-1].rows} <= {"waist", "wrist", "chest"}


def test_people_learned_from_are_those_of_the_card() -> None:
    rows = files.rows(files.one(files.HOME / falls_worn.LEARNED_FROM, "umafall*_index.csv"))
    assert card()["trained_on"] == sorted({row["subject"] for row in rows})
    assert card()["data"] == [falls_worn.LEARNED_FROM]


def test_a_marked_fall_is_not_found_before_it_was() -> None:
    home = files.HOME / "falls_wrist_wedafall"
    marked = [r for r in falls_worn.recordings("falls_wrist_wedafall", home) if r.is_fall]
    assert all(r.fall_s is not None and 0 < r.fall_s < r.hours * 3600 for r in marked)
    assert not any(r.over_60 for r in marked)


def test_real_recordings_cut_otherwise_say_the_same() -> None:
    home = files.HOME / "falls_wrist_wedafall"
    recording = next(r for r in falls_worn.recordings("falls_wrist_wedafall", home) if r.is_fall)
    samples, leads = recording.sensors["wrist"], ("wrist x", "wrist y", "wrist z")
    assert falls_worn.heard(recording, ["wrist"], FallDetector(), {"least_score_wrist": 0.1})
    for detector, params in ((FallDetector(), {"least_score_wrist": 0.1}), (StepDetector(), {})):
        assert not broken_promises(
            detector, samples, recording.rate_hz, ACCELERATION, leads=leads, params=params, cuts=3
        )


def test_steps_of_another_folder(tmp_path: Path) -> None:
    _some(
        files.one(files.HOME / "gait_imu_ipol", "gait*.npz"),
        tmp_path / "gait_100hz_other.npz",
        lambda row: row["subject"] in ("1", "2"),
    )
    outcome = gait.evaluate("gait_imu_ipol", tmp_path)
    assert set(outcome.keys) == {"step_f1", "stride_time_error_ms"}
    assert outcome.keys["step_f1"] > 0.9
    assert outcome.keys["stride_time_error_ms"] < 40
    marked = json.loads(files.rows(files.one(tmp_path, "*_index.csv"))[0]["meta"])
    assert marked["LeftFootEvents"]


def test_times_belong_together_once() -> None:
    assert gait.together([1.0, 1.1, 3.0], [1.08, 2.0, 3.2]) == 2
    assert gait.together([1.0], [1.3]) == 0


@pytest.mark.parametrize("name", ["falls_imu_sisfall", "falls_wrist_wedafall"])
def test_a_folder_without_the_files_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(files.NoRecording):
        falls_worn.evaluate(name, tmp_path)
