"""The measurement of indoor positions, on one room under another suffix."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from evaluation import files
from evaluation.beacons import evaluate

HERE = files.HOME / "ble_rssi"
pytestmark = pytest.mark.skipif(not HERE.exists(), reason="no recordings beside this checkout")


def test_a_room_is_measured_by_its_own_walk(tmp_path: Path) -> None:
    rows = files.rows(files.one(HERE, "rooms_mean_rssi*.csv"))
    kept = [row for row in rows if row["scenario"] == "2" and row["tech"] == "BLE"]
    with (tmp_path / "rooms_mean_rssi_other.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(kept)
    outcome = evaluate("ble_rssi", tmp_path)
    assert set(outcome.keys) == {"mean_error_m", "p90_error_m"}
    assert 0.5 < outcome.keys["mean_error_m"] < 2.0
    assert outcome.keys["p90_error_m"] > outcome.keys["mean_error_m"]
