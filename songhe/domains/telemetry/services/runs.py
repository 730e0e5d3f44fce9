"""Runs of the keeping of old days: started, moved on, stopped by a person, ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.telemetry.models import Run
from songhe.domains.telemetry.terms import KEEP_OLD_DAYS, Work
from songhe.kernel.errors import Conflict, Denied
from songhe.kernel.logs import clean

Clock = Callable[[], datetime]
KEPT_RUNS = 500


class NothingToStop(Conflict):
    code = "telemetry.nothing_to_stop"
    message = "This work has ended already."


class Journal:
    """Writes how far a run is; `moved` says False when the run is to stop.

    should_stop is asked as well: the process that runs it may be ending.
    """

    def __init__(self, run: Run, clock: Clock, should_stop: Callable[[], bool]) -> None:
        self.run = run
        self.clock = clock
        self._should_stop = should_stop
        self.found: dict[str, Any] = {}
        self.outcome = Run.State.DONE

    def moved(self, done: int, total: int) -> bool:
        """Note how far it is; tell whether to go on."""
        rows = Run.objects.filter(pk=self.run.pk)
        rows.update(done=done, total=total, moved_at=self.clock())
        asked = rows.values_list("stop_asked_by", flat=True).first()
        if asked is not None or self._should_stop():
            self.outcome = Run.State.STOPPED
            return False
        return True


def never() -> bool:
    """Never stop."""
    return False


@contextmanager
def journal(
    work: Work, *, clock: Clock, day: date | None = None, should_stop: Callable[[], bool] = never
) -> Iterator[Journal]:
    """Keep a run's record around a piece of work; what fails is noted and raised on.

    Runs of this work that a killed process left are marked so: only one runs at a time.
    """
    at = clock()
    left = Run.objects.filter(work=work, state=Run.State.RUNNING)
    left.update(state=Run.State.LEFT, ended_at=at)
    run = Run.objects.create(work=work, day=day, started_at=at, moved_at=at)
    kept = Journal(run, clock, should_stop)
    try:
        yield kept
    except Exception as error:
        kept.outcome = Run.State.FAILED
        kept.found = {"error": type(error).__name__, "words": clean(str(error))[:300]}
        raise
    finally:
        ended = Run.objects.filter(pk=run.pk)
        ended.update(state=kept.outcome, ended_at=clock(), found=kept.found)
        _forget()


def _forget() -> None:
    """Keep the newest runs only."""
    newest = Run.objects.order_by("-started_at").values("pk")[:KEPT_RUNS]
    Run.objects.exclude(pk__in=list(newest.values_list("pk", flat=True))).delete()


@transaction.atomic
def stop_run(*, actor: Actor, run_id: UUID, at: datetime) -> None:
    """Ask a run to stop after the piece it is at. Raises Denied, NothingToStop."""
    if not actor.may(KEEP_OLD_DAYS):
        raise Denied(action=KEEP_OLD_DAYS)
    running = Run.objects.filter(pk=run_id, state=Run.State.RUNNING, stop_asked_by=None)
    if not running.update(stop_asked_by=actor.user_id):
        raise NothingToStop
    audit.record_change(
        actor=actor, action=KEEP_OLD_DAYS, ref=f"telemetry.Run/{run_id}", at=at,
        detail={"asked": "stop"},
    )  # fmt: skip
