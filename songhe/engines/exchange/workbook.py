"""Rows of a workbook's first sheet, as its XML is read: nothing is held of a row that is past.

openpyxl reads what is small (the list of sheets, shared texts, which formats are dates); the rows
themselves are taken off the XML here, in a third of the time and without a tree in memory.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import closing
from typing import IO, Any, NamedTuple
from xml.parsers import expat

from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils import column_index_from_string
from openpyxl.utils.datetime import from_excel, from_ISO8601
from openpyxl.xml.constants import SHEET_MAIN_NS

_PIECE = 2**16
_ROW_BEGINS = re.compile(rb"<(?:\w+:)?row[\s/>]")
_LONGEST_MARK = 24  # bytes of such a beginning that may lie across two pieces
ROW, CELL, VALUE, FORMULA, INLINE, TEXT, SPOKEN = (
    f"{SHEET_MAIN_NS} {name}" for name in ("row", "c", "v", "f", "is", "t", "rPh")
)


class NoSheet(Exception):
    """A workbook without a sheet of cells."""


class Cell(NamedTuple):
    """A cell that is not empty. column: from 1; kind: f formula, e error, s text, n, b, d."""

    column: int
    value: Any
    kind: str


class Book:
    """An open workbook, to be closed. Raises what zipfile and openpyxl raise of a damaged one."""

    def __init__(self, body: bytes) -> None:
        reader = ExcelReader(io.BytesIO(body), read_only=True, keep_links=False)
        reader.read_manifest()
        reader.read_strings()
        reader.read_workbook()
        apply_stylesheet(reader.archive, reader.wb)
        self.archive = reader.archive
        self.texts: list[str] = reader.shared_strings
        self.book: Any = reader.wb
        self.part = self._first_sheet(reader)

    def _first_sheet(self, reader: Any) -> str:
        for _sheet, link in reader.parser.find_sheets():
            if link.target in reader.valid_files and "chartsheet" not in link.Type:
                return str(link.target)
        raise NoSheet

    def close(self) -> None:
        """Let go of the file."""
        self.archive.close()

    def row_count(self) -> int:
        """Return how many rows the sheet writes down, the headings too; nothing is parsed."""
        count, rest = 0, b""
        with self.archive.open(self.part) as part:
            while piece := part.read(_PIECE):
                whole = rest + piece
                found = [one.end() for one in _ROW_BEGINS.finditer(whole)]
                count += len(found)
                rest = whole[max(found[-1] if found else 0, len(whole) - _LONGEST_MARK) :]
        return count

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """Yield (number of the row as the spreadsheet counts, its cells).

        Raises ExpatError, ValueError and others of a damaged sheet.
        """
        with closing(self.archive.open(self.part)) as part:
            yield from _Sheet(self, part).rows()


class _Sheet:
    """What is known while a sheet is read: the row, the cell, whose text comes in."""

    def __init__(self, book: Book, part: IO[bytes]) -> None:
        self._book, self._part = book, part
        self._done: list[tuple[int, list[Cell]]] = []
        self._row, self._column = 0, 0
        self._cells: list[Cell] = []
        self._kind, self._style = "n", 0
        self._value: list[str] = []
        self._formula: list[str] | None = None
        self._into: list[str] | None = None  # where text goes that comes in now
        self._is_spoken = False

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        while piece := self._part.read(_PIECE):
            parser.Parse(piece, False)
            done, self._done = self._done, []
            yield from done
        parser.Parse(b"", True)
        yield from self._done

    def _begin(self, name: str, given: dict[str, str]) -> None:
        if name == CELL:
            place = given.get("r")
            letters = place.rstrip("0123456789") if place else ""
            self._column = column_index_from_string(letters) if letters else self._column + 1
            self._kind, self._style = given.get("t", "n"), int(given.get("s") or 0)
            self._value, self._formula, self._into = [], None, None
        elif name == VALUE:
            self._into = self._value
        elif name == TEXT:
            self._into = None if self._is_spoken else self._value
        elif name == FORMULA:
            self._into = self._formula = ["="]
        elif name == SPOKEN:
            self._is_spoken = True
        elif name == ROW:
            number = given.get("r")
            self._row = int(float(number)) if number else self._row + 1
            self._cells, self._column = [], 0

    def _text(self, text: str) -> None:
        if self._into is not None:
            self._into.append(text)

    def _end(self, name: str) -> None:
        if name == CELL:
            self._cell()
        elif name in (VALUE, TEXT, FORMULA):
            self._into = None
        elif name == SPOKEN:
            self._is_spoken = False
        elif name == ROW:
            self._done.append((self._row, self._cells))

    def _cell(self) -> None:
        if self._formula is not None:
            self._cells.append(Cell(self._column, "".join(self._formula), "f"))
        elif text := "".join(self._value):
            value, kind = self._typed(text)
            self._cells.append(Cell(self._column, value, kind))

    def _typed(self, text: str) -> tuple[Any, str]:
        """Return (the value of a cell, its kind)."""
        kind = self._kind
        if kind == "s":
            return self._book.texts[int(text)], "s"
        if kind in ("str", "inlineStr"):
            return text, "s"
        if kind == "n":
            return self._number(text)
        if kind == "b":
            return bool(int(text)), "b"
        return (from_ISO8601(text), "d") if kind == "d" else (text, kind)

    def _number(self, text: str) -> tuple[Any, str]:
        number = float(text) if any(mark in text for mark in ".Ee") else int(text)
        book = self._book.book
        if self._style not in book._date_formats:
            return number, "n"
        try:
            spans = self._style in book._timedelta_formats
            return from_excel(number, book.epoch, timedelta=spans), "d"
        except (OverflowError, ValueError):
            return "#VALUE!", "e"


def opened(body: bytes) -> Book:
    """Open a workbook; what openpyxl only warns of is of no matter here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Book(body)
