"""Writing tables: workbooks without formulas, text tables in which no cell can become one.

Everything is text, so that ID numbers keep their digits and nothing is calculated on opening; but
for amounts and days: a `Decimal` is a number with its decimals, so that who gets the table can add
it up, and a `date` a day, so that she can filter by month. No temporary file is made: what is
written may hold personal data.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from openpyxl.utils import get_column_letter

from songhe.engines.exchange.terms import Format

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACK = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DECLARED = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACK}/content-types">'
    '<Default Extension="rels"'
    ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
    "</Types>",
    "_rels/.rels": f'<Relationships xmlns="{_PACK}/relationships"><Relationship Id="rId1"'
    f' Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACK}/relationships">'
    f'<Relationship Id="rId1" Type="{_REL}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_REL}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_NS}"><numFmts count="1"><numFmt numFmtId="164"'
    ' formatCode="yyyy\\-mm\\-dd"/></numFmts><fonts count="2"><font><sz val="11"/></font>'
    '<font><b/><sz val="11"/></font></fonts><fills count="1"><fill><patternFill'
    ' patternType="none"/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4">'
    '<xf numFmtId="49" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" applyFont="1" applyNumberFormat="1"/>'
    '<xf numFmtId="4" applyNumberFormat="1"/>'
    '<xf numFmtId="164" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>",
}
_HEADED, _PLAIN, _AMOUNT, _DAY = 1, 0, 2, 3
_ZERO = date(1899, 12, 30)  # the day 0 of workbooks


def guarded(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula when it opens a text table."""
    return f"'{text}" if text.startswith(_STARTS) else text


def unguarded(text: str) -> str:
    """Return a text of a text table without the mark that `guarded` puts before it."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_STARTS) else text


def write(
    heads: Sequence[Any], rows: Iterable[Sequence[Any]], *, kind: Format, title: Any = ""
) -> bytes:
    """Return a file with headings and rows; None is empty, a Decimal an amount, a date a day."""
    if kind == Format.CSV:
        return _text_table(heads, rows)
    return _workbook(heads, rows, str(title))


def _text_table(heads: Sequence[Any], rows: Iterable[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([guarded(str(head)) for head in heads])
    for row in rows:
        writer.writerow([_text(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig")  # the mark tells Excel that it is UTF-8


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    return f"{cell:f}" if isinstance(cell, Decimal) else guarded(str(cell))


def _workbook(heads: Sequence[Any], rows: Iterable[Sequence[Any]], title: str) -> bytes:
    out = io.BytesIO()
    name = quoteattr(re.sub(r"[\[\]:*?/\\]", " ", title)[:31] or "1")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as archive:
        for path, body in _PARTS.items():
            archive.writestr(path, _DECLARED + body)
        archive.writestr(
            "xl/workbook.xml",
            f'{_DECLARED}<workbook xmlns="{_NS}" xmlns:r="{_REL}"><sheets>'
            f'<sheet name={name} sheetId="1" r:id="rId1"/></sheets></workbook>',
        )
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            last = get_column_letter(max(1, len(heads)))
            sheet.write(
                f'{_DECLARED}<worksheet xmlns="{_NS}"><sheetViews><sheetView workbookViewId="0">'
                '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
                '</sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols>'
                f'<col min="1" max="{max(1, len(heads))}" width="18" customWidth="1"/></cols>'
                "<sheetData>".encode()
            )
            sheet.write(_row(1, heads, _HEADED).encode())
            number = 1
            for number, row in enumerate(rows, 2):
                sheet.write(_row(number, row, _PLAIN).encode())
            sheet.write(f'</sheetData><autoFilter ref="A1:{last}{number}"/></worksheet>'.encode())
    return out.getvalue()


def _row(number: int, cells: Sequence[Any], style: int) -> str:
    drawn = "".join(
        _cell(f"{get_column_letter(index)}{number}", cell, style)
        for index, cell in enumerate(cells, 1)
        if cell is not None and cell != ""
    )
    return f'<row r="{number}">{drawn}</row>'


def _cell(place: str, cell: Any, style: int) -> str:
    if isinstance(cell, Decimal):
        return f'<c r="{place}" s="{_AMOUNT}"><v>{cell:f}</v></c>'
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return f'<c r="{place}" s="{_DAY}"><v>{(cell - _ZERO).days}</v></c>'
    text = escape(_FORBIDDEN.sub("", str(cell)))
    return (
        f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    )
