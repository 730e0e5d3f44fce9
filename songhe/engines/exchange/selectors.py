"""Reading imports: only by whom they were asked; and the sheet of rows that are wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from songhe.base.access.actor import Actor
from songhe.engines.exchange import blank, files, writing
from songhe.engines.exchange.declaring import Column, importer_of
from songhe.engines.exchange.headings import WRONG
from songhe.engines.exchange.models import ImportRun
from songhe.engines.exchange.refusals import NoSuchRun
from songhe.engines.exchange.terms import Format

MOST_SHOWN = 20


def get_run(actor: Actor, run_id: UUID) -> ImportRun:
    """Return one of the actor's own imports. Raises NoSuchRun."""
    run = ImportRun.objects.filter(pk=run_id, asked_by=actor.user_id).first()
    if run is None or not actor.may(importer_of(run.kind).action):
        raise NoSuchRun
    return run


def runs_of(actor: Actor, kind: str, *, limit: int = 10) -> list[ImportRun]:
    """Return the actor's newest imports of a kind."""
    rows = ImportRun.objects.filter(asked_by=actor.user_id, kind=kind)
    return list(rows.order_by("-asked_at")[:limit])


def template_of(actor: Actor, kind: str, at: datetime) -> bytes:
    """Return the workbook to fill in, with the choices that are open to the actor."""
    importer = importer_of(kind)
    return blank.template(importer.columns(actor, at), title=importer.title)


def first_wrong(run: ImportRun) -> list[tuple[int, str]]:
    """Return (row of the file, what is wrong) of the first rows that are wrong."""
    found: list[tuple[int, str]] = []
    for row in files.wrong_of(run):
        found.append((row["number"], row["wrong"]))
        if len(found) == MOST_SHOWN:
            break
    return found


def wrong_sheet_of(actor: Actor, run_id: UUID, at: datetime, kind: Format = Format.XLSX) -> bytes:
    """Return the rows that are wrong as they came, and what is wrong with each, to fix and return.

    The headings are those of the template; the first column is left out when it is read again.
    Raises NoSuchRun.
    """
    run = get_run(actor, run_id)
    columns = importer_of(run.kind).columns(actor, at)
    heads = [str(WRONG), *(blank.heading(column) for column in columns)]
    return writing.write(heads, _wrong_rows(run, columns), kind=kind, title=WRONG)


def _wrong_rows(run: ImportRun, columns: Sequence[Column]) -> Iterator[list[Any]]:
    for row in files.wrong_of(run):
        yield [row["wrong"], *(row["cells"].get(column.name, "") for column in columns)]
