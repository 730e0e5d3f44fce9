"""What may be imported: columns in words, a form for a row, and the service that takes rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.db import transaction
from django.utils import translation

from songhe.base.access.actor import Actor
from songhe.engines.exchange.terms import Outcome
from songhe.kernel.errors import SongheError


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a template. choices: (value, label) of which a cell holds one, by its label."""

    name: str
    label: Any
    note: Any = ""
    required: bool = False
    choices: Sequence[tuple[str, Any]] | None = None
    example: Any = ""
    width: int = 16


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a row, in words. column: the name of the column, "" for the whole row."""

    text: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A row as it came out of the form. number: the row of the file, as the spreadsheet counts."""

    number: int
    data: Mapping[str, Any] = field(hash=False)


class Importer:
    """Base of what can be imported. A subclass names its columns, its form and its service.

        class StaffImport(Importer):
            kind, action, title = "organizations.staff", "organizations.import_staff", _("Staff")
            form = StaffRow

            def columns(self, actor, at): return (Column("name", _("Name"), required=True), …)
            def take_one(self, actor, row, at): return services.…            # Outcome

    The same file twice changes nothing: `take_one` finds what is there by a natural key, and says
    UNCHANGED. A refusal (`kernel.errors`) of a row takes back that row alone. Where speed counts,
    `take` is written instead, for some rows in one transaction.
    """

    kind: ClassVar[str]
    action: ClassVar[str]
    title: ClassVar[Any]
    form: ClassVar[type[forms.Form]]
    at_once: ClassVar[int] = 100

    def columns(self, actor: Actor, at: datetime) -> Sequence[Column]:
        """Return the columns, with the choices that are open to the actor."""
        raise NotImplementedError

    def reader(self) -> Callable[[Mapping[str, str]], tuple[Mapping[str, Any], list[Mistake]]]:
        """Return what gives (what a row says, what is wrong with it) of rows, one after another.

        One form serves them all: making a form costs more than asking it.
        """
        form = self.form(data={})

        def read(values: Mapping[str, str]) -> tuple[Mapping[str, Any], list[Mistake]]:
            form.data = dict(values)
            form.full_clean()
            if not form.errors:
                return form.cleaned_data, []
            return {}, [
                Mistake(str(text), "" if name == "__all__" else name)
                for name, texts in form.errors.items()
                for text in texts
            ]

        return read

    def take(
        self, actor: Actor, rows: Sequence[Taken], at: datetime
    ) -> list[Outcome | SongheError]:
        """Put rows through the service; return what became of each, in their order."""
        found: list[Outcome | SongheError] = []
        for row in rows:
            try:
                with transaction.atomic():
                    found.append(self.take_one(actor, row, at))
            except SongheError as error:
                found.append(error)
        return found

    def take_one(self, actor: Actor, row: Taken, at: datetime) -> Outcome:
        """Put one row through the service."""
        raise NotImplementedError


_importers: dict[str, Importer] = {}


def register(importer: Importer) -> None:
    """Make an importer known to the job; in the ready() of its app."""
    _importers[importer.kind] = importer


def importer_of(kind: str) -> Importer:
    """Return the importer of a kind; KeyError for what no app registered."""
    return _importers[kind]


def in_every_language(label: Any) -> set[str]:
    """Return a label in all languages of the house, as a cell may hold it."""
    found = set()
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            found.add(plain(str(label)))
    return found


def plain(text: str) -> str:
    """Return a heading or a label as it is compared: no star, no spaces around, no case."""
    return text.strip().strip("*＊").strip().casefold()


def values_by_label(column: Column) -> dict[str, str]:
    """Return the values of a choice by everything a cell may say for them."""
    found: dict[str, str] = {}
    for value, label in column.choices or ():
        for text in (*in_every_language(label), plain(value)):
            found.setdefault(text, value)
    return found
