"""Her people do not accept a refusal: they say why, somebody else answers by a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from songhe.base.access.actor import Actor
from songhe.base.regions.days import day_of
from songhe.domains.homecare import notices, terms
from songhe.domains.homecare.models import HomeBed, Objection
from songhe.domains.homecare.params import params
from songhe.domains.homecare.policies import own_of
from songhe.domains.homecare.services import telling
from songhe.domains.homecare.services.beds import BedThereAlready
from songhe.domains.homecare.services.common import locked, move, noted, sealed
from songhe.domains.homecare.terms import BedState, Outcome
from songhe.engines.workflow.engine import history
from songhe.kernel.errors import Conflict, Denied


class NotRefused(Conflict):
    code = "homecare.not_refused"
    message = "Only a refused application can be objected to."


class ObjectedAlready(Conflict):
    code = "homecare.objected_already"
    message = "An objection is being looked into already."


class RefusedIt(Conflict):
    code = "homecare.refused_it"
    message = "You refused this application yourself: somebody else answers the objection."


class NothingToAnswer(Conflict):
    code = "homecare.nothing_to_answer"
    message = "No objection is open here: it was answered already, or there was none."


@transaction.atomic
def object_to_refusal(*, actor: Actor, bed_id: UUID, words: str, at: datetime) -> Objection:
    """Object to a refusal, for one's own people; the county answers by a day.

    Raises NotRefused, ObjectedAlready, WordsNeeded, NoSuchBed, Denied.
    """
    bed = locked(actor, terms.ASK, bed_id, is_open=False)
    if bed.person_id not in own_of(actor):
        raise Denied(action=terms.ASK)
    if bed.state != BedState.REFUSED:
        raise NotRefused
    days = params()["objection"]["answer_days"]
    row = Objection(
        bed=bed,
        told_at=at,
        told_by=actor.user_id,
        answer_by=day_of(at) + timedelta(days=days),
    )
    row.words_sealed = sealed(words, field=Objection.WORDS, pk=row.pk, name="words")
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise ObjectedAlready from None
    noted(actor, terms.ASK, bed, at, objection=str(row.pk))
    telling.tell_staff(
        bed,
        terms.ANSWER,
        notices.OBJECTION,
        {"number": bed.number, "day": row.answer_by.isoformat()},
        at=at,
        but=_who_refused(bed),
    )
    return row


@transaction.atomic
def answer_objection(
    *, actor: Actor, bed_id: UUID, outcome: Outcome, answer: str, at: datetime
) -> Objection:
    """Answer what is open: the refusal stands, or the application is taken up again.

    Her people are told. Raises RefusedIt, NothingToAnswer, BedThereAlready, WordsNeeded,
    NoSuchBed, Denied.
    """
    bed = locked(actor, terms.ANSWER, bed_id, is_open=False)
    rows = Objection.objects.select_for_update(of=("self",))
    row = rows.filter(bed=bed, answered_at=None).first()
    if row is None:
        raise NothingToAnswer
    if actor.user_id is not None and actor.user_id == _who_refused(bed):
        raise RefusedIt
    row.answer_sealed = sealed(answer, field=Objection.ANSWER, pk=row.pk, name="answer")
    row.outcome, row.answered_at, row.answered_by_name = outcome, at, actor.display_name
    row.save()
    if outcome == Outcome.REOPENED:
        try:
            with transaction.atomic():
                move(bed, "reopen", actor=actor, at=at, changes={"ended_at": None})
        except IntegrityError:
            raise BedThereAlready from None
    noted(actor, terms.ANSWER, bed, at, objection=str(row.pk), outcome=outcome)
    telling.tell_own(bed, "objection", at=at)
    return row


@transaction.atomic
def remind_of_objections(*, at: datetime) -> int:
    """Tell who answers, and who waits, that a day has passed without an answer; return how many."""
    rows = Objection.objects.select_for_update(of=("self",)).select_related("bed")
    late = rows.filter(answered_at=None, answer_by__lt=day_of(at))
    told = 0
    for row in late.exclude(overdue_told_on=F("answer_by")):
        params_ = {"number": row.bed.number, "day": row.answer_by.isoformat()}
        telling.tell_staff(row.bed, terms.ANSWER, notices.OBJECTION_OVERDUE, params_, at=at)
        telling.tell_own(row.bed, "late", at=at)
        row.overdue_told_on = row.answer_by
        row.save(update_fields=["overdue_told_on"])
        told += 1
    return told


def _who_refused(bed: HomeBed) -> UUID | None:
    refused = [one for one in history(bed) if one.target == BedState.REFUSED]
    return refused[-1].user_id if refused else None
