"""Which equipment a home needs: the table of needs (data/equipment.yaml)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from django.utils.translation import get_language

from songhe.kernel.errors import Invalid


class UnknownNeed(Invalid):
    code = "homecare.unknown_need"
    message = "There is no need %(need)s in the list."


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the table in both languages."""

    zh: str
    en: str

    @property
    def name(self) -> str:
        """Return the word in the reader's language."""
        return self.en if (get_language() or "").startswith("en") else self.zh


@dataclass(frozen=True, slots=True)
class Equipment(Word):
    """A kind of equipment: one device of one of these types meets it."""

    code: str
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Need(Word):
    """A need, with the equipment that it requires and that would help."""

    code: str
    required: tuple[str, ...]
    wished: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The whole table."""

    always: tuple[str, ...]
    equipment: dict[str, Equipment]
    needs: dict[str, Need]


@cache
def table() -> Table:
    """Return the table of needs as it ships."""
    text = (files("songhe.domains.homecare") / "data/equipment.yaml").read_text("utf-8")
    raw: dict[str, Any] = yaml.safe_load(text)
    return Table(
        always=tuple(raw["always"]),
        equipment={
            code: Equipment(row["zh"], row["en"], code, tuple(row["types"]))
            for code, row in raw["equipment"].items()
        },
        needs={
            code: Need(row["zh"], row["en"], code, tuple(row["required"]), tuple(row["wished"]))
            for code, row in raw["needs"].items()
        },
    )


def equipment_for(needs: Iterable[str]) -> dict[str, bool]:
    """Return what some needs ask for: code of equipment to whether it is required.

    In the order of the table. Raises UnknownNeed.
    """
    known = table()
    asked: dict[str, bool] = dict.fromkeys(known.always, True)
    for code in needs:
        if code not in known.needs:
            raise UnknownNeed(need=code, field="needs")
        need = known.needs[code]
        asked |= dict.fromkeys(need.required, True)
        for wish in need.wished:
            asked.setdefault(wish, False)
    return {code: asked[code] for code in known.equipment if code in asked}
