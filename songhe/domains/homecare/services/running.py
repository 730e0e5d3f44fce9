"""The services of a plan in dispatch: begun, paused, taken up again and ended with their bed."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.regions.days import day_of
from songhe.domains.dispatch import services as dispatch
from songhe.domains.dispatch.services import Wanted
from songhe.domains.dispatch.terms import SeriesState
from songhe.domains.homecare.models import CarePlan, HomeBed, PlanService
from songhe.domains.homecare.params import params
from songhe.domains.homecare.services.common import move


def begin(bed: HomeBed, *, at: datetime) -> None:
    """Let dispatch make the orders of the newest plan's services from today on.

    Who may run the bed was asked before; the series name the service of the plan they come from.
    """
    for row in _newest(bed):
        wanted = Wanted(
            item_code=row.item_code,
            rule=row.rule,
            begins=row.begins,
            ends=row.ends,
            since=day_of(at),
        )
        made = dispatch.make_series(
            actor=SYSTEM,
            person_id=bed.person_id,
            organization_id=bed.organization_id,
            wanted=wanted,
            at=at,
            source_ref=f"homecare.PlanService/{row.pk}",
        )
        row.series_id = made.pk
        row.save(update_fields=["series"])


def pause(
    bed: HomeBed, *, actor: Actor, why: str, at: datetime, look_on: date | None = None
) -> None:
    """Pause a locked bed and what runs; look_on: by when one looks again whether it goes on."""
    usual = day_of(at) + timedelta(days=params()["pause"]["look_after_days"])
    changes = {"review_on": look_on or usual}
    move(bed, "pause", actor=actor, at=at, note=why, changes=changes)
    _set(bed, SeriesState.PAUSED, at=at)


def resume(bed: HomeBed, *, at: datetime) -> None:
    """Take up what paused; a plan written in the pause begins."""
    _set(bed, SeriesState.ACTIVE, at=at)
    if not any(row.series_id for row in _newest(bed)):
        begin(bed, at=at)


def end(bed: HomeBed, *, at: datetime) -> None:
    """End all that ran."""
    _set(bed, SeriesState.ENDED, at=at)


def _newest(bed: HomeBed) -> list[PlanService]:
    plan = CarePlan.objects.filter(bed=bed).order_by("-version").first()
    return list(PlanService.objects.filter(plan=plan).order_by("place")) if plan else []


def _set(bed: HomeBed, state: SeriesState, *, at: datetime) -> None:
    """Set every series that somebody has not ended already."""
    rows = PlanService.objects.filter(plan__bed=bed, series__isnull=False)
    for row in rows.exclude(series__state=SeriesState.ENDED).order_by("plan__version", "place"):
        if row.series_id is not None:
            dispatch.set_series_state(actor=SYSTEM, series_id=row.series_id, state=state, at=at)
