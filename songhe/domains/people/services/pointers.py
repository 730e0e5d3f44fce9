"""What points at persons in any room: it moves with a merge, and back when that is undone.

Foreign keys to a person are found by themselves; columns that hold her id without one are told
by their room. Rows of people itself that follow from others are kept apart by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from songhe.domains.people.models import Person

OWN = frozenset({"people_personmerge", "people_personrecord", "people_residency"})


@dataclass(frozen=True, slots=True)
class Pointer:
    """A column that holds persons' ids. where: SQL that says which rows of the table do."""

    table: str
    column: str
    pk: str = "id"
    where: str = "true"


_told: dict[tuple[str, str], Pointer] = {}
_words: dict[str, Any] = {}
_stays: set[tuple[str, str]] = set()


def tell(pointer: Pointer) -> None:
    """Tell of a column that is no foreign key; in the ready() of its app."""
    _told[pointer.table, pointer.column] = pointer


def name(table: str, label: Any) -> None:
    """Say in words what a table holds, for the preview of a merge."""
    _words[table] = label


def stay(table: str, column: str) -> None:
    """Let a foreign key stay with the row it was written for: a trail that nobody rewrites."""
    _stays.add((table, column))


def words_of(table: str) -> Any:
    """Return what a table holds, in words; None where nobody said."""
    return _words.get(table)


def pointers() -> Iterator[Pointer]:
    """Yield every column that moves, foreign keys first, in the order of their names."""
    found = {}
    for model in apps.get_models():
        meta = model._meta
        if meta.db_table in OWN or not meta.managed or meta.pk is None:
            continue
        for field in meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and field.related_model is Person:
                key = (meta.db_table, str(field.column))
                found[key] = Pointer(*key, pk=str(meta.pk.column))
    for key, pointer in sorted({**found, **_told}.items()):
        if key not in _stays:
            yield pointer
