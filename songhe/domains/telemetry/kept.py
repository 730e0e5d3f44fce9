"""How long readings stay hot and how long each class is kept: facts of data/kept.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

GATEWAY_WINDOW_DAYS = 92  # the gateway takes readings that are so old
FEWEST_HOT_DAYS = 3  # the gateway rebuilds the state of its rules from 36 hours of hot readings
CLASSES = ("health", "home", "location", "devices")
ROLLUPS = ("hours", "days", "regions")
OTHERS = ("waveforms", "dead_letters", "voided")


@dataclass(frozen=True, slots=True)
class Term:
    """For how many days something is kept (0: for ever), why, and how sure that is."""

    name: str
    days: int
    en: str
    zh: str
    source: str
    status: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What data/kept.yaml says. hot_days: whole days before today that stay in reading_hot."""

    version: str
    hot_days: int
    readings: dict[str, Term]
    rollups: dict[str, Term]
    others: dict[str, Term]

    def terms(self) -> list[Term]:
        """Return every term in the order of the file."""
        return [*self.readings.values(), *self.rollups.values(), *self.others.values()]


@cache
def settings() -> Kept:
    """Return the facts of the package, read once. Raises ValueError where they cannot hold."""
    text = (files("songhe.domains.telemetry") / "data/kept.yaml").read_text("utf-8")
    return parse(yaml.safe_load(text))


def parse(raw: dict[str, Any]) -> Kept:
    """Return the settings of a parsed file. Raises ValueError, saying which term cannot hold."""
    kept = Kept(
        version=str(raw["version"]),
        hot_days=int(raw["sealing"]["hot_days"]["value"]),
        readings=_terms(raw["readings"], CLASSES),
        rollups=_terms(raw["rollups"], ROLLUPS),
        others=_terms(raw["others"], OTHERS),
    )
    if kept.hot_days < FEWEST_HOT_DAYS:
        raise ValueError(f"hot_days must be at least {FEWEST_HOT_DAYS}")
    late = GATEWAY_WINDOW_DAYS + kept.hot_days
    for term in (*kept.readings.values(), kept.others["dead_letters"]):
        if 0 < term.days < late:
            raise ValueError(
                f"{term.name}: late data may come for {late} days; {term.days} is less"
            )
    return kept


def _terms(raw: dict[str, Any], names: tuple[str, ...]) -> dict[str, Term]:
    if set(raw) != set(names):
        raise ValueError(f"expected the terms {', '.join(names)}, found {', '.join(raw)}")
    return {
        name: Term(name=name, **(raw[name] | {"days": int(raw[name]["days"])})) for name in names
    }
