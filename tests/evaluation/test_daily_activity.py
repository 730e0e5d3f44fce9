"""Forecasts of real daily steps: days without a value, and how often the interval holds."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from evaluation import files
from songhe.kernel.trends.series import forecast

HERE = files.HOME / "daily_activity_fitbit"
pytestmark = pytest.mark.skipif(not HERE.exists(), reason="no recordings beside this checkout")


def people() -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {}
    for row in files.rows(files.one(HERE, "hourlySteps_merged*.csv")):
        date = row["ActivityHour"].split(" ")[0]
        day = datetime.strptime(date, "%m/%d/%Y").toordinal()  # noqa: DTZ007
        days = found.setdefault(row["Id"], {})
        days[day] = days.get(day, 0.0) + float(row["StepTotal"])
    # A day of no steps at all is a day on which the band lay in a drawer.
    return {who: {d: n for d, n in days.items() if n > 0} for who, days in found.items()}


def test_the_interval_holds_about_nine_days_of_ten_of_real_steps() -> None:
    held = tried = 0
    for steps in people().values():
        days = sorted(steps)
        if len(days) < 30:
            continue
        for end in range(24, len(days) - 1):
            known = days[:end]
            for day in forecast([float(d) for d in known], [steps[d] for d in known], 3):
                if int(day.day) in steps:
                    tried += 1
                    held += day.low <= steps[int(day.day)] <= day.high
    assert tried > 200
    assert 0.82 <= held / tried <= 0.98


def test_holes_are_bridged_and_not_taken_for_days_of_nothing() -> None:
    steps = max(people().values(), key=len)
    days = sorted(steps)
    kept = [d for d in days if d % 3 or d == days[-1]]
    whole = forecast([float(d) for d in days], [steps[d] for d in days], 3)
    holes = forecast([float(d) for d in kept], [steps[d] for d in kept], 3)
    middle = float(np.median([steps[d] for d in days]))
    assert abs(whole[0].expected - holes[0].expected) < 0.5 * middle
