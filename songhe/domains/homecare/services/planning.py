"""Care plans in versions, and the monthly look at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from songhe.base.access.actor import Actor
from songhe.base.notify import services as notify
from songhe.base.regions.days import day_of
from songhe.domains.catalog import selectors as catalog
from songhe.domains.catalog.terms import ItemKind
from songhe.domains.homecare import notices, terms
from songhe.domains.homecare.models import CarePlan, Goal, HomeBed, PlanService, Review
from songhe.domains.homecare.services import running
from songhe.domains.homecare.services.beds import after_a_month
from songhe.domains.homecare.services.common import author, locked, noted, sealed, who_may
from songhe.domains.homecare.terms import BedState, Next
from songhe.engines.booking.recurrence import Recurrence
from songhe.kernel.errors import Conflict, Invalid


class GoalNeeded(Invalid):
    code = "homecare.goal_needed"
    message = "A care plan has at least one goal and one service."


class BadGoalDay(Invalid):
    code = "homecare.bad_goal_day"
    message = "A goal is to be reached on a day that lies ahead."


class BadService(Invalid):
    code = "homecare.bad_service"
    message = "A visit may begin between two times of one day; the second is later."


class NotByDays(Invalid):
    code = "homecare.not_by_days"
    message = "Help in an emergency comes when it is needed, not by the days of a plan."


class ReviewedAlready(Conflict):
    code = "homecare.reviewed_already"
    message = "This month was reviewed already."


class NothingToReview(Conflict):
    code = "homecare.nothing_to_review"
    message = "Only a bed in use is reviewed, for a month in which it was."


@dataclass(frozen=True, slots=True)
class WantedGoal:
    """What is to be reached, how one sees it, and until when."""

    words: str
    measure: str
    reach_on: date


@dataclass(frozen=True, slots=True)
class WantedService:
    """An item of the catalogue, on which days (RRULE), beginning between two local times."""

    item_code: str
    rule: str
    begins: time
    ends: time


@transaction.atomic
def make_plan(
    *,
    actor: Actor,
    bed_id: UUID,
    goals: Sequence[WantedGoal],
    services: Sequence[WantedService],
    at: datetime,
) -> CarePlan:
    """Write the next version of a bed's care plan; with the bed in use its services change today.

    Raises what `Recurrence.check` does, GoalNeeded, BadGoalDay, BadService, WordsNeeded,
    NotByDays, NotInCatalog, BedIsOver.
    """
    bed = locked(actor, terms.PLAN, bed_id)
    if not goals or not services:
        raise GoalNeeded(field="goal_0" if not goals else "item_0")
    today = day_of(at)
    for place, wanted in enumerate(services):
        _checked(wanted, today, place)
    last = CarePlan.objects.filter(bed=bed).order_by("-version").first()
    plan = CarePlan.objects.create(
        bed=bed, version=last.version + 1 if last else 1, made_at=at, **author(actor)
    )
    for place, goal in enumerate(goals):
        if goal.reach_on <= today:
            raise BadGoalDay(field=f"reach_{place}")
        row = Goal(plan=plan, place=place, reach_on=goal.reach_on)
        row.words_sealed = sealed(goal.words, field=Goal.WORDS, pk=row.pk, name=f"goal_{place}")
        row.measure_sealed = sealed(
            goal.measure, field=Goal.MEASURE, pk=row.pk, name=f"measure_{place}"
        )
        row.save(force_insert=True)
    if bed.state in (BedState.ACTIVE, BedState.PAUSED):
        running.end(bed, at=at)  # the services of the version before
    PlanService.objects.bulk_create(
        PlanService(
            plan=plan,
            place=place,
            item_code=wanted.item_code,
            rule=wanted.rule,
            begins=wanted.begins,
            ends=wanted.ends,
        )
        for place, wanted in enumerate(services)
    )
    if bed.state == BedState.ACTIVE:
        running.begin(bed, at=at)
    noted(actor, terms.PLAN, bed, at, version=plan.version)
    return plan


def _checked(wanted: WantedService, today: date, place: int) -> None:
    """Look at a service before any is begun; dispatch looks again when it makes the series.

    Help in an emergency comes when it is needed, not by the days of a plan.
    """
    if catalog.version_at(wanted.item_code, today).kind == ItemKind.EMERGENCY:
        raise NotByDays(field=f"item_{place}")
    Recurrence(wanted.rule, today).check()
    if wanted.begins >= wanted.ends:
        raise BadService(field=f"ends_{place}")


@transaction.atomic
def review_bed(
    *,
    actor: Actor,
    bed_id: UUID,
    month: date,
    goals_met: Sequence[UUID],
    words: str,
    next_step: Next,
    at: datetime,
) -> Review:
    """Write down the monthly look at a bed in use; the next one is due a month later.

    month: any day of it. Raises NothingToReview, ReviewedAlready, WordsNeeded, NoSuchBed, Denied.
    """
    bed = locked(actor, terms.REVIEW, bed_id)
    plan = CarePlan.objects.filter(bed=bed).order_by("-version").first()
    today, first = day_of(at), month.replace(day=1)
    began = bed.active_on
    if bed.state != BedState.ACTIVE or plan is None or began is None:
        raise NothingToReview
    if not began.replace(day=1) <= first <= today:
        raise NothingToReview
    known = set(Goal.objects.filter(plan=plan).values_list("pk", flat=True))
    row = Review(
        bed=bed,
        plan=plan,
        month=first,
        goals_met=[str(pk) for pk in goals_met if pk in known],
        next=next_step,
        made_at=at,
        **author(actor),
    )
    row.words_sealed = sealed(words, field=Review.WORDS, pk=row.pk, name="words")
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise ReviewedAlready(field="month") from None
    HomeBed.objects.filter(pk=bed.pk).update(review_on=after_a_month(today))
    noted(actor, terms.REVIEW, bed, at, month=first.isoformat(), next=next_step)
    return row


@transaction.atomic
def remind_of_reviews(*, at: datetime) -> int:
    """Tell of reviews that are overdue and of pauses that nobody looked at, once a due day.

    Told is who reviews a bed in use, and who may take a paused one up again or end it. Returns of
    how many beds was told.
    """
    rows = HomeBed.objects.select_for_update(of=("self",)).filter(
        state__in=(BedState.ACTIVE, BedState.PAUSED), review_on__lt=day_of(at)
    )
    told = 0
    for bed in rows.exclude(review_told_on=F("review_on")):
        due = bed.review_on
        if due is None:
            continue
        is_paused = bed.state == BedState.PAUSED
        notify.notify(
            user_ids=who_may(bed, terms.MOVE if is_paused else terms.REVIEW, at),
            kind=notices.PAUSE_OVERDUE if is_paused else notices.REVIEW_OVERDUE,
            params={"number": bed.number, "day": due.isoformat()},
            ref=f"homecare.HomeBed/{bed.pk}",
            at=at,
            url=f"/beds/{bed.pk}/" if is_paused else f"/beds/{bed.pk}/review/",
        )
        bed.review_told_on = due
        bed.save(update_fields=["review_told_on"])
        told += 1
    return told
