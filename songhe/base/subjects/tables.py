"""The tables that hold something of a person, as data/tables.yaml names them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

import yaml
from django.db import connection

Sets = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """One table. erase is delete, clear, keep or "" (only scrubbed)."""

    table: str
    where: str = "false"
    erase: str = ""
    copy: bool = False
    clear: dict[str, str] = field(default_factory=dict)
    scrub: tuple[str, ...] = ()
    en: str = ""
    zh: str = ""


@dataclass(frozen=True, slots=True)
class Duty:
    """A legal duty to keep tables longer. holds: SQL of the moment until which it lasts."""

    name: str
    holds: str
    keeps: frozenset[str]
    en: str
    zh: str
    source: str


@cache
def _facts() -> dict[str, Any]:
    text = (files("songhe.base.subjects") / "data/tables.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@cache
def all_tables() -> tuple[Table, ...]:
    """Return every table in the order of erasing."""
    return tuple(
        Table(**(body | {"scrub": tuple(body.get("scrub", ()))})) for body in _facts()["tables"]
    )


def tables() -> list[Table]:
    """Return the tables that are there in this database; 1 query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p')"
        )
        there = {name for (name,) in cursor.fetchall()}
    return [table for table in all_tables() if table.table in there]


@cache
def duties() -> tuple[Duty, ...]:
    """Return the legal duties to keep."""
    return tuple(Duty(**(d | {"keeps": frozenset(d["keeps"])})) for d in _facts()["duties"])


def never() -> dict[str, dict[str, str]]:
    """Return what no erasure touches, each with the reason in both languages."""
    found: dict[str, dict[str, str]] = _facts()["never"]
    return found


def restricting() -> dict[str, dict[str, str]]:
    """Return what is set where a duty keeps a table: table → column → SQL."""
    found: dict[str, dict[str, str]] = _facts()["restrict"]
    return found


def sets_of(person_id: UUID) -> Sets:
    """Return the sets of ids by which a person's rows are found; 9 queries."""
    found: Sets = {"person": person_id}
    with connection.cursor() as cursor:
        for name, statement in _facts()["sets"].items():
            cursor.execute(statement, found)
            found[name] = [pk for (pk,) in cursor.fetchall()]
    found["subjects"] = [*found["persons"], *found["homes"], *found["rooms"]]
    found["scopes"] = [f"person:{pk}" for pk in found["persons"]]
    return found


def sets_of_all(person_ids: Iterable[UUID]) -> Sets:
    """Return the sets of several persons together, empty for nobody; 9 queries a person."""
    lists = [*_facts()["sets"], "subjects", "scopes"]
    found: Sets = {name: [] for name in lists} | {"person": None}
    for person_id in person_ids:
        one = sets_of(person_id)
        for name in lists:
            found[name] = list({*found[name], *one[name]})
    return found
