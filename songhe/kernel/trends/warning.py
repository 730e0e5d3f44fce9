"""The early-warning score over time: NEWS2 at every instant at which all its parts are known."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from songhe.kernel.detectors.news2 import PARTS, news2, part_codes
from songhe.kernel.time import DAY_US, SECOND_US
from songhe.kernel.trends.series import Slope, slope
from songhe.kernel.wire import Reading

# Parts older than this are not put together (as the rule news2 does).
MAX_AGE_S = 900.0


class Warned(msgspec.Struct, frozen=True):
    """A complete score at one instant, with what each part gave."""

    at_us: int
    total: int
    risk: str
    parts: dict[str, int]


def scores(
    readings: Sequence[Reading],
    *,
    scale: int = 1,
    oxygen: bool | None = None,
    max_age_s: float = MAX_AGE_S,
) -> list[Warned]:
    """Return the score at each reading that completes or changes it; readings in order of time.

    oxygen: a known fact where no reading tells it. What is missing is never scored as normal: an
    instant without all seven parts has no score.
    """
    known: dict[str, tuple[int, float]] = {}
    names = part_codes()
    found: list[Warned] = []
    for reading in readings:
        spoke = False
        for code, value in zip(reading.codes, reading.values, strict=True):
            if code in names:
                known[names[code]] = (reading.effective_us, value)
                spoke = True
        if not spoke:
            continue
        oldest = reading.effective_us - round(max_age_s * SECOND_US)
        values = {part: value for part, (at_us, value) in known.items() if at_us >= oldest}
        if oxygen is not None:
            values.setdefault("oxygen", float(oxygen))
        if len(values) < len(PARTS):
            continue
        score = news2(values, scale=scale)
        if score.total is not None:
            found.append(Warned(reading.effective_us, score.total, score.risk, score.parts))
    return found


def trend(told: Sequence[Warned]) -> Slope | None:
    """Return how the highest score of each day moves, in points a day; None of too few days."""
    highest: dict[int, int] = {}
    for score in told:
        day = score.at_us // DAY_US
        highest[day] = max(highest.get(day, 0), score.total)
    days = sorted(highest)
    return slope([float(day) for day in days], [float(highest[day]) for day in days])
