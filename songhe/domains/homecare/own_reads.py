"""The beds of one's own people: where an application stands, in words for who applied."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.utils import timezone

from songhe.base import vault
from songhe.base.access.actor import Actor
from songhe.domains.dispatch.panels import own_words
from songhe.domains.homecare import road, selectors, terms
from songhe.domains.homecare.models import HomeBed, Objection
from songhe.domains.homecare.policies import own_of
from songhe.domains.homecare.road import BedSheet
from songhe.domains.homecare.terms import BedState
from songhe.domains.homecare.visit_reads import VisitLine
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.engines.workflow.engine import history
from songhe.engines.workflow.models import Transition
from songhe.kit import formats


@dataclass(frozen=True, slots=True)
class ObjectionLine:
    """An objection with its words and the answer, opened for who may read the bed."""

    row: Objection
    words: str
    answer: str

    @property
    def is_open(self) -> bool:
        return self.row.answered_at is None

    def is_overdue(self, today: date) -> bool:
        """Tell whether its day has passed without an answer."""
        return self.is_open and self.row.answer_by < today


@dataclass(frozen=True, slots=True)
class Refusal:
    """A bed with why it was refused, and whether that may be objected to now."""

    bed: HomeBed
    reason: str
    may_object: bool


@dataclass(frozen=True, slots=True)
class OwnStep:
    """One step of the road. state: done, now or later; on: the day it was done."""

    title: str
    state: str
    who: str
    on: date | None


@dataclass(frozen=True, slots=True)
class OwnVisit:
    """Who comes to the home, and when, as one says it."""

    who: str
    when: str


@dataclass(frozen=True, slots=True)
class OwnBed:
    """One of one's own people with her bed, or None where there is none.

    reason: why it was refused, paused or ended. visit: who comes next, and when.
    """

    person: PersonView
    sheet: BedSheet | None
    steps: tuple[OwnStep, ...]
    reason: str
    visit: OwnVisit | None
    objections: tuple[ObjectionLine, ...]
    is_late: bool
    may_apply: bool
    may_object: bool


def own_beds(actor: Actor, *, at: datetime) -> list[OwnBed]:
    """Return one's own people with the bed that is open, else the last one; reads are audited."""
    found = people.person_views(actor, own_of(actor))
    return [_own(actor, person, at) for person in found.values()]


def objections_of(bed: HomeBed) -> tuple[ObjectionLine, ...]:
    """Return the objections about a bed that the reader has been let see, the newest first."""
    return tuple(
        ObjectionLine(
            row,
            _open(row.words_sealed, Objection.WORDS, row.pk),
            _open(row.answer_sealed, Objection.ANSWER, row.pk),
        )
        for row in Objection.objects.filter(bed=bed).order_by("-told_at")
    )


def refusal(actor: Actor, bed_id: UUID, *, at: datetime) -> Refusal:
    """Return how a bed of one's own people was refused; the read is audited. Raises NoSuchBed."""
    bed = selectors.get_bed(actor, bed_id, at=at)
    if bed.person_id not in own_of(actor):
        raise selectors.NoSuchBed
    return Refusal(bed, _why(bed.state, history(bed)), may_object(actor, bed))


def may_object(actor: Actor, bed: HomeBed) -> bool:
    """Tell whether a bed of one's own people was refused, and nothing is being looked into."""
    return (
        bed.state == BedState.REFUSED
        and bed.person_id in own_of(actor)
        and actor.may(terms.ASK)
        and not Objection.objects.filter(bed=bed, answered_at=None).exists()
    )


def _own(actor: Actor, person: PersonView, at: datetime) -> OwnBed:
    beds = selectors.beds_of_person(actor, person.id)
    bed = next((one for one in beds if one.state in terms.OPEN), beds[0] if beds else None)
    may_apply = actor.may(terms.ASK) and person.died_on is None
    if bed is None:
        return OwnBed(person, None, (), "", None, (), False, may_apply, False)
    sheet = road.sheet(actor, bed.pk, at=at)
    objections = objections_of(bed)
    today = timezone.localdate(at)
    is_waiting = any(one.is_open for one in objections)
    return OwnBed(
        person=person,
        sheet=sheet,
        steps=_steps(sheet),
        reason=_why(bed.state, sheet.course),
        visit=next((_visit(one, at) for one in sheet.visits.values()), None),
        objections=objections,
        is_late=any(one.is_overdue(today) for one in objections),
        may_apply=may_apply and bed.state in terms.OVER and not is_waiting,
        may_object=may_object(actor, bed),
    )


def _visit(line: VisitLine, at: datetime) -> OwnVisit:
    day = own_words.day(line.span.begins, at=at)
    times = f"{formats.clock(line.span.begins)}–{formats.clock(line.span.ends)}"
    return OwnVisit(line.visitor, f"{day} {times}")


def _steps(sheet: BedSheet) -> tuple[OwnStep, ...]:
    days = {one.target: timezone.localdate(one.at) for one in sheet.course}
    days["applied"] = timezone.localdate(sheet.bed.applied_at)
    if sheet.plan is not None:
        days["planned"] = timezone.localdate(sheet.plan.plan.made_at)
    return tuple(
        OwnStep(one.title, one.state, one.who, days.get(one.key) if one.state == "done" else None)
        for one in sheet.steps
    )


def _why(state: str, course: list[Transition]) -> str:
    """Return why a bed stands still or is over, as it was written then."""
    if state not in (BedState.REFUSED, BedState.PAUSED, BedState.ENDED):
        return ""
    said = [one.note for one in course if one.target == state]
    return said[-1] if said else ""


def _open(sealed: bytes | memoryview | None, name: str, pk: UUID) -> str:
    return "" if sealed is None else vault.unseal(bytes(sealed), field=name, pk=pk)
