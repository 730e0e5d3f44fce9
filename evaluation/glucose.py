"""cgm_iglu: our glucose metrics against those of the published package, on the same recordings."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import iglu_python
import pandas as pd  # type: ignore[import-untyped]

from evaluation import files
from evaluation.outcome import Figure, Outcome, Table
from songhe.kernel.trends.glucose import GlucoseMetrics, metrics

Rows = list[tuple[datetime, float]]


def _column(frame: pd.DataFrame, name: str) -> float:
    return float(frame[name].iloc[0])


# What the package calls each of our metrics.
_PACKAGE: dict[str, Callable[[pd.DataFrame], float]] = {
    "gmi_pct": lambda data: _column(iglu_python.gmi(data), "GMI"),
    "cv_pct": lambda data: _column(iglu_python.cv_glu(data), "CV"),
    "in_range_pct": lambda data: _column(
        iglu_python.in_range_percent(data, [[70, 180]]), "in_range_70_180"
    ),
    "very_low_pct": lambda data: _column(iglu_python.below_percent(data, [54]), "below_54"),
    "low_pct": lambda data: _column(iglu_python.below_percent(data, [70]), "below_70"),
    "high_pct": lambda data: _column(iglu_python.above_percent(data, [180]), "above_180"),
    "very_high_pct": lambda data: _column(iglu_python.above_percent(data, [250]), "above_250"),
    "mage": lambda data: _column(iglu_python.mage(data), "MAGE"),
}


def evaluate(name: str, folder: Path) -> Outcome:
    """Compare every metric of every person; the key is the greatest relative difference."""
    people = _people(folder)
    worst = dict.fromkeys(_PACKAGE, 0.0)
    rows = []
    for who, values in people.items():
        ours = metrics([t.timestamp() for t, _ in values], [v for _, v in values])
        theirs = pd.DataFrame(
            {
                "id": who,
                "time": pd.to_datetime([t.replace(tzinfo=None) for t, _ in values]),
                "gl": [v for _, v in values],
            }
        )
        for metric, of in _PACKAGE.items():
            worst[metric] = max(worst[metric], _apart(ours, metric, of(theirs)))
        if ours is not None:
            rows.append(_row(who, ours))
    greatest = max(worst.values())
    return Outcome(
        keys={"max_relative_difference": greatest},
        figures=(
            Figure(
                "max_relative_difference",
                greatest,
                subjects=len(people),
                note=f"over {len(_PACKAGE)} metrics of {len(people)} people",
            ),
            *(Figure(metric, apart, note="greatest") for metric, apart in worst.items()),
        ),
        proves="Our metrics, written from their published definitions, are those of the package "
        "iglu-python run on the same readings: times in, below and above ranges, GMI, CV and MAGE "
        "by moving averages with gaps.",
        cannot="Whether a metric means anything for a person: shares of a few days, or with many "
        "holes, are told as not enough (14 days, 70 % of readings). MAGE's rules of detail were "
        "told from the package's results, not from its text; the R package may differ from it.",
        tables=(
            Table(
                "By person (mg/dL, %)",
                ("person", "days", "mean", "in range", "GMI", "CV", "MAGE", "enough"),
                tuple(rows),
            ),
        ),
    )


def _people(folder: Path) -> dict[str, Rows]:
    """Return the readings of each person in order of time, local time taken as if it were UTC."""
    found: dict[str, Rows] = {}
    for path in files.found(folder, "cgm_*.csv"):
        for row in files.rows(path):
            if row["gl"]:
                at = datetime.fromisoformat(row["time"]).replace(tzinfo=UTC)
                found.setdefault(row["id"], []).append((at, float(row["gl"])))
    return {who: sorted(found[who]) for who in sorted(found)}


def _apart(ours: GlucoseMetrics | None, metric: str, theirs: float) -> float:
    """Return the relative difference; infinite when only one of the two has a value."""
    mine = None if ours is None else getattr(ours, metric)
    if mine is None or math.isnan(theirs):
        return 0.0 if mine is None and math.isnan(theirs) else math.inf
    if theirs == 0:
        return 0.0 if mine == 0 else math.inf
    return float(abs(mine - theirs) / abs(theirs))


def _row(who: str, ours: GlucoseMetrics) -> tuple[str, ...]:
    return (
        who,
        f"{ours.days:.1f}",
        f"{ours.mean:.0f}",
        f"{ours.in_range_pct:.1f}",
        f"{ours.gmi_pct:.2f}",
        "–" if ours.cv_pct is None else f"{ours.cv_pct:.1f}",
        "–" if ours.mage is None else f"{ours.mage:.1f}",
        "yes" if ours.enough else "no",
    )
