"""Conditions, allergies, needs and risks of one person by rule, and the values that follow."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

import yaml

from songhe.config.demo.model import Body, Fact

OLD = 80


@cache
def table() -> dict[str, list[dict[str, Any]]]:
    """Return the rows of health.yaml by part."""
    text = (files("songhe.config.demo") / "data/health.yaml").read_text("utf-8")
    raw: dict[str, list[dict[str, Any]]] = yaml.safe_load(text)
    return raw


def fact(row: dict[str, Any]) -> Fact:
    """Return a row of the table as a fact."""
    return Fact(row["kind"], row["code"], row["zh"], row["en"], row["rank"], row.get("data", {}))


def row_of(code: str) -> dict[str, Any]:
    """Return the row with this code."""
    rows = (row for part in ("conditions", "allergies", "needs") for row in table()[part])
    return next(row for row in rows if row["code"] == code)


def drawn(rng: Random, age: int) -> list[dict[str, Any]]:
    """Draw what a person of this age lives with: at most one row of a group."""
    found: dict[str, dict[str, Any]] = {}
    for part in ("conditions", "allergies", "needs"):
        for row in table()[part]:
            share = row["share"] + (row.get("old", 0.0) if age >= OLD else 0.0)
            hit = rng.random() < share
            if hit and row["group"] not in found:
                found[row["group"]] = row
    return list(found.values())


def care_level(rng: Random, age: int, rows: list[dict[str, Any]], *, resident: bool) -> int:
    """Draw the level of GB/T 42195-2022 (0 intact to 4), worse with age and illness [E]."""
    heavy = sum(row["code"] in {"stroke", "dementia", "parkinson", "heart-failure"} for row in rows)
    burden = max(0, age - 70) / 14 + 0.9 * heavy + (1.4 if resident else 0.0) + rng.gauss(-0.1, 0.8)
    return max(0, min(4, round(burden)))


def body(rng: Random, sex: str, rows: list[dict[str, Any]]) -> Body:
    """Draw a person's own usual values; treated, so that hypertension shows only in part [E]."""
    shift: dict[str, float] = {}
    for row in rows:
        for name, amount in row.get("shift", {}).items():
            shift[name] = shift.get(name, 0.0) + amount
    sbp = 122 + rng.gauss(0, 5) + shift.get("sbp", 0.0)
    return Body(
        sbp=round(min(sbp, 146), 1),
        dbp=round(min(72 + (sbp - 122) * 0.25 + rng.gauss(0, 3) + shift.get("dbp", 0.0), 88), 1),
        heart=round(70 + rng.gauss(0, 5) + shift.get("heart", 0.0), 1),
        respiration=round(min(15.5 + rng.gauss(0, 0.7) + shift.get("respiration", 0.0), 17.2), 1),
        spo2=round(min(97.3 + rng.gauss(0, 0.4) + shift.get("spo2", 0.0), 98.5), 1),
        temperature=round(36.4 + rng.gauss(0, 0.12), 2),
        glucose=round(5.4 + rng.gauss(0, 0.3) + shift.get("glucose", 0.0), 2),
        weight=round((66 if sex == "male" else 57) + rng.gauss(0, 7), 1),
    )


def risks(rng: Random, age: int, level: int, traits: frozenset[str]) -> list[Fact]:
    """Return the risks that a helper must know of."""
    found = []
    weak = {"stroke", "parkinson", "stick"} & traits
    if level >= 2 or weak or (age >= OLD and rng.random() < 0.3):
        found.append(Fact("risk", "fall-risk", "跌倒高风险", "High risk of falling", 20))
    if "dementia" in traits and level < 4 and rng.random() < 0.8:
        found.append(Fact("risk", "wandering", "走失风险", "May get lost", 18))
    if level >= 4:
        found.append(Fact("risk", "pressure-sore", "压疮高风险", "High risk of pressure sores", 22))
    return found
