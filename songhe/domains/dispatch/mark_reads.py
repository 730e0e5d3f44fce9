"""Visits held for a case: the list, one visit's marks, and the list as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from songhe.base import vault
from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.dispatch import own_words, terms
from songhe.domains.dispatch.evidence_reads import words_of
from songhe.domains.dispatch.models import Mark, Visit
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.engines.exchange import writing
from songhe.engines.exchange.terms import Format
from songhe.kit import formats


@dataclass(frozen=True, slots=True)
class MarkLine:
    """One mark. why, back: the reasons for marking, and for letting go ("" while it is held)."""

    row: Mark
    person: PersonView | None
    why: str
    back: str

    @property
    def visit(self) -> Visit:
        return self.row.visit

    @property
    def is_held(self) -> bool:
        return self.row.ended_at is None

    @property
    def reasons(self) -> list[str]:
        """Return what spoke against the visit when it was marked, in words."""
        return [words_of(one) for one in self.row.reasons]


def marks(actor: Actor, *, is_held: bool = True) -> QuerySet[Mark]:
    """Return the marks of visits in the actor's reach, the newest first; or those let go."""
    visits = policies.scope(actor, Visit.objects.all(), terms.MARK)
    rows = Mark.objects.filter(visit__in=visits, ended_at__isnull=is_held)
    named = rows.select_related("visit__order__organization", "visit__order__item", "visit__worker")
    return named.order_by("-marked_at", "-id")


def lines(actor: Actor, rows: Iterable[Mark]) -> list[MarkLine]:
    """Return marks, narrowed already, with whom they are about; 1 query."""
    some = list(rows)
    seen = people.person_views(actor, [row.visit.order.person_id for row in some])
    return [
        MarkLine(
            row,
            seen.get(row.visit.order.person_id),
            _opened(row.why_sealed, Mark.WHY, row.pk),
            _opened(row.back_sealed, Mark.BACK, row.pk),
        )
        for row in some
    ]


def _opened(sealed: bytes | memoryview | None, field: str, pk: UUID) -> str:
    return "" if sealed is None else vault.unseal(sealed, field=field, pk=pk)


def of_visit(actor: Actor, visit_id: UUID) -> list[MarkLine]:
    """Return the marks of a visit that was opened to the actor, the newest first; 2 queries."""
    if not actor.may(terms.MARK):
        return []
    both = [
        *marks(actor).filter(visit=visit_id),
        *marks(actor, is_held=False).filter(visit=visit_id),
    ]
    return lines(actor, both)


def export_marks(actor: Actor, *, reason: str, kind: Format, at: datetime) -> bytes:
    """Return the visits held for a case as a file; who took it along and why is audited."""
    found = lines(actor, marks(actor))
    refs = [f"dispatch.Visit/{one.visit.pk}" for one in found]
    audit.record_reads(actor=actor, action=terms.MARK, refs=refs, at=at)
    audit.record_change(
        actor=actor,
        action=terms.MARK,
        ref="dispatch.Mark",
        at=at,
        detail={"exported": len(found), "reason": reason, "format": str(kind)},
    )
    heads = [
        _("Visit"), _("Provider"), _("Worker"), _("For"), _("Service"), _("Arrived"),
        pgettext("a visit", "Ended"),
        _("Borne out"), _("What speaks against it"), _("Why it is marked"), _("Marked by"),
        _("Marked at"),
    ]  # fmt: skip
    return writing.write(heads, _cells(found), kind=kind, title=_("Visits marked for a case"))


def _cells(found: Iterable[MarkLine]) -> Iterator[list[str]]:
    for one in found:
        visit, order = one.visit, one.visit.order
        yield [
            str(visit.pk),
            organizations.name_of(order.organization) if order.organization else "",
            visit.worker.display_name,
            one.person.name if one.person else _("not open to you"),
            own_words.title(order),
            formats.moment(visit.arrived_at) if visit.arrived_at else "",
            formats.moment(visit.ended_at) if visit.ended_at else "",
            "" if one.row.score is None else str(one.row.score),
            "；".join(one.reasons),
            one.why,
            one.row.marked_by_name,
            formats.moment(one.row.marked_at),
        ]
