"""What the register keeps of a person: kinds of facts and their values, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from django.utils.translation import get_language

HOME, DEATH, NAME, PHONE, NUMBER = "home", "death", "name", "phone", "id_number"
LIVING, CARE_LEVEL = "living", "care_level"
ELSEWHERE = "elsewhere"  # the value of a home outside of what we know


@dataclass(frozen=True, slots=True)
class Words:
    """A word in both languages."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.en if (get_language() or "zh").startswith("en") else self.zh


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fact. field: the class of fields that opens it; form: how it is entered."""

    code: str
    label: Words
    field: str
    form: str
    values: Mapping[str, Words]
    levels: Mapping[str, Words]
    source: str
    status: str

    @property
    def choices(self) -> list[tuple[str, Words]]:
        return list(self.values.items())


def _words(found: Mapping[str, Any]) -> dict[str, Words]:
    return {str(code): Words(body["en"], body["zh"]) for code, body in found.items()}


@cache
def kinds() -> dict[str, Kind]:
    """Return every kind by its code, in the order in which pages show them."""
    text = (files("songhe.domains.people") / "data/register.yaml").read_text("utf-8")
    return {
        code: Kind(
            code=code,
            label=Words(body["en"], body["zh"]),
            field=body["field"],
            form=body["form"],
            values=_words(body.get("values", {})),
            levels=_words(body.get("levels", {})),
            source=body.get("source", ""),
            status=body.get("status", ""),
        )
        for code, body in yaml.safe_load(text)["kinds"].items()
    }
