"""Reading papers: of one who works here, and those that end soon where an actor may see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q

from songhe.base import vault
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.organizations.models import Qualification, Staff, WorkerFacts
from songhe.domains.organizations.papers import all_qualifications, ends_soon
from songhe.domains.organizations.selectors import name_of
from songhe.domains.organizations.services.qualifying import NUMBER, keeps, member
from songhe.domains.organizations.terms import KEEP_QUALIFICATIONS, VIEW_QUALIFICATIONS

SEE = (VIEW_QUALIFICATIONS, KEEP_QUALIFICATIONS)


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A paper with its state on a day: good, ends-soon, over, taken-back. until: the last day."""

    id: UUID
    code: str
    name: str
    number: str
    issuer: str
    since: date
    until: date | None
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class WorkerPapers:
    """What is known of one who works here. may_keep: whether the actor may change it."""

    papers: list[PaperLine]
    facts: WorkerFacts | None
    may_keep: bool


def state_of(row: Qualification, on: date) -> str:
    """Return the state of a paper on a day."""
    if row.ended_at is not None:
        return "taken-back"
    if row.period.upper is not None and row.period.upper <= on:
        return "over"
    if row.period.upper is not None and row.period.upper - on <= ends_soon():
        return "ends-soon"
    return "good"


def papers_of(actor: Actor, staff_id: UUID, *, on: date, at: datetime) -> WorkerPapers | None:
    """Return papers and facts of one who works here, None where they are not open; 3 queries.

    The reading of numbers is audited.
    """
    staff = Staff.objects.select_related("organization").get(pk=staff_id)
    house, region = staff.organization_id, staff.organization.region_code
    if not any(actor.covers(one, region) or house in actor.organizations(one) for one in SEE):
        return None
    rows = list(Qualification.objects.filter(user=staff.user_id).order_by("code", "-period"))
    if any(row.number_sealed for row in rows):
        audit.record_reads(
            actor=actor,
            action=VIEW_QUALIFICATIONS,
            refs=[f"organizations.Staff/{staff.pk}"],
            at=at,
        )
    return WorkerPapers(
        papers=sorted((_line(row, on) for row in rows), key=_standing),
        facts=WorkerFacts.objects.filter(user=staff.user_id).first(),
        may_keep=keeps(actor, staff),
    )


def _standing(line: PaperLine) -> tuple[bool, str]:
    return line.state in ("over", "taken-back"), line.code


def _line(row: Qualification, on: date) -> PaperLine:
    kind = all_qualifications().get(row.code)
    sealed = row.number_sealed
    return PaperLine(
        id=row.pk,
        code=row.code,
        name=kind.name if kind else row.code,
        number=vault.unseal(sealed, field=NUMBER, pk=row.pk) if sealed else "",
        issuer=row.issuer,
        since=row.period.lower,
        until=row.period.upper - timedelta(days=1) if row.period.upper else None,
        state=state_of(row, on),
        reason=row.ended_reason,
    )


@dataclass(frozen=True, slots=True)
class Ending:
    """A paper that ends soon or is over, with who holds it and where she works."""

    staff_id: UUID
    name: str
    organization: str
    paper: str
    until: date
    state: str


def ending_papers(actor: Actor, *, on: date, at: datetime) -> list[Ending]:
    """Return papers that end within 60 days, or are over and were not renewed; 2 queries.

    Of who works where the actor may see papers, the first to end first.
    """
    where = Q(organization__in=[o for one in SEE for o in actor.organizations(one)])
    for prefix in {p for one in SEE for p in actor.prefixes(one)}:
        where |= Q(organization__region_code__startswith=prefix)
    staff = {
        row.user_id: row
        for row in Staff.objects.filter(where, period__contains=at).select_related(
            "organization", "user"
        )
    }
    newest: dict[tuple[UUID, str], Qualification] = {}
    for row in Qualification.objects.filter(user__in=staff, ended_at=None):
        kind = all_qualifications().get(row.code)
        key = (row.user_id, kind.ladder if kind and kind.ladder else row.code)
        before = newest.get(key)
        if before is None or _last(row) > _last(before):
            newest[key] = row
    found = []
    for (user_id, _code), row in newest.items():
        state = state_of(row, on)
        if state not in ("ends-soon", "over"):
            continue
        line, post = _line(row, on), staff[user_id]
        assert line.until is not None  # noqa: S101 - what has no end neither ends soon nor is over
        found.append(
            Ending(
                staff_id=post.pk,
                name=post.user.display_name,
                organization=name_of(post.organization),
                paper=line.name,
                until=line.until,
                state=line.state,
            )
        )
    return sorted(found, key=lambda one: (one.until, one.name))


def _last(row: Qualification) -> date:
    return row.period.upper or date.max


@dataclass(frozen=True, slots=True)
class Kept:
    """One whose papers the actor keeps: her name, and what elders may know of her."""

    name: str
    facts: WorkerFacts | None

    @property
    def photo(self) -> str | None:
        return self.facts.photo if self.facts else None


def kept_by(actor: Actor, staff_id: UUID, *, at: datetime) -> Kept:
    """Return one whose papers the actor keeps; 2 queries. Raises NotEmployed, Denied."""
    row = member(actor, staff_id, at)
    facts = WorkerFacts.objects.filter(user=row.user_id).first()
    return Kept(name=row.user.display_name, facts=facts)
