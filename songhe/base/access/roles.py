"""Roles as data: which actions a role carries and which classes of fields it sees."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

FIELD_CLASSES = frozenset(
    {"identity", "contact", "health", "home", "location", "devices", "finance", "notes"}
)


@dataclass(frozen=True, slots=True)
class Purpose:
    """For what somebody looks at persons; a statement of it holds for some minutes."""

    name: str
    en: str
    zh: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a browser stays signed in: without asking for anything, and at all."""

    idle: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Role:
    """What one role carries. served: the classes it opens of whom its organisation serves now."""

    name: str
    en: str
    zh: str
    exact: frozenset[str]
    prefixes: tuple[str, ...]
    fields: frozenset[str]
    reach: str
    purposes: dict[str, frozenset[str]]
    served: frozenset[str] = frozenset()
    is_apart: bool = False
    session: Limits | None = None

    def carries(self, action: str) -> bool:
        """Tell whether this role carries an action such as "devices.view_device"."""
        return action in self.exact or action.startswith(self.prefixes)

    def opens(self, stated: Collection[str]) -> frozenset[str]:
        """Return the classes of fields that the role opens while these purposes are stated."""
        return self.fields.union(*(self.purposes.get(one, frozenset()) for one in stated))


@cache
def _data() -> dict[str, Any]:
    text = (files("songhe.base.access") / "data/roles.yaml").read_text("utf-8")
    data: dict[str, Any] = yaml.safe_load(text)
    return data


@cache
def all_purposes() -> dict[str, Purpose]:
    """Return every purpose that can be stated, by name."""
    return {
        name: Purpose(name=name, en=body["en"], zh=body["zh"], minutes=body["minutes"])
        for name, body in _data()["purposes"].items()
    }


@cache
def all_roles() -> dict[str, Role]:
    """Return every role by name."""
    roles = {}
    limits = {
        name: Limits(timedelta(minutes=body["idle_minutes"]), timedelta(hours=body["hours"]))
        for name, body in _data()["sessions"].items()
    }
    for name, body in _data()["roles"].items():
        fields = frozenset(body["fields"])
        purposes = {one: frozenset(given) for one, given in body.get("purposes", {}).items()}
        if not purposes.keys() <= all_purposes().keys():
            raise ValueError(f"role {name} names an unknown purpose")
        served = frozenset(body.get("served", ()))
        if not fields.union(served, *purposes.values()) <= FIELD_CLASSES:
            raise ValueError(f"role {name} names an unknown class of fields")
        roles[name] = Role(
            name=name,
            en=body["en"],
            zh=body["zh"],
            exact=frozenset(a for a in body["actions"] if not a.endswith("*")),
            prefixes=tuple(a[:-1] for a in body["actions"] if a.endswith("*")),
            fields=fields,
            reach=body["reach"],
            purposes=purposes,
            served=served,
            is_apart=body.get("apart", False),
            session=limits[body["session"]] if "session" in body else None,
        )
    return roles
