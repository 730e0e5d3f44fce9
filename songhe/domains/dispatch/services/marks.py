"""A visit is held for a case by who supervises, with a reason, and let go with another."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from songhe.base import vault
from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.dispatch import terms
from songhe.domains.dispatch.models import Evidence, Mark, Visit
from songhe.domains.dispatch.selectors import NoSuchOrder
from songhe.kernel.errors import Conflict, Invalid

_LONGEST = 1000


class MarkedAlready(Conflict):
    code = "dispatch.marked_already"
    message = "This visit is marked for a case already."


class NotMarked(Conflict):
    code = "dispatch.not_marked"
    message = "This visit is not marked for a case."


class WhyMarked(Invalid):
    code = "dispatch.why_marked"
    message = "Please say why, in a few words."


@transaction.atomic
def mark_visit(*, actor: Actor, visit_id: UUID, why: str, at: datetime) -> Mark:
    """Hold a visit for a case. Raises NoSuchOrder, Denied, WhyMarked, MarkedAlready."""
    visit = _locked(actor, visit_id)
    if not why.strip():
        raise WhyMarked(field="why")
    found = Evidence.objects.filter(visit=visit).first()
    row = Mark(
        visit=visit,
        score=found.score if found is not None else None,
        reasons=found.reasons if found is not None else [],
        marked_at=at,
        marked_by=actor.user_id,
        marked_by_name=actor.display_name,
    )
    row.why_sealed = vault.seal(why.strip()[:_LONGEST], field=Mark.WHY, pk=row.pk)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise MarkedAlready from None
    _noted(actor, row, "marked", at)
    return row


@transaction.atomic
def unmark_visit(*, actor: Actor, visit_id: UUID, why: str, at: datetime) -> Mark:
    """Let a visit go that was held. Raises NoSuchOrder, Denied, WhyMarked, NotMarked."""
    visit = _locked(actor, visit_id)
    if not why.strip():
        raise WhyMarked(field="why")
    row = Mark.objects.select_for_update().filter(visit=visit, ended_at=None).first()
    if row is None:
        raise NotMarked
    row.ended_at, row.ended_by_name = at, actor.display_name
    row.back_sealed = vault.seal(why.strip()[:_LONGEST], field=Mark.BACK, pk=row.pk)
    row.save(update_fields=["ended_at", "ended_by_name", "back_sealed"])
    _noted(actor, row, "let go", at)
    return row


def _locked(actor: Actor, visit_id: UUID) -> Visit:
    rows = Visit.objects.select_for_update(of=("self",)).filter(ended_at__isnull=False)
    visit = policies.scope(actor, rows, terms.MARK).filter(pk=visit_id).first()
    if visit is None:
        raise NoSuchOrder
    policies.authorise(actor, terms.MARK, visit)
    return visit


def _noted(actor: Actor, row: Mark, what: str, at: datetime) -> None:
    audit.record_change(
        actor=actor,
        action=terms.MARK,
        ref=f"dispatch.Visit/{row.visit_id}",
        at=at,
        detail={"mark": str(row.pk), "what": what},
    )
