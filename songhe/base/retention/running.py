"""Runs: every class in turn, counted as it goes, stopped by a person, certified at its end.

What a step destroyed and its count stand or fall together: the count is written in the step's
transaction. A run that a killed process left is certified by the next one for what it did.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction

from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.audit import services as audit
from songhe.base.retention import certificates, handlers, periods
from songhe.base.retention.handlers import Ask
from songhe.base.retention.held import Held, held_at
from songhe.base.retention.models import Destruction
from songhe.base.retention.periods import Kept
from songhe.kernel.errors import Conflict, Denied
from songhe.kernel.logs import clean

log = structlog.get_logger(__name__)
Clock = Callable[[], datetime]
RUN = "security.run_retention"
DESTROY = "security.destroy_expired"
State = Destruction.State


class RunsAlready(Conflict):
    code = "retention.runs_already"
    message = "This has been asked for already; wait until it has ended."


class NothingToStop(Conflict):
    code = "retention.nothing_to_stop"
    message = "This run has ended already."


class ClassesFailed(Exception):
    """Classes of a run failed: the job is to be seen among those that failed."""


def complain(run: Destruction) -> None:
    """Raise ClassesFailed where classes of a run failed; the rest of it stands and is certified."""
    if run.state == State.FAILED:
        names = [name for name, line in run.found["classes"].items() if "error" in line]
        raise ClassesFailed(", ".join(sorted(names)))


def never() -> bool:
    """Never stop."""
    return False


class _Work:
    """Counts what goes of one class of a run, and says whether to go on."""

    def __init__(self, run: Destruction, line: dict[str, Any], clock: Clock, stop: Any) -> None:
        self.run, self.line, self.clock, self._should_stop = run, line, clock, stop
        self.is_stopped = False

    def count(self, rows: int) -> None:
        """Count what went, in the transaction in which it goes."""
        if rows:
            self.line["gone"] += rows
            _write(self.run, self.clock())

    def note(self, **said: object) -> None:
        """Note something for who reads the run."""
        self.line |= said
        _write(self.run, self.clock())

    def goes_on(self) -> bool:
        """Tell whether to go on, and note that the run lives."""
        rows = Destruction.objects.filter(pk=self.run.pk)
        rows.update(moved_at=self.clock())
        asked = rows.values_list("stop_asked_by", flat=True).first()
        self.is_stopped = asked is not None or self._should_stop()
        return not self.is_stopped


def _write(run: Destruction, at: datetime, **more: Any) -> None:
    Destruction.objects.filter(pk=run.pk).update(found=run.found, moved_at=at, **more)


@transaction.atomic
def ask_trial(*, actor: Actor, at: datetime, defer: Callable[[UUID], object]) -> Destruction:
    """Ask what would go if it were destroyed now. Raises Denied, RunsAlready."""
    if not actor.may(RUN):
        raise Denied(action=RUN)
    if Destruction.objects.filter(state__in=(State.ASKED, State.RUNNING)).exists():
        raise RunsAlready
    run = Destruction.objects.create(is_trial=True, asked_at=at, asked_by_id=actor.user_id)
    _tell(actor, run, at, "trial")
    defer(run.pk)
    return run


@transaction.atomic
def stop(*, actor: Actor, run_id: UUID, at: datetime) -> None:
    """Ask a run to stop behind the piece it is at. Raises Denied, NothingToStop."""
    if not actor.may(RUN):
        raise Denied(action=RUN)
    rows = Destruction.objects.filter(
        pk=run_id, state__in=(State.ASKED, State.RUNNING), stop_asked_by=None
    )
    if not rows.update(stop_asked_by=actor.user_id):
        raise NothingToStop
    _tell(actor, Destruction(pk=run_id), at, "stop")


def _tell(actor: Actor, run: Destruction, at: datetime, asked: str) -> None:
    ref = f"retention.Destruction/{run.pk}"
    audit.record_change(actor=actor, action=RUN, ref=ref, at=at, detail={"asked": asked})


def destroy_expired(*, clock: Clock, should_stop: Callable[[], bool] = never) -> Destruction:
    """Destroy what is out of time in every class, and certify it."""
    certify_left(at=clock())
    return _run(Destruction.objects.create(asked_at=clock()), clock, should_stop)


def run_trial(
    *, run_id: UUID, clock: Clock, should_stop: Callable[[], bool] = never
) -> Destruction:
    """Count what would go; nothing is changed but the count itself."""
    run = Destruction.objects.get(pk=run_id, is_trial=True)
    return run if run.ended_at else _run(run, clock, should_stop)


def certify_left(*, at: datetime) -> int:
    """Certify runs that a killed process left, for what they did; return how many."""
    left = list(Destruction.objects.filter(state=State.RUNNING, is_trial=False))
    for run in left:
        _end(run, State.LEFT, at)
    return len(left)


def _run(run: Destruction, clock: Clock, should_stop: Callable[[], bool]) -> Destruction:
    at = clock()
    kept, held = periods.kept_at(at), held_at(at)
    holds = {"persons": held.persons, "classes": sorted(held.classes)}
    run.found = {"classes": {name: _line(one, held) for name, one in kept.items()}, "holds": holds}
    _write(run, at, state=State.RUNNING, started_at=at, total=len(kept))
    outcome = State.DONE
    for number, one in enumerate(kept.values(), start=1):
        name = one.data_class.name
        work = _Work(run, run.found["classes"][name], clock, should_stop)
        try:
            _class(one, work, run, held, at)
        except Exception as error:
            log.exception("destruction_failed", data_class=name)
            run.refresh_from_db(fields=["found"])  # what was taken back is not counted
            run.found["classes"][name]["error"] = f"{type(error).__name__}: {_short(error)}"
            outcome = State.FAILED
        _write(run, clock(), done=number)
        if work.is_stopped or (number < len(kept) and not work.goes_on()):
            outcome = State.STOPPED
            break
    return _end(run, outcome, clock())


def _short(error: Exception) -> str:
    return clean(str(error))[:200]


def _line(one: Kept, held: Held) -> dict[str, Any]:
    return {
        "gone": 0,
        "due": None,
        "oldest": None,
        "before": one.before.isoformat(),
        "days": one.days,
        "is_held": one.data_class.name in held.classes,
    }


def _class(one: Kept, work: _Work, run: Destruction, held: Held, at: datetime) -> None:
    """Count, then destroy one class; a class that is held is only counted."""
    handler, line = handlers.handler_of(one.data_class), work.line
    ask = Ask(one.data_class, one.before, at, held)
    due = handler.find(ask)
    line["due"] = due.count
    line["oldest"] = due.oldest_at and due.oldest_at.isoformat()
    if run.is_trial or line["is_held"]:
        return
    handler.destroy(ask, work)
    after = handler.find(ask) if line["gone"] else due
    line["left"] = after.count
    line["oldest"] = after.oldest_at and after.oldest_at.isoformat()


@transaction.atomic
def _end(run: Destruction, outcome: State, at: datetime) -> Destruction:
    run.refresh_from_db()
    run.state, run.ended_at = outcome, at
    if not run.is_trial:
        certificates.sign(run)
        gone = {name: n for name, line in run.found["classes"].items() if (n := line["gone"])}
        audit.record_change(
            actor=SYSTEM,
            action=DESTROY,
            ref=f"retention.Destruction/{run.pk}",
            at=at,
            detail={"state": run.state, "gone": gone},
        )
    run.save()
    return run
