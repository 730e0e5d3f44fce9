"""The template of an import: headings, drop-downs, and a sheet that explains each column."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from songhe.engines.exchange.declaring import Column

ROOM = 5_000  # rows that have the drop-downs
FORMATTED = 500  # rows whose cells are text already, beside the columns themselves
_HEAD = PatternFill("solid", fgColor="E6EAE4")
_BOLD = Font(bold=True)
_TEXT = "@"


def template(columns: Sequence[Column], *, title: Any) -> bytes:
    """Return a workbook to fill in, in the active language; a star marks what must be filled."""
    book = Workbook()
    sheet: Any = book.active
    sheet.title = str(title)[:31]
    lists = book.create_sheet(_("Lists"))
    lists.sheet_state = "hidden"
    for index, column in enumerate(columns, 1):
        letter = get_column_letter(index)
        head = sheet.cell(row=1, column=index, value=heading(column))
        head.font, head.fill = _BOLD, _HEAD
        sheet.column_dimensions[letter].width = column.width
        for row in range(2, FORMATTED + 2):
            sheet.cell(row=row, column=index).number_format = _TEXT
        if column.choices:
            labels = [str(label) for _value, label in column.choices]
            for row, label in enumerate(labels, 1):
                lists.cell(row=row, column=index, value=label)
            among = f"'{lists.title}'!${letter}$1:${letter}${len(labels)}"
            choice = DataValidation(type="list", formula1=among, allow_blank=not column.required)
            choice.error = _("Choose one of the list.")
            choice.showErrorMessage = True
            sheet.add_data_validation(choice)
            choice.add(f"{letter}2:{letter}{ROOM + 1}")
    sheet.freeze_panes = "A2"
    _explain(book.create_sheet(_("How to fill in"), 1), columns)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def heading(column: Column) -> str:
    """Return a column's heading, with a star where it must be filled in."""
    return f"{column.label}*" if column.required else str(column.label)


def _explain(sheet: Any, columns: Sequence[Column]) -> None:
    heads = (_("Column"), _("Must it be filled in?"), _("What to enter"), _("Example"))
    for index, (text, width) in enumerate(zip(heads, (20, 18, 70, 26), strict=True), 1):
        cell = sheet.cell(row=1, column=index, value=text)
        cell.font, cell.fill = _BOLD, _HEAD
        sheet.column_dimensions[get_column_letter(index)].width = width
    for row, column in enumerate(columns, 2):
        note = str(column.note)
        if column.choices and len(column.choices) <= 12:
            labels = _(", ").join(str(label) for _value, label in column.choices)
            note = " ".join(one for one in (note, _("One of: %(list)s.") % {"list": labels}) if one)
        needed = _("yes") if column.required else _("no")
        cells = (str(column.label), needed, note, str(column.example))
        for index, text in enumerate(cells, 1):
            cell = sheet.cell(row=row, column=index, value=text)
            cell.number_format = _TEXT
            cell.data_type = "s"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
