"""The measurement of sleep and wakefulness, on a few recorded people under other names."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from evaluation import files
from evaluation.sleep import evaluate

SET = "sleep_walch_applewatch"
HERE = files.HOME / SET
pytestmark = pytest.mark.skipif(not HERE.exists(), reason="no recordings beside this checkout")


def test_people_of_another_folder_are_judged_by_the_shipped_weights(tmp_path: Path) -> None:
    rows = files.rows(files.one(HERE, "epochs*.csv"))
    kept = sorted({row["subject"] for row in rows})[:3]
    with (tmp_path / "epochs_other.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        for row in rows:
            if row["subject"] in kept:
                writer.writerow({**row, "subject": "x" + row["subject"]})
    outcome = evaluate(SET, tmp_path)
    assert set(outcome.keys) == {"accuracy", "sleep_se", "wake_se"}
    assert outcome.keys["accuracy"] > 0.85
    assert outcome.keys["wake_se"] > 0.5
    assert outcome.proves.startswith("Asleep or awake")
    assert "3 people are judged by the shipped weights" in outcome.proves


def test_a_folder_without_the_files_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(files.NoRecording, match=r"epochs\*\.csv"):
        evaluate(SET, tmp_path)
