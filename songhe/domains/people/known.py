"""Words that come up again and again when one says what must be known of a person, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Known:
    """A fact that many people share, with its words in both languages. rank: lower comes first."""

    kind: str
    code: str
    zh: str
    en: str
    rank: int


@cache
def _table() -> Mapping[str, Any]:
    text = (files("songhe.domains.people") / "data/facts.yaml").read_text("utf-8")
    found: Mapping[str, Any] = yaml.safe_load(text)
    return found


def rank_of(kind: str) -> int:
    """Return where facts of a kind stand among those of others."""
    return int(_table()["ranks"][kind])


@cache
def facts() -> tuple[Known, ...]:
    """Return what is known by a code, kind by kind."""
    return tuple(
        Known(kind, code, row["zh"], row["en"], row.get("rank", rank_of(kind)))
        for kind, rows in _table()["facts"].items()
        for code, row in rows.items()
    )


def find(kind: str, words: str) -> Known | None:
    """Return what is known by these words, in either language; None for somebody's own words."""
    said = words.strip().casefold()
    for one in facts():
        if one.kind == kind and said in (one.zh.casefold(), one.en.casefold()):
            return one
    return None
