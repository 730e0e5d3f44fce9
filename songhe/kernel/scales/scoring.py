"""What a scale is and how answers are checked and added up; a missing answer is never a zero."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec
import yaml

from songhe.kernel.errors import Invalid, NotFound
from songhe.kernel.scales.rules import RULES

Language = Literal["en", "zh"]


class UnknownScale(NotFound):
    code = "scales.unknown"
    message = "The scale %(given)s is not known."


class UnusableAnswer(Invalid):
    code = "scales.answer"
    message = "%(scale)s: %(value)s is not among the points of %(field)s (%(allowed)s)."


class Band(msgspec.Struct, frozen=True):
    """What a total means from `least` up."""

    least: float
    en: str
    zh: str


class Numbered(msgspec.Struct, frozen=True):
    """Items that bear numbers alone, i1 to i<count>, all with the same points."""

    count: int
    values: tuple[int, ...]


class Urgent(msgspec.Struct, frozen=True):
    """An item that calls for a human from so many points, whatever the total."""

    item: str
    least: int


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """One scale as it ships. rights: open, or ask (no wording without permission)."""

    id: str
    en: str
    zh: str
    source: str
    status: str
    rights: Literal["open", "ask"]
    rule: str = "sum"
    items: dict[str, tuple[int, ...]] = {}
    numbered: Numbered | None = None
    urgent: Urgent | None = None
    bands: tuple[Band, ...] = ()

    @property
    def points(self) -> dict[str, tuple[int, ...]]:
        """Return the points that each item may have, by its code."""
        if self.numbered is None:
            return self.items
        return {f"i{n + 1}": self.numbered.values for n in range(self.numbered.count)}


class Scored(msgspec.Struct, frozen=True):
    """A total (None while something is missing), its band in words, and what is missing.

    urgent: an item alone calls for a human, even when the total is not known.
    """

    total: float | None
    band: Band | None
    missing: tuple[str, ...]
    urgent: bool = False


@cache
def scales() -> dict[str, Scale]:
    """Return the scales that ship, by id."""
    text = (files("songhe.kernel") / "data/scales.yaml").read_text("utf-8")
    found = msgspec.convert(yaml.safe_load(text)["scales"], list[Scale])
    return {known.id: known for known in found}


def scale(name: str) -> Scale:
    """Return one scale; raises UnknownScale."""
    try:
        return scales()[name]
    except KeyError:
        raise UnknownScale(given=name[:40]) from None


def score(name: str, answers: Mapping[str, Any]) -> Scored:
    """Return the total of answers by item code (points; values with units where a rule says so).

    Raises UnknownScale, and UnusableAnswer for points that an item does not have.
    """
    known = scale(name)
    for item, allowed in known.points.items():
        value = answers.get(item)
        if value is not None and value not in allowed:
            raise UnusableAnswer(
                scale=known.en, field=item, value=value, allowed=", ".join(map(str, allowed))
            )
    rule = RULES[known.rule]
    missing = rule.missing(known.points, answers)
    total = None if missing else rule.total(known.points, answers)
    if total is not None and not math.isfinite(total):
        raise UnusableAnswer(scale=known.en, field=known.rule, value=total, allowed="–")
    band = None if total is None else next((b for b in known.bands if total >= b.least), None)
    alarm = known.urgent
    urgent = alarm is not None and (answers.get(alarm.item) or 0) >= alarm.least
    return Scored(total, band, missing, urgent)
