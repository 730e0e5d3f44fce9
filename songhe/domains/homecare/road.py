"""One bed as its page shows it: a road with what is done, what is next, who does it, what lacks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from songhe.base import vault
from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.domains.catalog import selectors as catalog
from songhe.domains.catalog.terms import ItemKind
from songhe.domains.devices import selectors as devices
from songhe.domains.homecare import selectors, terms, visit_reads
from songhe.domains.homecare.agreement_texts import AgreementText, text_of
from songhe.domains.homecare.equipment import table
from songhe.domains.homecare.models import (
    Agreement,
    Assessment,
    CarePlan,
    EquipmentReturn,
    Goal,
    HomeBed,
    PlanService,
    Review,
)
from songhe.domains.homecare.readiness import NeedLine, equipment_of, kept_of, missing
from songhe.domains.homecare.terms import AgreementForm, BedState, Next, ReturnState
from songhe.domains.homecare.visit_reads import VisitLine
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.domains.people.terms import CareLevel
from songhe.engines.booking.words import rule_words
from songhe.engines.workflow.engine import history
from songhe.engines.workflow.models import Transition

HEALTH = "health"


@dataclass(frozen=True, slots=True)
class RoadStep:
    """One step. state: done, now or later; lacks: what is missing, in words; who: does it."""

    key: str
    title: str
    state: str
    lacks: list[str]
    who: str


@dataclass(frozen=True, slots=True)
class EquipmentLine:
    """One kind of equipment a home must or should have, and the device that meets it."""

    line: NeedLine
    name: str
    type_name: str

    @property
    def state(self) -> str:
        """Return in words how it stands."""
        if self.line.works:
            return _("in use, but silent") if self.line.silent else _("in use")
        if self.line.fitting is not None:
            return _("fitted, but not in use any more")
        return _("not there yet")


@dataclass(frozen=True, slots=True)
class GoalLine:
    """A goal as the reader may see it: words None where health is not open."""

    id: UUID
    words: str | None
    measure: str | None
    reach_on: date
    is_met: bool


@dataclass(frozen=True, slots=True)
class ServiceLine:
    name: str
    days: str
    row: PlanService


@dataclass(frozen=True, slots=True)
class PlanSheet:
    plan: CarePlan
    goals: list[GoalLine]
    services: list[ServiceLine]


@dataclass(frozen=True, slots=True)
class ReviewLine:
    row: Review
    words: str | None
    met: int


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """A device that is to come back, by the name of its type."""

    row: EquipmentReturn
    name: str


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What the last review asked for and nobody has done yet: a key of terms.Next, and where."""

    next: str
    words: str
    route: str
    move: str = ""


@dataclass(frozen=True, slots=True)
class AgreementLine:
    """An agreement; signed_by is None where the name is not open. last: its last day.

    text: what was signed on the screen, None of a paper, or where the text is not here any more.
    """

    row: Agreement
    signed_by: str | None
    last: date
    text: AgreementText | None = None

    @property
    def is_picture(self) -> bool:
        return self.row.form == AgreementForm.SCREEN

    @property
    def digest(self) -> str:
        """Return the digest of the text that was signed, in hexadecimal; "" of a paper."""
        return bytes(self.row.text_digest).hex() if self.row.text_digest else ""


@dataclass(frozen=True)
class BedSheet:
    """Everything of one bed that its page shows. kept: what stays as another bed uses it."""

    bed: HomeBed
    person: PersonView | None
    steps: list[RoadStep]
    note: str
    level: str
    assessment: Assessment | None
    basis: str
    needs: list[str]
    equipment: list[EquipmentLine]
    agreements: list[AgreementLine]
    plan: PlanSheet | None
    reviews: list[ReviewLine]
    returns: list[ReturnLine]
    kept: list[str]
    follow_up: FollowUp | None
    course: list[Transition]
    visits: dict[str, VisitLine] = field(default_factory=dict)
    may: frozenset[str] = field(default_factory=frozenset)

    @property
    def returns_closed(self) -> int:
        """Return how many of the devices that are to come back are accounted for."""
        return sum(1 for one in self.returns if one.row.state != ReturnState.DUE)


_TITLES = {
    "applied": gettext_lazy("Application"),
    "assessed": gettext_lazy("Home visit and ability level"),
    "fitting": gettext_lazy("Accepted, equipment listed"),
    "fitted": gettext_lazy("Equipment fitted and tested"),
    "agreed": gettext_lazy("Agreement signed"),
    "planned": gettext_lazy("Care plan"),
    "active": gettext_lazy("In use: services and monitoring"),
}
_WHO = {
    "applied": gettext_lazy("the desk or the county"),
    "assessed": gettext_lazy("the assessor of the provider or the county"),
    "fitting": gettext_lazy("the assessor of the provider or the county"),
    "fitted": gettext_lazy("the device keeper or the provider"),
    "agreed": gettext_lazy("the provider with the person"),
    "planned": gettext_lazy("the provider"),
    "active": gettext_lazy("the provider or the county"),
}
# Which step of the workflow brings a bed there; what it asks for is what lacks.
_BY = {"assessed": "", "fitting": "", "fitted": "finish_fitting", "active": "activate"}
_MOVES = (terms.ASSESS, terms.FIT, terms.AGREE, terms.PLAN, terms.REVIEW, terms.MOVE)


def sheet(actor: Actor, bed_id: UUID, *, at: datetime) -> BedSheet:
    """Return one bed with its road; the read is audited. Raises NoSuchBed."""
    bed = selectors.get_bed(actor, bed_id, at=at)
    person = people.person_views(actor, [bed.person_id]).get(bed.person_id)
    sees = person is not None and HEALTH in person.fields
    may = frozenset(action for action in _MOVES if policies.can(actor, action, bed))
    assesses = sees or terms.ASSESS in may  # who writes it reads it
    keeps = sees or bool({terms.PLAN, terms.REVIEW} & may)
    last = Assessment.objects.filter(bed=bed).order_by("-made_at").first()
    plan = _plan(bed, sees=keeps)
    agreements = list(Agreement.objects.filter(bed=bed).order_by("-period"))
    reviews = Review.objects.filter(bed=bed).order_by("-month")
    return BedSheet(
        bed=bed,
        person=person,
        steps=_steps(bed, has_plan=plan is not None, at=at),
        note=_open(bed.note_sealed, HomeBed.NOTE, bed.pk) if assesses else "",
        level=str(CareLevel(last.level).label) if last and assesses else "",
        assessment=last,
        basis=_open(last.words_sealed, Assessment.BASIS, last.pk) if last and assesses else "",
        needs=[table().needs[one].name for one in last.needs] if last and assesses else [],
        equipment=[equipment_line(line) for line in equipment_of(bed, at=at)],
        agreements=[_agreement(row, person) for row in agreements],
        plan=plan,
        reviews=[
            ReviewLine(
                row,
                _open(row.words_sealed, Review.WORDS, row.pk) if keeps else None,
                len(row.goals_met),
            )
            for row in reviews[:24]
        ],
        returns=[
            ReturnLine(row, devices.type_of(row.device.type).name)
            for row in EquipmentReturn.objects.filter(bed=bed)
            .select_related("device")
            .order_by("device__type", "device__key")
        ],
        kept=kept_of(bed),
        follow_up=_follow_up(bed, reviews.first(), plan, last),
        course=history(bed),
        visits=visit_reads.visits_of(bed, at=at),
        may=may,
    )


def _open(sealed: bytes | memoryview | None, field_name: str, pk: UUID) -> str:
    return "" if sealed is None else vault.unseal(bytes(sealed), field=field_name, pk=pk)


def equipment_line(line: NeedLine) -> EquipmentLine:
    kind = table().equipment[line.need.code]
    device = line.fitting.device if line.fitting else None
    return EquipmentLine(
        line, kind.name, devices.type_of(device.type).name if device is not None else ""
    )


def _agreement(row: Agreement, person: PersonView | None) -> AgreementLine:
    named = person is not None and "identity" in person.fields
    name = _open(row.signed_by_sealed, Agreement.SIGNED_BY, row.pk) if named else None
    last = date.fromordinal(row.period.upper.toordinal() - 1)
    text = text_of(row.terms_version, bytes(row.text_digest)) if row.text_digest else None
    return AgreementLine(row, name, last, text)


def _plan(bed: HomeBed, *, sees: bool) -> PlanSheet | None:
    plan = CarePlan.objects.filter(bed=bed).order_by("-version").first()
    if plan is None:
        return None
    last = Review.objects.filter(plan=plan).order_by("-month").first()
    met = set(last.goals_met) if last else set()
    goals = [
        GoalLine(
            row.pk,
            _open(row.words_sealed, Goal.WORDS, row.pk) if sees else None,
            _open(row.measure_sealed, Goal.MEASURE, row.pk) if sees else None,
            row.reach_on,
            str(row.pk) in met,
        )
        for row in Goal.objects.filter(plan=plan).order_by("place")
    ]
    rows = list(PlanService.objects.filter(plan=plan).select_related("series").order_by("place"))
    names = _item_names(bed, {row.item_code for row in rows}, timezone.localdate(plan.made_at))
    services = [
        ServiceLine(names.get(row.item_code, row.item_code), rule_words(row.rule), row)
        for row in rows
    ]
    return PlanSheet(plan, goals, services)


def _follow_up(
    bed: HomeBed, review: Review | None, plan: PlanSheet | None, assessed: Assessment | None
) -> FollowUp | None:
    """Return what the newest review asked for, until it was done."""
    if review is None or bed.state in terms.OVER or review.next == Next.GO_ON:
        return None
    words = str(Next(review.next).label)
    if review.next == Next.NEW_PLAN:
        is_done = plan is not None and plan.plan.made_at > review.made_at
        return None if is_done else FollowUp(review.next, words, "plan")
    if review.next == Next.REASSESS:
        is_done = assessed is not None and assessed.made_at > review.made_at
        return None if is_done else FollowUp(review.next, words, "assess")
    if review.next == Next.PAUSE and bed.state == BedState.PAUSED:
        return None
    return FollowUp(review.next, words, "stop", "pause" if review.next == Next.PAUSE else "end")


def _item_names(bed: HomeBed, codes: Iterable[str], on: date) -> dict[str, str]:
    found = {item.code: item for item in catalog.items(on, bed.region_code)}
    return {
        code: found[code].version.name  # type: ignore[union-attr]
        for code in codes
        if code in found and found[code].version is not None
    }


def items_for(bed: HomeBed, *, at: datetime) -> list[tuple[str, str]]:
    """Return what the provider may offer in a plan: codes and names; help in need is none."""
    found = catalog.items(
        timezone.localdate(at), bed.region_code, organization_id=bed.organization_id
    )
    return [
        (one.code, one.version.name)
        for one in found
        if one.version is not None and one.version.kind != ItemKind.EMERGENCY
    ]


def _steps(bed: HomeBed, *, has_plan: bool, at: datetime) -> list[RoadStep]:
    reached: list[str] = []
    for one in history(bed):  # what was reached before it was taken up again does not count
        reached = [] if one.name == "reopen" else [*reached, one.target]
    done = {"applied", *reached} | ({"planned"} if has_plan else set())
    over = bed.state in terms.OVER
    found = []
    now_seen = False
    for key, title in _TITLES.items():
        if key in done:
            state = "done"
        elif over or now_seen:
            state = "later"
        else:
            state, now_seen = "now", True
        lacks = (
            [one.words for one in missing(bed, _BY[key], at=at)]
            if state == "now" and _BY.get(key)
            else []
        )
        found.append(RoadStep(key, str(title), state, lacks, str(_WHO[key])))
    return found


def lacking_now(bed: HomeBed, *, at: datetime) -> list[str]:
    """Return what a bed in use, or paused, does not hold any more of what it must, in words."""
    if bed.state not in (BedState.ACTIVE, BedState.PAUSED):
        return []
    return [one.words for one in missing(bed, "resume", at=at)]
