"""The history of one person's rows in words: values only where their class is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from songhe.base.access import wall
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.history import selectors as history
from songhe.base.history.models import Change
from songhe.base.history.selectors import ChangeLine
from songhe.domains.people.selectors import PersonView
from songhe.domains.security import whom
from songhe.domains.security.audit_reads import PERSON, Who, accounts, place_of, text_of
from songhe.domains.security.audit_words import class_of, column_words, table_words

VIEW = "security.view_history"


@dataclass(frozen=True, slots=True)
class Cell:
    """One column that changed. is_open: whether the reader sees its values."""

    column: str
    before: str
    after: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Line:
    id: UUID
    at: datetime
    what: str
    operation: str
    who: Who | None
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class PersonHistory:
    """A piece of a history, the newest first. is_destroyed: only that something changed is left."""

    person: PersonView
    lines: list[Line]
    is_destroyed: bool
    more: str


def history_of(actor: Actor, person_id: UUID, *, at: datetime, before: str = "") -> PersonHistory:
    """Return what was changed of a person, by whom and when; the look is audited.

    Raises NoSuchPerson, BadPlace.
    """
    person = whom.chosen(actor, VIEW, person_id)
    with wall.lifted():  # of this person, whom the actor may name
        found = history.history_of(person_id, before=place_of(before))
    audit.record_reads(actor=actor, action=VIEW, refs=[f"{PERSON}/{person_id}"], at=at)
    known = accounts({line.user_id for line in found.lines if line.user_id}, at=at)
    return PersonHistory(
        person,
        [_line(line, known, person.fields) for line in found.lines],
        found.is_destroyed,
        text_of(found.more) if found.more else "",
    )


def _line(line: ChangeLine, known: dict[UUID, Who], fields: frozenset[str]) -> Line:
    names = list(line.values) if line.values else list(line.columns)
    cells = []
    for name in names:
        is_open = line.values is not None and class_of(line.table, name) in fields
        before, after = (line.values or {}).get(name, (None, None)) if is_open else (None, None)
        cells.append(Cell(column_words(name), _text(before), _text(after), is_open))
    return Line(
        line.id,
        line.at,
        table_words(line.table),
        _operation(line.operation),
        known.get(line.user_id) if line.user_id else None,
        cells,
    )


def _text(value: Any) -> str:
    if value is None or value == "":
        return _("empty")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)


def _operation(code: str) -> str:
    return {
        Change.Operation.INSERT.value: _("entered"),
        Change.Operation.UPDATE.value: _("changed"),
        Change.Operation.DELETE.value: _("deleted"),
    }[code]
