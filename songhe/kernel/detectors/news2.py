"""NEWS2 as a pure function, exactly by its bands (Royal College of Physicians, 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Literal

import msgspec

from songhe.kernel import codes
from songhe.kernel.detectors.rules import catalogue, round_half_up

Risk = Literal["low", "low_medium", "medium", "high", "incomplete"]
PARTS = ("respiration", "spo2", "oxygen", "sbp", "pulse", "consciousness", "temperature")
_Band = tuple[float | None, float | None, int]


class Table(msgspec.Struct, frozen=True):
    """The bands of one part; several tables of one part differ by scale and gas."""

    part: str
    code: str
    decimals: int
    bands: list[_Band]
    scale: int | None = None
    gas: str | None = None


class Score(msgspec.Struct, frozen=True):
    """total is None while a part is missing: a missing part is never scored as normal."""

    total: int | None
    parts: dict[str, int]
    risk: Risk
    missing: tuple[str, ...]

    @property
    def singles(self) -> tuple[str, ...]:
        """Return the parts that score 3 by themselves."""
        return tuple(part for part, score in self.parts.items() if score == 3)


@cache
def tables() -> list[Table]:
    """Return the bands that ship."""
    return msgspec.convert(catalogue().news2["parts"], list[Table])


@cache
def part_codes() -> dict[int, str]:
    """Return the part that each stored code speaks for."""
    return {codes.by_key(table.code).number: table.part for table in tables()}


@cache
def calm_range(part: str, scale: int) -> tuple[float, float]:
    """Return the open range of raw values that never score 3 alone, whatever the oxygen."""
    low, high = float("-inf"), float("inf")
    for table in _tables_of(part, scale):
        half = 0.5 * 10.0**-table.decimals - 1e-6
        calm = [band for band in table.bands if band[2] < 3]
        if calm[0][0] is not None:
            low = max(low, calm[0][0] - half)
        if calm[-1][1] is not None:
            high = min(high, calm[-1][1] + half)
    return low, high


@cache
def _tables_of(part: str, scale: int) -> list[Table]:
    return [t for t in tables() if t.part == part and t.scale in (None, scale)]


@lru_cache(maxsize=8192)
def score_part(
    part: str, value: float, *, scale: int = 1, oxygen: bool | None = None
) -> int | None:
    """Return the score of one value, in canonical units, rounded before banding.

    None where the score hangs on oxygen being given and that is not known.
    """
    found = set()
    for table in _tables_of(part, scale):
        if table.gas is not None and oxygen is not None and (table.gas == "oxygen") != oxygen:
            continue
        rounded = round_half_up(value, table.decimals)
        for low, high, score in table.bands:
            if (low is None or rounded >= low) and (high is None or rounded <= high):
                found.add(score)
                break
    return found.pop() if len(found) == 1 else None


def news2(values: Mapping[str, float], *, scale: int = 1) -> Score:
    """Score the parts present, by name (see PARTS); consciousness 0 alert, 1-4 C, V, P, U.

    oxygen 0 is air. scale 2 only for a target of 88-92 % set by a clinician. With a part missing
    there is no total and the risk is "incomplete".
    """
    oxygen = bool(values["oxygen"]) if "oxygen" in values else None
    parts = {}
    for part in PARTS:
        if part in values:
            score = score_part(part, values[part], scale=scale, oxygen=oxygen)
            if score is not None:
                parts[part] = score
    missing = tuple(part for part in PARTS if part not in parts)
    if missing:
        return Score(total=None, parts=parts, risk="incomplete", missing=missing)
    total = sum(parts.values())
    return Score(total=total, parts=parts, risk=risk_of(total, parts), missing=())


def risk_of(total: int, parts: Mapping[str, int]) -> Risk:
    """Return the clinical risk of a complete score (NEWS2 chart 2, thresholds and triggers)."""
    params = catalogue().rules["news2"].params
    if total >= params["high"]:
        return "high"
    if total >= params["medium"]:
        return "medium"
    if any(score == params["single"] for score in parts.values()):
        return "low_medium"
    return "low"
