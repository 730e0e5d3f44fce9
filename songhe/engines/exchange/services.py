"""Importing: asked by a person, run by the jobs process, stopped at will; nothing is left lying."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from songhe.base.access import services as access
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.database import locks
from songhe.engines.exchange import files, refusals, sheets
from songhe.engines.exchange.declaring import Importer, Mistake, Taken, importer_of
from songhe.engines.exchange.headings import Headings, read_headings
from songhe.engines.exchange.models import ImportPiece, ImportRun
from songhe.engines.exchange.selectors import get_run
from songhe.engines.exchange.terms import UNFINISHED, Outcome, Piece, RunState
from songhe.kernel.errors import Denied, SongheError

JOB, QUEUE = "exchange.run_import", "imports"
MOST_UNFINISHED = 2
WRONG_KEPT = timedelta(days=7)
Clock = Callable[[], datetime]


class Interrupted(Exception):
    """The process that ran an import is asked to end; another one goes on behind what is done."""


@transaction.atomic
def ask_import(*, actor: Actor, kind: str, body: bytes, at: datetime) -> ImportRun:
    """Look at a file, keep it sealed, and ask that its rows be taken.

    Raises Denied, TooManyRuns, and what `refusals` has of files and headings.
    """
    importer = importer_of(kind)
    if not actor.may(importer.action) or actor.user_id is None:
        raise Denied(action=importer.action)
    # of two uploads at once the second counts the first
    locks.hold(f"import {actor.user_id}")
    mine = ImportRun.objects.filter(asked_by=actor.user_id, state__in=UNFINISHED)
    if mine.count() >= MOST_UNFINISHED:
        raise refusals.TooManyRuns
    sheets.check(body)
    found = sheets.lines(body)
    read_headings(next(found, None), importer.columns(actor, at))
    if next(found, None) is None:
        raise refusals.FileEmpty
    run = ImportRun.objects.create(
        kind=kind,
        digest=hashlib.sha256(body).hexdigest(),
        locale=actor.locale,
        asked_by_id=actor.user_id,
        asked_at=at,
        total=sheets.estimated_rows(body),
    )
    files.keep(run, body)
    _audit(actor, importer, run, at, {"asked": run.digest})
    app.configure_task(name=JOB, queue=QUEUE, lock=QUEUE).defer(run_id=str(run.pk))
    return run


@transaction.atomic
def cancel_import(*, actor: Actor, run_id: UUID, at: datetime) -> ImportRun:
    """Stop one of the actor's imports; rows already taken stay. Raises NoSuchRun."""
    get_run(actor, run_id)
    run = ImportRun.objects.select_for_update().get(pk=run_id)
    if run.state == RunState.WAITING:
        run.state, run.ended_at = RunState.CANCELLED, at
        files.forget(run, Piece.UPLOAD)
    run.is_cancel_asked = True
    run.save(update_fields=["state", "ended_at", "is_cancel_asked"])
    return run


def run_import(
    *, run_id: UUID, clock: Clock, should_end: Callable[[], bool], is_last: bool = False
) -> str:
    """Take the rows of an import and throw its file away; return the state it ended in.

    Some rows are one transaction with the count of what is done, so that whoever is interrupted
    goes on behind them. What the asker may do is what they may do now. Raises Interrupted when
    this process is asked to end, unless this try is_last: then the run has failed.
    """
    run = _begin(run_id, clock())
    if run is None:
        return ImportRun.objects.values_list("state", flat=True).get(pk=run_id)
    actor = access.actor_for(run.asked_by, clock(), locale=run.locale)
    try:
        with translation.override(run.locale):
            state = _take_all(run, actor, clock, should_end)
    except SongheError as error:  # of the whole file
        with translation.override(run.locale):
            run.reason = refusals.said(error)[:300]
        state = RunState.FAILED
    except (Interrupted, OperationalError, InterfaceError):
        if not is_last:
            raise
        state = RunState.FAILED
    except Exception:
        _end(run, actor, RunState.FAILED, clock())
        raise
    _end(run, actor, state, clock())
    return state


@transaction.atomic
def _begin(run_id: UUID, at: datetime) -> ImportRun | None:
    run = ImportRun.objects.select_for_update().get(pk=run_id)
    if run.state not in UNFINISHED:
        return None
    run.state, run.started_at = RunState.RUNNING, run.started_at or at
    run.save(update_fields=["state", "started_at"])
    return run


@transaction.atomic
def _end(run: ImportRun, actor: Actor, state: RunState, at: datetime) -> None:
    run.state, run.ended_at = state, at
    if state == RunState.DONE:
        run.total = run.done
    run.save(update_fields=["state", "ended_at", "reason", "total"])
    files.forget(run, Piece.UPLOAD)
    counts = {
        name: getattr(run, name) for name in ("done", "created", "changed", "unchanged", "wrong")
    }
    _audit(actor, importer_of(run.kind), run, at, counts | {"state": str(state)})


def _audit(
    actor: Actor, importer: Importer, run: ImportRun, at: datetime, detail: dict[str, Any]
) -> None:
    audit.record_change(
        actor=actor,
        action=importer.action,
        ref=f"exchange.ImportRun/{run.pk}",
        at=at,
        detail=detail,
    )


@dataclass(slots=True)
class _Row:
    """A row on its way: what it says, what is wrong with it."""

    number: int
    cells: dict[str, str]
    data: Any
    mistakes: list[Mistake]


def _take_all(
    run: ImportRun, actor: Actor, clock: Clock, should_end: Callable[[], bool]
) -> RunState:
    importer = importer_of(run.kind)
    found = sheets.lines(files.body_of(run))
    headings = read_headings(next(found, None), importer.columns(actor, clock()))
    labels = {one.name: str(one.label) for one in headings.columns.values()}
    rows = islice(_rows(importer, headings, found), run.done, None)
    while chunk := list(islice(rows, importer.at_once)):
        if should_end():
            raise Interrupted
        if not _take_some(run, importer, actor, chunk, labels, clock()):
            return RunState.CANCELLED
    return RunState.DONE


def _rows(importer: Importer, headings: Headings, found: Iterator[sheets.Line]) -> Iterator[_Row]:
    read = importer.reader()
    for line in found:
        values, mistakes = headings.values(line)
        data, more = ({}, []) if mistakes else read(values)
        yield _Row(line.number, headings.texts(line), data, [*mistakes, *more])


@transaction.atomic
def _take_some(
    run: ImportRun,
    importer: Importer,
    actor: Actor,
    chunk: list[_Row],
    labels: dict[str, str],
    at: datetime,
) -> bool:
    """Take some rows in one transaction; False when the import is to be stopped."""
    locked = ImportRun.objects.select_for_update().get(pk=run.pk)
    if locked.is_cancel_asked:
        return False
    right = [row for row in chunk if not row.mistakes]
    results = importer.take(actor, [Taken(row.number, row.data) for row in right], at)
    for row, result in zip(right, results, strict=True):
        if isinstance(result, SongheError):
            column = result.params.get("field", "")
            row.mistakes = [Mistake(refusals.said(result), column if column in labels else "")]
        else:
            _count(run, result)
    wrong = [_told(row, labels) for row in chunk if row.mistakes]
    if wrong:
        files.keep_wrong(run, run.done, wrong)
    run.wrong += len(wrong)
    run.done += len(chunk)
    run.total = max(run.total, run.done)
    run.save(update_fields=["created", "changed", "unchanged", "wrong", "done", "total"])
    return True


def _count(run: ImportRun, result: Outcome) -> None:
    setattr(run, result.value, getattr(run, result.value) + 1)


def _told(row: _Row, labels: dict[str, str]) -> dict[str, Any]:
    """Return a wrong row with its sentences, each with the column it speaks of."""
    said = [
        _("%(column)s: %(what)s") % {"column": labels[one.column], "what": one.text}
        if one.column
        else one.text
        for one in row.mistakes
    ]
    return {"number": row.number, "cells": row.cells, "wrong": _("; ").join(said)}


@transaction.atomic
def tidy(*, at: datetime) -> int:
    """Throw away wrong rows after a week, and files of runs that ended; return how many pieces."""
    old = ImportPiece.objects.filter(run__ended_at__lt=at - WRONG_KEPT)
    left = ImportPiece.objects.filter(of=Piece.UPLOAD).exclude(run__state__in=UNFINISHED)
    return old.delete()[0] + left.delete()[0]
