"""Which column of a file is which of the template, whatever their order and language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from songhe.engines.exchange import refusals
from songhe.engines.exchange.declaring import (
    Column,
    Mistake,
    in_every_language,
    plain,
    values_by_label,
)
from songhe.engines.exchange.sheets import Line

WRONG = gettext_lazy("What is wrong")


@dataclass(frozen=True)
class Headings:
    """The headings of a file as they stand in it, and where each column of the template is."""

    given: list[str]
    columns: dict[int, Column]
    choices: dict[str, dict[str, str]] = field(default_factory=dict)

    def texts(self, line: Line) -> dict[str, str]:
        """Return a row's cells as they were entered, by the names of columns."""
        return {
            column.name: line.cells[index] if index < len(line.cells) else ""
            for index, column in self.columns.items()
        }

    def values(self, line: Line) -> tuple[dict[str, str], list[Mistake]]:
        """Return (what a row says by the names of columns, cells that cannot be used)."""
        values, mistakes = {}, []
        for index, column in self.columns.items():
            text = line.cells[index] if index < len(line.cells) else ""
            if index in line.problems:
                mistakes.append(Mistake(line.problems[index], column.name))
            elif text and column.choices is not None:
                known = self.choices[column.name].get(plain(text))
                if known is None:
                    said = _("“%(given)s” is not one of the list") % {"given": text[:40]}
                    mistakes.append(Mistake(said, column.name))
                text = known or ""
            values[column.name] = text
        if any(text and not self._has_heading(index) for index, text in enumerate(line.cells)):
            mistakes.append(Mistake(_("There is a value in a column without a heading.")))
        return values, mistakes

    def _has_heading(self, index: int) -> bool:
        return index < len(self.given) and bool(self.given[index])


def read_headings(line: Line | None, columns: Sequence[Column]) -> Headings:
    """Find a file's columns. Raises FileEmpty, UnknownHeading, MissingHeading, DoubleHeading."""
    if line is None:
        raise refusals.FileEmpty
    by_text = {text: column for column in columns for text in in_every_language(column.label)}
    ignored = in_every_language(WRONG)
    found: dict[int, Column] = {}
    for index, text in enumerate(line.cells):
        if not text or plain(text) in ignored:
            continue
        column = by_text.get(plain(text))
        if column is None:
            raise refusals.UnknownHeading(heading=text[:40])
        if column in found.values():
            raise refusals.DoubleHeading(heading=str(column.label))
        found[index] = column
    for column in columns:
        if column.required and column not in found.values():
            raise refusals.MissingHeading(heading=str(column.label))
    return Headings(
        given=line.cells,
        columns=found,
        choices={one.name: values_by_label(one) for one in columns if one.choices is not None},
    )
