"""The classes of data: what belongs to each, how long it is kept, why, and how it goes.

Facts of data/classes.yaml; a domain adds classes whose periods are its own (`handlers.register`).
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Rule:
    """A duty to keep at least so long. of: the fact's name in the reference on privacy."""

    source: str
    zh: str
    status: str
    days: int = 0
    months: int = 0
    years: int = 0
    of: str = ""

    def before(self, at: datetime) -> datetime:
        """Return the moment before which this duty keeps nothing any more."""
        return months_before(at, self.years * MONTHS_A_YEAR + self.months) - timedelta(self.days)


@dataclass(frozen=True, slots=True)
class Step:
    """How the rows of one table go. SQL speaks of a row `t`; `before` is %(before)s.

    age: the moment from which the period runs; only: what else must hold; do: delete, or clear
    (column: value as SQL). of: is the row of somebody who is held? By default what the list of
    people's tables says (base.subjects). is_holder: keys of persons go with the rows.
    """

    table: str
    age: str = ""
    old: str = ""
    only: str = "true"
    do: str = "delete"
    clear: dict[str, str] = field(default_factory=dict)
    of: str = ""
    is_holder: bool = False

    @property
    def due(self) -> str:
        """Return the condition that a row is out of time."""
        old = self.old or f"({self.age}) < %(before)s"
        return f"({old}) AND ({self.only})"


@dataclass(frozen=True, slots=True)
class DataClass:
    """One class. days: the operator's own period (0: not by time), set_days where he changed it.

    way: destroy, anonymise, own (its room throws it away), file (with the person's file),
    never. with_: kept at least as long as these classes.
    """

    name: str
    en: str
    zh: str
    after: dict[str, str]
    why: dict[str, str]
    way: str = "destroy"
    days: int = 0
    source: str = "ours"
    status: str = "E"
    handler: str = ""
    rules: tuple[Rule, ...] = ()
    with_: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    tables: tuple[str, ...] = ()
    can_be_held: bool = True
    can_be_set: bool = True

    @property
    def is_timed(self) -> bool:
        """Tell whether the nightly run destroys it."""
        return self.way in {"destroy", "anonymise"}


def months_before(at: datetime, months: int) -> datetime:
    """Return the same day of the month so many months ago, or that month's last day."""
    number = at.year * MONTHS_A_YEAR + at.month - 1 - months
    year, month = divmod(number, MONTHS_A_YEAR)
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return at.replace(year=year, month=month + 1, day=day)


@cache
def _facts() -> dict[str, Any]:
    text = (files("songhe.base.retention") / "data/classes.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def version() -> str:
    """Return the version of the facts."""
    return str(_facts()["version"])


@cache
def packaged() -> dict[str, DataClass]:
    """Return the classes of the package by name, in the order in which they are destroyed."""
    found = {}
    for raw in _facts()["classes"]:
        body = dict(raw)
        body["rules"] = tuple(Rule(**rule) for rule in raw.get("rules", ()))
        body["steps"] = tuple(Step(**step) for step in raw.get("steps", ()))
        named = [*raw.get("tables", ()), *(step.table for step in body["steps"])]
        body["tables"] = tuple(dict.fromkeys(named))
        body["with_"] = tuple(raw.get("with_", ()))
        found[raw["name"]] = DataClass(**body)
    return found


def apart() -> dict[str, dict[str, str]]:
    """Return the tables that belong to no class, each with the reason in both languages."""
    found: dict[str, dict[str, str]] = _facts()["apart"]
    return found
