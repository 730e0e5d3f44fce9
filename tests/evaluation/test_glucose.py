"""The measurement of glucose metrics, on two people under another suffix."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from evaluation import files

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
