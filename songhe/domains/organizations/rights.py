"""Which roles a role gives on, as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from songhe.base.access.roles import all_roles


@dataclass(frozen=True, slots=True)
class Rights:
    """gives: by role those it may give; at_work: those that rest on work for an organisation."""

    gives: dict[str, frozenset[str]]
    at_work: frozenset[str]
    ends_soon: timedelta
    idle: timedelta


@cache
def rights() -> Rights:
    """Return what ships. Raises ValueError for a role that nobody knows."""
    raw: dict[str, Any] = yaml.safe_load(
        (files("songhe.domains.organizations") / "data/giving.yaml").read_text("utf-8")
    )
    found = Rights(
        gives={name: frozenset(roles) for name, roles in raw["gives"].items()},
        at_work=frozenset(raw["at_work"]),
        ends_soon=timedelta(days=raw["ends_soon_days"]),
        idle=timedelta(days=raw["idle_days"]),
    )
    named = set(found.gives) | set(found.at_work) | {r for one in found.gives.values() for r in one}
    if not named <= set(all_roles()):
        raise ValueError("giving.yaml names a role that nobody knows")
    if any(all_roles()[role].is_apart for roles in found.gives.values() for role in roles):
        raise ValueError("giving.yaml gives a role that no page gives")
    return found
