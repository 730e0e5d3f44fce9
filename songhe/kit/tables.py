"""Small declarative tables: columns, sort links, pages. Drawn by <c-table :table="table" />.

    class DeviceTable(Table):
        columns = (
            Column("name", _("Place"), link=lambda d: d.url, sort="name"),
            Column("battery", _("Battery"), value=lambda d: d.battery_pct, kind="number", unit="%"),
        )

The rows come from a selector that already narrowed them to what the actor may see.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.http import HttpRequest
from django.utils import timezone

from songhe.kit import formats

Kind = Literal["text", "number", "time", "html"]


@dataclass(frozen=True)
class Column:
    """One column. `sort` names the key that the selector sorts by; without it there is no link."""

    name: str
    label: Any
    value: Callable[[Any], Any] | None = None
    link: Callable[[Any], str | None] | None = None
    second: Callable[[Any], Any] | None = None
    kind: Kind = "text"
    decimals: int = 0
    unit: Any = ""
    sort: str = ""


@dataclass(frozen=True)
class Cell:
    """One drawn cell. `iso` is a time for machines; `known` is False for an absent value.

    head: of its column, which a stacked row on a phone says itself; "" where it does not.
    """

    text: Any
    numeric: bool = False
    link: str | None = None
    second: Any = ""
    unit: Any = ""
    iso: str = ""
    known: bool = True
    head: Any = ""


@dataclass(frozen=True)
class Head:
    """One column head, with the link that sorts by it and how it is sorted now."""

    label: Any
    numeric: bool
    link: str = ""
    sorted: str = ""


@dataclass
class Row:
    """One row: its cells and the object they came from."""

    obj: Any
    cells: list[Cell] = field(default_factory=list)


class Table:
    """A page of rows under sortable heads. `sort` and `page` are read from the query string.

    stacks: on a phone each row stands as a block, so that nothing lies off to the right.
    """

    columns: ClassVar[Sequence[Column]] = ()
    per_page: ClassVar[int] = 50
    default_sort: ClassVar[str] = ""
    stacks: ClassVar[bool] = False
    caption: Any = ""
    empty: Any = ""

    def __init__(
        self, request: HttpRequest, rows: Any, *, caption: Any = None, empty: Any = None
    ) -> None:
        """Take rows: a sequence or queryset, already narrowed and sorted by `sort_of(request)`."""
        self.request = request
        if caption is not None:
            self.caption = caption
        if empty is not None:
            self.empty = empty
        self.now = timezone.now()
        self.page: Page[Any] = Paginator(rows, self.per_page).get_page(request.GET.get("page"))

    @classmethod
    def sort_of(cls, request: HttpRequest) -> str:
        """Return the asked sort key ("-name" for downwards), the default for any other word."""
        asked = request.GET.get("sort", "")
        known = {c.sort for c in cls.columns if c.sort}
        return asked if asked.removeprefix("-") in known else cls.default_sort

    @property
    def heads(self) -> list[Head]:
        now_by = self.sort_of(self.request)
        return [self._head(column, now_by) for column in self.columns]

    def _head(self, column: Column, now_by: str) -> Head:
        numeric = column.kind == "number"
        if not column.sort:
            return Head(column.label, numeric)
        sorted_by = {column.sort: "ascending", f"-{column.sort}": "descending"}.get(now_by, "")
        then = f"-{column.sort}" if sorted_by == "ascending" else column.sort
        params = [
            (k, v)
            for k, values in self.request.GET.lists()
            for v in values
            if k not in {"sort", "page"}
        ]
        return Head(column.label, numeric, "?" + urlencode([*params, ("sort", then)]), sorted_by)

    @property
    def rows(self) -> list[Row]:
        return [Row(obj, [self._headed(c, obj) for c in self.columns]) for obj in self.page]

    def _headed(self, column: Column, obj: Any) -> Cell:
        cell = self._cell(column, obj)
        return replace(cell, head=column.label) if self.stacks else cell

    def _cell(self, column: Column, obj: Any) -> Cell:
        value = column.value(obj) if column.value else getattr(obj, column.name)
        link = column.link(obj) if column.link else None
        second = column.second(obj) if column.second else ""
        numeric = column.kind == "number"
        if value is None or value == "":
            return Cell("", numeric=numeric, second=second, known=False)
        if column.kind == "time":
            shown = formats.clock_or_day(value, self.now)
            return Cell(shown, link=link, second=second, iso=value.isoformat())
        if numeric:
            shown = formats.number(value, column.decimals)
            return Cell(shown, numeric=True, link=link, second=second, unit=column.unit)
        return Cell(value, link=link, second=second)
