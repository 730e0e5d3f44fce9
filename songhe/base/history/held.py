"""Which tables' changes are noted, and whose history they are: facts of data/held.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Held:
    """One table. noise: columns that are not noted; secret: columns whose values are not."""

    table: str
    holder: str
    noise: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()


@cache
def _facts() -> dict[str, Any]:
    text = (files("songhe.base.history") / "data/held.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@cache
def tables() -> dict[str, Held]:
    """Return every table that is noted, by its name."""
    return {
        name: Held(
            name, body["holder"], tuple(body.get("noise", ())), tuple(body.get("secret", ()))
        )
        for name, body in _facts()["tables"].items()
    }


def exempt() -> dict[str, str]:
    """Return the models that are not noted, by label, each with the reason."""
    return dict(_facts()["exempt"])
