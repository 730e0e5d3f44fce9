"""Rows taken off a sheet's XML are those that openpyxl reads."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from songhe.engines.exchange import refusals, sheets
from songhe.engines.exchange.terms import Format
from songhe.engines.exchange.workbook import opened
from songhe.engines.exchange.writing import write

NS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
ZONELESS = [datetime.fromisoformat(day) for day in ("1901-01-01", "2100-01-01")]
CELLS = st.one_of(
    st.none(),
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=8),
    st.integers(-(10**15), 10**15),
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda one: round(one, 4)),
    st.booleans(),
    st.dates(date(1901, 1, 1), date(2100, 1, 1)),
    st.datetimes(*ZONELESS).map(lambda one: one.replace(microsecond=0)),
    st.times().map(lambda one: one.replace(microsecond=0)),
    st.sampled_from(["=1+1", "=A1", "#REF!", "陈秀兰", " a ", "0012"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=6), min_size=1, max_size=5))
def test_every_kind_of_cell_is_read_as_openpyxl_reads_it(rows) -> None:
    made = Workbook()
    for row in rows:
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    sheet = load_workbook(io.BytesIO(out.getvalue())).active
    wanted = {
        (cell.row, cell.column): (cell.value, cell.data_type)
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    }
    book = opened(out.getvalue())
    found = {
        (number, cell.column): (cell.value, cell.kind)
        for number, cells in book.rows()
        for cell in cells
    }
    assert found == wanted
    assert book.row_count() == len(list(book.rows()))


def sheet_of(body: str) -> bytes:
    """Return a workbook whose sheet is written by hand, as other programs write theirs."""
    base = write(["a"], [["b"]], kind=Format.XLSX)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(base)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            is_sheet = name.endswith("sheet1.xml")
            new.writestr(name, body if is_sheet else old.read(name))
    return out.getvalue()


def lines(body: str) -> list[tuple[int, list[str]]]:
    return [(one.number, one.cells) for one in sheets.lines(sheet_of(body))]


def test_other_programs_write_other_xml() -> None:
    spoken = "<x:rPh sb='0' eb='1'><x:t>SPOKEN</x:t></x:rPh>"
    assert lines(
        f"<x:worksheet xmlns:x='{NS}'><x:sheetData>"
        "<x:row><x:c t='str'><x:v>no place</x:v></x:c><x:c><x:v>12</x:v></x:c></x:row>"
        "<x:row r='4'><x:c r='C4' t='inlineStr'><x:is><x:r><x:t>陈</x:t></x:r>"
        f"<x:r><x:t>秀兰</x:t></x:r>{spoken}</x:is></x:c><x:c><x:v>1.50</x:v></x:c></x:row>"
        "<x:row r='5'><x:c r='A5' s='1'/></x:row>"
        "<x:row r='7'><x:c r='B7'><x:f>SUM(A1)</x:f><x:v>3</x:v></x:c></x:row>"
        "</x:sheetData></x:worksheet>"
    ) == [(1, ["no place", "12"]), (4, ["", "", "陈秀兰", "1.5"]), (7, ["", "=SUM(A1)"])]


@pytest.mark.parametrize(
    "cell",
    ["<c r='A1'><v>x</v></c>", "<c r='A1' t='s'><v>99</v></c>", "<c r='1'><v>1</v>",
     "<c r='ZZZZZ1'><v>1</v></c>", "<c r='A1' s='x'><v>1</v></c>", "<c r='A1' t='d'><v>x</v></c>",
     "<c r='A1'><v>nan</v></c>"],
)  # fmt: skip
def test_what_cannot_be_read_is_told(cell: str) -> None:
    with pytest.raises(refusals.Damaged):
        lines(f"<worksheet xmlns='{NS}'><sheetData><row r='1'>{cell}</row></sheetData></worksheet>")


def test_an_hour_of_a_day_is_no_date() -> None:
    made = Workbook()
    made.active.append([time(8, 30)])
    out = io.BytesIO()
    made.save(out)
    assert [one.cells for one in sheets.lines(out.getvalue())] == [["08:30:00"]]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-(10**11), 10**11), min_size=1, max_size=8))
def test_amounts_are_numbers_that_add_up_to_the_fen(fens: list[int]) -> None:
    rows = [("=1+1", Decimal(fen).scaleb(-2)) for fen in fens]
    book = load_workbook(io.BytesIO(write(["a", "b"], rows, kind=Format.XLSX))).active
    cells = list(book.iter_rows(min_row=2))
    assert [round(row[1].value * 100) for row in cells] == fens
    assert {row[1].data_type for row in cells} == {"n"}
    assert {row[0].data_type for row in cells} == {"s"}
    text = write(["a", "b"], rows, kind=Format.CSV).decode("utf-8-sig").splitlines()[1:]
    read = list(csv.reader(text))
    assert [int(Decimal(row[1]).scaleb(2)) for row in read] == fens
    assert {row[0] for row in read} == {"'=1+1"}


def test_a_day_is_a_day_of_the_calendar() -> None:
    rows = [(date(2026, 10, 3), "2026-10-03")]
    book = load_workbook(io.BytesIO(write(["a", "b"], rows, kind=Format.XLSX))).active
    [cells] = book.iter_rows(min_row=2, values_only=True)
    assert cells == (datetime.fromisoformat("2026-10-03"), "2026-10-03")
    [_heads, line] = write(["a", "b"], rows, kind=Format.CSV).decode("utf-8-sig").splitlines()
    assert line == "2026-10-03,2026-10-03"
