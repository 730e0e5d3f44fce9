"""What a measurement gives: flat keys for machines, figures with intervals and words for people."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One figure with its 95 % interval, and from how many subjects it comes.

    low and high are None where an interval has no meaning (a count, a maximum).
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    subjects: int = 0
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A further table, such as an operating curve: its title, heads and rows as text."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Outcome:
    """keys: the flat JSON. proves and cannot: what the figures show and what they cannot show."""

    keys: dict[str, float]
    figures: tuple[Figure, ...]
    proves: str
    cannot: str
    tables: tuple[Table, ...] = field(default=())
