"""Reading uploaded tables: what a file is by its content, refusals, rows one by one.

A workbook is never opened before its archive was looked at (entries, unpacked size, macros, XML
entities); its rows are read one after the other (`workbook`): memory hangs on the file's texts.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from xml.parsers.expat import ExpatError

from django.utils.translation import gettext as _
from openpyxl.utils.exceptions import InvalidFileException

from songhe.engines.exchange import refusals
from songhe.engines.exchange.workbook import Book, Cell, NoSheet, opened
from songhe.engines.exchange.writing import unguarded

MOST_BYTES = 32 * 2**20
MOST_UNPACKED = 400 * 2**20
MOST_TEXTS = 96 * 2**20  # unpacked, of the one part that has to be held in memory
MOST_ENTRIES = 500
MOST_ROWS = 200_000
MOST_COLUMNS = 60
MOST_CHARACTERS = 2_000  # of one cell
_PIECE = 2**18
_EXACT = 10**15  # beyond it a spreadsheet has lost digits
_MAIN = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_EMBEDDED = re.compile(r"vbaProject|/embeddings/|/activeX/|/externalLinks/|\.bin$", re.IGNORECASE)
_HARMLESS = re.compile(r"/printerSettings/", re.IGNORECASE)
_BAD = (
    zipfile.BadZipFile,
    KeyError,
    ValueError,
    InvalidFileException,
    EOFError,
    OSError,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a file: its number as the spreadsheet counts, its cells, what no cell may be."""

    number: int
    cells: list[str]
    problems: dict[int, str]

    @property
    def is_empty(self) -> bool:
        return not any(self.cells) and not self.problems


def check(body: bytes) -> None:
    """Make sure that a file may be opened. Raises what `refusals` has."""
    if len(body) > MOST_BYTES:
        raise refusals.FileTooLarge(most=MOST_BYTES // 2**20)
    if body.startswith(b"\xd0\xcf\x11\xe0"):
        raise refusals.OldWorkbook
    if body.startswith(b"PK"):
        _check_archive(body)
    else:
        _decoded(body)


def _check_archive(body: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            entries = archive.infolist()
            names = [entry.filename for entry in entries]
            if len(entries) > MOST_ENTRIES or sum(e.file_size for e in entries) > MOST_UNPACKED:
                raise refusals.Suspicious
            if "[Content_Types].xml" not in names:
                raise refusals.NotATable
            kinds = archive.open("[Content_Types].xml").read(2**20)
            if any(_EMBEDDED.search(name) and not _HARMLESS.search(name) for name in names):
                raise refusals.HasMacros
            if b"macroEnabled" in kinds:
                raise refusals.HasMacros
            if _MAIN not in kinds:
                raise refusals.NotATable
            for entry in entries:
                _check_part(archive, entry)
    except _BAD:
        raise refusals.Damaged from None


def _check_part(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Look through a part for entities, which a workbook never has: they can be a bomb."""
    if entry.filename.endswith("sharedStrings.xml") and entry.file_size > MOST_TEXTS:
        raise refusals.Suspicious
    if not entry.filename.endswith((".xml", ".rels")):
        return
    with archive.open(entry) as part:
        before = part.read(_PIECE)
        if not before.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") or b"\x00" in before[:64]:
            raise refusals.Suspicious
        while before:
            if b"<!DOCTYPE" in before or b"<!ENTITY" in before:
                raise refusals.Suspicious
            more = part.read(_PIECE)
            before = before[-16:] + more if more else b""


def _decoded(body: bytes) -> str:
    if b"\x00" in body:
        raise refusals.NotATable
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise refusals.NotATable


def lines(body: bytes) -> Iterator[Line]:
    """Yield the rows of the first sheet, headings first, those without anything left out.

    Raises TooManyRows, Damaged, NotATable.
    """
    found = _workbook_lines(body) if body.startswith(b"PK") else _text_lines(body)
    for count, line in enumerate(line for line in found if not line.is_empty):
        if count > MOST_ROWS:
            raise refusals.TooManyRows(most=MOST_ROWS)
        yield line


def estimated_rows(body: bytes) -> int:
    """Return how many rows below the headings a file says it has; a bar needs no more."""
    if not body.startswith(b"PK"):
        return max(0, body.count(b"\n"))
    try:
        with closing(_open(body)) as book:
            return max(0, min(MOST_ROWS, book.row_count() - 1))
    except _BAD:
        raise refusals.Damaged from None


def _open(body: bytes) -> Book:
    try:
        return opened(body)
    except NoSheet:
        raise refusals.NotATable from None
    except (*_BAD, SyntaxError, TypeError, AttributeError, IndexError):
        raise refusals.Damaged from None


def _workbook_lines(body: bytes) -> Iterator[Line]:
    """Yield the rows that are in the file; a gap between two of them costs nothing."""
    with closing(_open(body)) as book:
        rows = book.rows()
        while True:
            try:
                number, cells = next(rows, (0, []))
            except (*_BAD, ExpatError, OverflowError, TypeError, IndexError):
                raise refusals.Damaged from None
            if not number:
                return
            yield _line(number, cells)


def _line(number: int, row: Sequence[Cell]) -> Line:
    cells: list[str] = []
    problems = {}
    for column, value, kind in row:
        text, problem = _text(value, kind)
        if not text and not problem:
            continue
        index = min(column - 1, MOST_COLUMNS)  # what is beyond stands without a heading
        cells += [""] * (index + 1 - len(cells))
        cells[index] = text
        if problem:
            problems[index] = problem
    return Line(number, cells, problems)


def _text(value: Any, kind: str) -> tuple[str, str]:
    """Return (a cell's text, why it cannot be used)."""
    if kind == "f":
        return value[:MOST_CHARACTERS], _("holds a formula: enter the value itself")
    if value is None:
        return "", ""
    if kind == "e":
        return str(value), _("holds an error of the spreadsheet")
    if isinstance(value, datetime):
        whole = value.time() == time(0)
        return (value.date().isoformat() if whole else value.isoformat(" ", "minutes")), ""
    if isinstance(value, date | time):
        return value.isoformat(), ""
    if isinstance(value, bool):
        return str(int(value)), ""
    if isinstance(value, int | float):
        if abs(value) >= _EXACT:
            lost = _("is stored as a number and has lost digits: format it as text, enter it anew")
            return f"{value:.0f}", lost
        return (f"{value:.0f}" if value == int(value) else repr(value)), ""
    return _cut(str(value))


def _cut(text: str) -> tuple[str, str]:
    shown = "".join(one for one in text if one.isprintable() or one in "\n\t").strip()
    if len(shown) > MOST_CHARACTERS:
        return shown[:MOST_CHARACTERS], _("is too long")
    return shown, ""


def _text_lines(body: bytes) -> Iterator[Line]:
    text = _decoded(body)
    first = text[: text.find("\n") if "\n" in text else len(text)]
    mark = max(",\t;，", key=first.count)
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text), delimiter=mark), 1):
            cells, problems = [], {}
            for index, cell in enumerate(row[: MOST_COLUMNS + 1]):
                shown, problem = _cut(unguarded(cell))
                cells.append(shown)
                if problem:
                    problems[index] = problem
            yield Line(number, cells, problems)
    except csv.Error:
        raise refusals.Damaged from None
