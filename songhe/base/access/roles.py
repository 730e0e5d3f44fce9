"""Roles as data: which actions a role carries and which classes of fields it sees."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

FIELD_CLASSES = frozenset({"identity", "contact", "health", "home", "location", "devices"})


@dataclass(frozen=True, slots=True)
class Role:
    name: str
    en: str
    zh: str
    exact: frozenset[str]
    prefixes: tuple[str, ...]
    fields: frozenset[str]
    reach: str

    def carries(self, action: str) -> bool:
        """Tell whether this role carries an action such as "devices.view_device"."""
        return action in self.exact or action.startswith(self.prefixes)


@cache
def all_roles() -> dict[str, Role]:
    """Return every role by name."""
    raw: dict[str, Any] = yaml.safe_load(
        (files("songhe.base.access") / "data/roles.yaml").read_text("utf-8")
    )
    roles = {}
    for name, body in raw["roles"].items():
        fields = frozenset(body["fields"])
        if not fields <= FIELD_CLASSES:
            raise ValueError(f"role {name} names an unknown class of fields")
        roles[name] = Role(
            name=name,
            en=body["en"],
            zh=body["zh"],
            exact=frozenset(a for a in body["actions"] if not a.endswith("*")),
            prefixes=tuple(a[:-1] for a in body["actions"] if a.endswith("*")),
            fields=fields,
            reach=body["reach"],
        )
    return roles
