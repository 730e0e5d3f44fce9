"""Why a file cannot be taken, each with what helps; and how a refusal is said."""

from __future__ import annotations

from django.utils.translation import gettext as _

from songhe.kernel.errors import Conflict, Invalid, NotFound, SongheError


class NoSuchRun(NotFound):
    code = "exchange.no_such_run"
    message = "This import does not exist, or it is somebody else's."


class TooManyRuns(Conflict):
    code = "exchange.too_many_runs"
    message = "Two of your imports are waiting or running. Stop one, or wait until it is done."


class FileTooLarge(Invalid):
    code = "exchange.file_too_large"
    message = "The file is larger than %(most)s MB. Split it, and upload the parts one by one."


class FileEmpty(Invalid):
    code = "exchange.file_empty"
    message = "The file has no rows below its headings."


class NotATable(Invalid):
    code = "exchange.not_a_table"
    message = "This is no Excel workbook (.xlsx) and no text table (.csv). Use the template."


class OldWorkbook(Invalid):
    code = "exchange.old_workbook"
    message = (
        "This is an old (.xls) or password-protected workbook."
        " Save it as .xlsx without a password and upload it again."
    )


class HasMacros(Invalid):
    code = "exchange.has_macros"
    message = "The workbook has macros or embedded files. Save it as .xlsx without them."


class Damaged(Invalid):
    code = "exchange.damaged"
    message = "The file is damaged and cannot be read. Open it, save it again and upload that."


class Suspicious(Invalid):
    code = "exchange.suspicious"
    message = (
        "The file is built so that it could overload the server, and was not opened."
        " Copy the rows into the template and upload that."
    )


class TooManyRows(Invalid):
    code = "exchange.too_many_rows"
    message = "The file has more than %(most)s rows. Split it, and upload the parts one by one."


class UnknownHeading(Invalid):
    code = "exchange.unknown_heading"
    message = "The column “%(heading)s” is not one of the template's. Remove or rename it."


class MissingHeading(Invalid):
    code = "exchange.missing_heading"
    message = "The column “%(heading)s” is missing. Use the template's headings."


class DoubleHeading(Invalid):
    code = "exchange.double_heading"
    message = "The column “%(heading)s” is there twice."


def said(error: SongheError) -> str:
    """Return an error's sentence in the active language."""
    return _(error.message) % error.params if error.params else _(error.message)
