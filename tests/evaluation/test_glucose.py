"""The measurement of glucose metrics, on two people under another suffix."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from evaluation import files
from songhe.kernel.trends.glucose import mage

HERE = files.HOME / "cgm_iglu"
pytestmark = pytest.mark.skipif(not HERE.exists(), reason="no recordings beside this checkout")


def test_our_metrics_are_the_package_s(tmp_path: Path) -> None:
    pytest.importorskip("iglu_python", reason="the laboratory's packages are not installed")
    from evaluation.glucose import evaluate

    rows = files.rows(files.one(HERE, "cgm_t2d*.csv"))
    kept = sorted({row["id"] for row in rows})[:2]
    with (tmp_path / "cgm_other.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(row for row in rows if row["id"] in kept)
    outcome = evaluate("cgm_iglu", tmp_path)
    assert outcome.keys["max_relative_difference"] < 0.01
    assert outcome.figures[0].subjects == 2


def test_holes_of_every_length_are_handled_as_the_package_does() -> None:
    iglu_python = pytest.importorskip("iglu_python", reason="not installed")
    pandas = pytest.importorskip("pandas", reason="not installed")
    for seed in range(4):
        draw = np.random.default_rng(seed)
        count = 500
        values = 130 + 45 * np.sin(np.arange(count) / 23) + np.cumsum(draw.normal(0, 2, count))
        kept = np.ones(count, dtype=bool)
        for length in (4, 11, 20, 35, 50):
            begin = int(draw.integers(0, count - 60))
            kept[begin : begin + length] = False
        times = np.datetime64("2026-03-01T10:05:00") + np.arange(count) * np.timedelta64(5, "m")
        table = pandas.DataFrame({"id": "a", "time": times[kept], "gl": values[kept]})
        seconds = times[kept].astype("datetime64[s]").astype(float)
        ours = mage(seconds, values[kept])
        assert ours == pytest.approx(float(iglu_python.mage(table)["MAGE"].iloc[0]), rel=0.003)
