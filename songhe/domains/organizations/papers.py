"""Kinds of qualifications and languages as data; a higher step of a ladder holds the lower ones."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from django.utils.translation import get_language


@dataclass(frozen=True, slots=True)
class Named:
    """Something with a code and a name in both languages."""

    code: str
    zh: str
    en: str

    @property
    def name(self) -> str:
        """Return the name in the reader's language."""
        return self.en if (get_language() or "").startswith("en") else self.zh


@dataclass(frozen=True, slots=True)
class QualificationKind(Named):
    """One kind of paper. In a ladder level 1 is the highest."""

    ladder: str = ""
    level: int = 0


@cache
def _data() -> dict[str, Any]:
    text = (files("songhe.domains.organizations") / "data/qualifications.yaml").read_text("utf-8")
    data: dict[str, Any] = yaml.safe_load(text)
    return data


@cache
def all_qualifications() -> dict[str, QualificationKind]:
    """Return every kind of qualification by code."""
    return {row["code"]: QualificationKind(**row) for row in _data()["qualifications"]}


@cache
def all_languages() -> dict[str, Named]:
    """Return the languages that a worker may speak, by code."""
    return {row["code"]: Named(**row) for row in _data()["languages"]}


def ends_soon() -> timedelta:
    """Return how long before its end a paper is listed to be renewed."""
    return timedelta(days=_data()["ends_soon_days"])


def meet(held: Collection[str], wanted: str) -> bool:
    """Tell whether papers held meet what is asked for: the same, or higher on the same ladder."""
    kind = all_qualifications().get(wanted)
    if wanted in held or kind is None or not kind.ladder:
        return wanted in held
    others = (all_qualifications().get(code) for code in held)
    return any(one and one.ladder == kind.ladder and one.level <= kind.level for one in others)
