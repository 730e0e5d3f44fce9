"""One pure function a kind of scale. Values with units bear them in their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from songhe.kernel.detectors.news2 import PARTS
from songhe.kernel.detectors.news2 import news2 as early_warning

Points = Mapping[str, tuple[int, ...]]
Answers = Mapping[str, Any]


class Rule(msgspec.Struct, frozen=True):
    """How a total comes about, and which further values it needs."""

    total: Callable[[Points, Answers], float]
    needs: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    def missing(self, points: Points, answers: Answers) -> tuple[str, ...]:
        """Return what has no answer yet."""
        wanted = [*(item for item in points if item not in self.optional), *self.needs]
        gone = [item for item in wanted if answers.get(item) is None]
        if self.optional and all(answers.get(item) is None for item in self.optional):
            gone.append(self.optional[0])
        return tuple(gone)


def total_of(points: Points, answers: Answers) -> float:
    """Return the sum of points."""
    return float(sum(answers[item] for item in points))


def deficit_share(points: Points, answers: Answers) -> float:
    """Return the share of deficits, with two decimals as it is read."""
    return round(total_of(points, answers) / len(points), 2)


def news(points: Points, answers: Answers) -> float:
    """Return NEWS (2012): NEWS2's bands on its first oxygen scale; V, P and U score 3."""
    return _early_warning(answers, 1)


def news_2(points: Points, answers: Answers) -> float:
    """Return NEWS2; spo2_scale is 2 only for a target of 88-92 % set by a clinician."""
    return _early_warning(answers, int(answers["spo2_scale"]))


def _early_warning(answers: Answers, scale: int) -> float:
    found = early_warning({part: float(answers[part]) for part in PARTS}, scale=scale)
    return float("nan") if found.total is None else found.total


def mna_sf(points: Points, answers: Answers) -> float:
    """Return MNA-SF: body mass index (kg/m²) where it is known, else the calf."""
    total = sum(answers[item] for item in points if item != "calf")
    bmi = answers.get("bmi_kg_m2")
    if bmi is None:
        return float(total + answers["calf"])
    return float(total + _step(bmi, ((19, 0), (21, 1), (23, 2)), 3))


def cha2ds2_vasc(points: Points, answers: Answers) -> float:
    """Return CHA₂DS₂-VASc: 1 from 65 years, 2 from 75."""
    return total_of(points, answers) + _step(answers["age_years"], ((65, 0), (75, 1)), 2)


def findrisc(points: Points, answers: Answers) -> float:
    """Return FINDRISC with the Finnish ages: 45, 55, 65; BMI 25-30 and waists by sex."""
    total = sum(answers[item] for item in points if item != "female")
    total += _step(answers["age_years"], ((45, 0), (55, 2), (65, 3)), 4)
    bmi = answers["bmi_kg_m2"]
    total += 0 if bmi < 25 else 1 if bmi <= 30 else 3
    low, high = (80, 88) if answers["female"] else (94, 102)
    waist = answers["waist_cm"]
    return float(total + (0 if waist < low else 3 if waist < high else 4))


def bmi(points: Points, answers: Answers) -> float:
    """Return kg/m² with two decimals."""
    return round(float(answers["weight_kg"] / (answers["height_cm"] / 100) ** 2), 2)


def _step(value: float, steps: tuple[tuple[float, int], ...], beyond: int) -> int:
    """Return the points of the first step that a value lies below."""
    return next((points for below, points in steps if value < below), beyond)


RULES: dict[str, Rule] = {
    "sum": Rule(total_of),
    "deficit_share": Rule(deficit_share),
    "news": Rule(news, needs=PARTS),
    "news2": Rule(news_2, needs=(*PARTS, "spo2_scale")),
    "mna_sf": Rule(mna_sf, optional=("calf", "bmi_kg_m2")),
    "cha2ds2_vasc": Rule(cha2ds2_vasc, needs=("age_years",)),
    "findrisc": Rule(findrisc, needs=("age_years", "bmi_kg_m2", "waist_cm")),
    "bmi": Rule(bmi, needs=("weight_kg", "height_cm")),
}
