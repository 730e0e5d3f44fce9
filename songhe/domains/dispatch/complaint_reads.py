"""Complaints as who answers them sees them: what is due first, then one with all that was said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.dispatch import own_words, terms
from songhe.domains.dispatch.models import Complaint, Visit
from songhe.domains.dispatch.own_reads import opened
from songhe.domains.dispatch.terms import ComplaintState
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.kernel.errors import NotFound


class NoSuchComplaint(NotFound):
    code = "dispatch.no_such_complaint"
    message = "This complaint does not exist, or is not open to you."


@dataclass(frozen=True, slots=True)
class ComplaintLine:
    """One complaint. days: until its answer is due, below 0 it is overdue; who: None if masked."""

    row: Complaint
    title: str
    who: PersonView | None
    days: int

    @property
    def is_open(self) -> bool:
        return self.row.state == ComplaintState.OPEN

    @property
    def is_overdue(self) -> bool:
        return self.is_open and self.days < 0


@dataclass(frozen=True, slots=True)
class ComplaintSheet:
    """One complaint with its words, who came, and the answer where there is one."""

    line: ComplaintLine
    words: str
    answer: str
    visits: tuple[Visit, ...]


def complaints(actor: Actor, *, is_open: bool = True) -> QuerySet[Complaint]:
    """Return the complaints that the actor answers: open ones by their day, else the newest."""
    rows = policies.scope(actor, Complaint.objects.all(), terms.ANSWER)
    rows = rows.select_related("order__item", "order__organization")
    if is_open:
        return rows.filter(state=ComplaintState.OPEN).order_by("answer_by", "told_at", "id")
    return rows.exclude(state=ComplaintState.OPEN).order_by("-answered_at", "-id")


def lines(actor: Actor, rows: list[Complaint], *, at: datetime) -> list[ComplaintLine]:
    """Return complaints, narrowed already, with whom they are about; 1 query."""
    seen = people.person_views(actor, [row.order.person_id for row in rows])
    return [_line(row, seen.get(row.order.person_id), timezone.localdate(at)) for row in rows]


def sheet(actor: Actor, complaint_id: UUID, *, at: datetime) -> ComplaintSheet:
    """Return one complaint; the read is audited. Raises NoSuchComplaint."""
    rows = policies.scope(actor, Complaint.objects.all(), terms.ANSWER)
    row = rows.select_related("order__item", "order__organization").filter(pk=complaint_id).first()
    if row is None:
        raise NoSuchComplaint
    refs = [f"dispatch.Complaint/{row.pk}", f"people.Person/{row.order.person_id}"]
    audit.record_reads(actor=actor, action=terms.ANSWER, refs=refs, at=at)
    visits = Visit.objects.filter(order=row.order_id).select_related("worker")
    return ComplaintSheet(
        line=lines(actor, [row], at=at)[0],
        words=opened(row.words_sealed, Complaint.WORDS, row.pk),
        answer=opened(row.answer_sealed, Complaint.ANSWER, row.pk),
        visits=tuple(visits.order_by("period", "id")),
    )


def _line(row: Complaint, who: PersonView | None, today: date) -> ComplaintLine:
    return ComplaintLine(row, own_words.title(row.order), who, (row.answer_by - today).days)
