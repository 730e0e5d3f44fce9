"""Terms of exchange: how an import stands, what became of a row, how a file is written."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class RunState(models.TextChoices):
    WAITING = "waiting", _("waiting for its turn")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    CANCELLED = "cancelled", _("stopped")
    FAILED = "failed", _("broken off")


UNFINISHED = (RunState.WAITING, RunState.RUNNING)


class Outcome(models.TextChoices):
    """What became of a row that was right."""

    CREATED = "created", _("new")
    CHANGED = "changed", _("changed")
    UNCHANGED = "unchanged", _("as it was")


class Piece(models.TextChoices):
    UPLOAD = "upload"
    WRONG = "wrong"


class Format(models.TextChoices):
    XLSX = "xlsx", _("Excel workbook (.xlsx)")
    CSV = "csv", _("Text table (.csv)")


CONTENT_TYPES = {
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.CSV: "text/csv; charset=utf-8",
}
