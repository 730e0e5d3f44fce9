"""The keeping of old days as the jobs do it: seal what is closed, then roll the regions up."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.telemetry.models import Run
from songhe.domains.telemetry.services import regions, sealing
from songhe.domains.telemetry.services.runs import Clock, journal, never
from songhe.domains.telemetry.terms import KEEP_OLD_DAYS, Work
from songhe.kernel.errors import Conflict, Denied

Stop = Callable[[], bool]
SEAL_JOB, ROLL_UP_JOB = "telemetry.seal", "telemetry.roll_up"


class AskedAlready(Conflict):
    code = "telemetry.asked_already"
    message = "This has been asked for already; it begins when the work before it has ended."


def ask_to_seal(*, actor: Actor, at: datetime) -> None:
    """Have closed days sealed now instead of with the next hour. Raises Denied, AskedAlready."""
    if not actor.may(KEEP_OLD_DAYS):
        raise Denied(action=KEEP_OLD_DAYS)
    try:
        with transaction.atomic():
            app.configure_task(SEAL_JOB, queueing_lock=SEAL_JOB).defer()
            audit.record_change(
                actor=actor, action=KEEP_OLD_DAYS, ref="telemetry.Run/seal", at=at,
                detail={"asked": "seal"},
            )  # fmt: skip
    except AlreadyEnqueued as error:
        raise AskedAlready from error


def keep_soon() -> None:
    """Have what is over sealed and rolled up as soon as jobs run; asked twice, it is done once.

    For whoever has written days of the past; nobody need wait for it.
    """
    for job in (SEAL_JOB, ROLL_UP_JOB):
        with suppress(AlreadyEnqueued), transaction.atomic():
            app.configure_task(job, queueing_lock=job).defer()


def seal_old_days(*, clock: Clock, should_stop: Stop = never) -> int:
    """Seal every closed day, the oldest first; return how many are sealed through.

    A day whose partition cannot be dropped now (a long read holds it) is put off to the next run.
    """
    sealed = 0
    for day in sealing.closed_days(clock()):
        with journal(Work.SEAL, clock=clock, day=day, should_stop=should_stop) as kept:
            if sealing.seal_day(day, at=clock(), progress=kept.moved):
                sealed += 1
            elif kept.outcome == Run.State.DONE:
                kept.outcome = Run.State.WAITING
        if kept.outcome == Run.State.STOPPED:
            break
    return sealed


def roll_up_due_regions(*, clock: Clock, should_stop: Stop = never) -> int:
    """Roll up the local days of regions that have changed; return how many."""
    days = regions.find_due_days(at=clock())
    if not days:
        return 0
    done = 0
    with journal(Work.REGIONS, clock=clock, should_stop=should_stop) as kept:
        for day in days:
            regions.roll_up_regions(day)
            done += 1
            if not kept.moved(done, len(days)):
                break
        kept.found = {"days": done}
    return done
