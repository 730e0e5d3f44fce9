"""Infrared arrays, radar, timed up and go and fall risk, on a few recordings under other names."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluation import fall_risk, falls_array, files, radar, tug

FALLS = {
    "sensitivity", "specificity", "precision", "f1", "false_alarms_per_hour_over60",
    "delay_s_median", "falls", "others", "subjects",
}  # fmt: skip


def here(name: str) -> Path:
    """Return a set's folder; skips where it is not."""
    folder = files.HOME / name
    if not folder.exists():
        pytest.skip("no recordings beside this checkout")
    return folder


def table(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows as CSV."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_infrared_16_has_the_keys_and_finds_falls(tmp_path: Path) -> None:
    folder = here(falls_array.FIR)
    index = files.rows(files.one(folder, "index_*.csv"))
    kept = {row["rec"]: row for row in index if row["layout"] in ("p4", "p14")}
    kept = dict(list(kept.items())[:5])
    with np.load(files.one(folder, "fir16x16_20170203_*.npz")) as file:
        frames, offset = file["frames"], file["offset"]
    parts = [frames[offset[int(rec)] : offset[int(rec) + 1]] for rec in kept]
    ends = np.cumsum([0, *(len(part) for part in parts)])
    np.savez(
        tmp_path / "fir16x16_20990101_other.npz",
        frames=np.concatenate(parts), offset=ends, rec=np.array([int(rec) for rec in kept]),
    )  # fmt: skip
    table(tmp_path / "index_other.csv", list(kept.values()))
    spans = files.rows(files.one(folder, "annotations_*.csv"))
    spans = [span for span in spans if span["rec"] in kept]
    table(tmp_path / "annotations_other.csv", spans)
    keys = falls_array.evaluate(falls_array.FIR, tmp_path).keys
    assert set(keys) == FALLS
    assert keys["falls"] == sum(span["action"].startswith("fall") for span in spans)
    assert keys["sensitivity"] >= 0.6
    assert keys["specificity"] >= 0.7
    assert np.isnan(keys["false_alarms_per_hour_over60"])


def test_infrared_4_judges_recordings(tmp_path: Path) -> None:
    folder = here(falls_array.COARSE)
    index = files.rows(files.one(folder, "d6t_4x4_*_index.csv"))[::40]
    with np.load(files.one(folder, "d6t_4x4_*.npz")) as file:
        signal, offset = file["signal"], file["offset"]
    parts = [signal[offset[int(r["rec"])] : offset[int(r["rec"]) + 1]] for r in index]
    ends = np.cumsum([0, *(len(part) for part in parts)])
    np.savez(tmp_path / "d6t_4x4_other.npz", signal=np.concatenate(parts), offset=ends)
    table(tmp_path / "d6t_4x4_other_index.csv", index)
    keys = falls_array.evaluate(falls_array.COARSE, tmp_path).keys
    assert set(keys) == FALLS
    assert keys["falls"] + keys["others"] == len(index)


def test_every_trial_of_another_folder_has_a_time(tmp_path: Path) -> None:
    folder = here("tug_skeleton_smartfallmm")
    source = files.one(folder, "tug_skeleton_15hz_*.npz")
    (tmp_path / "tug_skeleton_15hz_other.npz").write_bytes(source.read_bytes())
    index = files.one(folder, "tug_skeleton_15hz_*_index.csv")
    (tmp_path / "tug_skeleton_15hz_other_index.csv").write_bytes(index.read_bytes())
    outcome = tug.evaluate("tug_skeleton_smartfallmm", tmp_path)
    assert outcome.keys["trials"] == outcome.keys["with_time"] == len(files.rows(index))
    walked = next(f.value for f in outcome.figures if f.name.startswith("walked out"))
    assert walked == pytest.approx(3.0, abs=0.4)


def test_fall_risk_judges_nobody_by_himself(tmp_path: Path) -> None:
    folder = here(fall_risk.NAME)
    everybody = files.rows(files.one(folder, "features_*.csv"))
    left_out = [p for p in everybody if p["excluded_in_paper"] == "1"]
    people = [p for p in everybody if p not in left_out]
    whole = fall_risk.evaluate(fall_risk.NAME, folder)
    table(tmp_path / "features_other.csv", [*people[:20], *left_out])
    some = fall_risk.evaluate(fall_risk.NAME, tmp_path)
    assert set(whole.keys) == set(some.keys) == {"sensitivity", "specificity"}
    assert "20 of 20 people also teach" in some.proves
    table(tmp_path / "features_other.csv", [{**p, "id": "x" + p["id"]} for p in people[:20]])
    strangers = fall_risk.evaluate(fall_risk.NAME, tmp_path)
    assert "0 of 20 people also teach" in strangers.proves
    assert whole.keys["sensitivity"] > 0.5
    assert whole.keys["specificity"] > 0.5


def test_radar_recordings_of_others_are_judged_by_the_shipped_weights(tmp_path: Path) -> None:
    folder = here("radar_pointcloud_radhar")
    index = files.rows(files.one(folder, "index_*.csv"))[::8]
    with np.load(files.one(folder, "radhar_points_*.npz")) as file:
        points, offset = file["points"], file["offset"]
    parts = [points[offset[int(r["rec"])] : offset[int(r["rec"]) + 1]] for r in index]
    ends = np.cumsum([0, *(len(part) for part in parts)])
    np.savez(tmp_path / "radhar_points_other.npz", points=np.concatenate(parts), offset=ends)
    table(tmp_path / "index_other.csv", [{**r, "file": "x" + r["file"]} for r in index])
    outcome = radar.evaluate("radar_pointcloud_radhar", tmp_path)
    assert outcome.keys["presence"] > 0.9
    assert outcome.keys["activity_accuracy"] > 0.8
    assert outcome.keys["false_falls"] == 0


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        (falls_array.FIR, falls_array.evaluate),
        (falls_array.COARSE, falls_array.evaluate),
        ("radar_pointcloud_radhar", radar.evaluate),
        ("tug_skeleton_smartfallmm", tug.evaluate),
    ],
)
def test_a_folder_without_the_files_is_refused(name: str, measure: Any, tmp_path: Path) -> None:
    with pytest.raises(files.NoRecording):
        measure(name, tmp_path)
