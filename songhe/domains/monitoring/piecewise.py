"""Alarms piece by piece, for machines; the persons they are about are audited."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.monitoring import selectors
from songhe.domains.monitoring.models import Alarm
from songhe.domains.monitoring.selectors import LIST, AlarmLine, Search
from songhe.kernel.errors import Invalid


class NoSuchPiece(Invalid):
    code = "monitoring.no_such_piece"
    message = "The list does not go on from there. Begin again without `after`."


@dataclass(frozen=True, slots=True)
class Piece:
    """Some alarms, the newest first; next: after which one the list goes on."""

    lines: list[AlarmLine]
    next: UUID | None


def list_piece(
    actor: Actor, search: Search, *, after: UUID | None = None, limit: int, at: datetime
) -> Piece:
    """Return the next alarms that fit and the actor may list; audited. Raises NoSuchPiece."""
    rows = selectors.history(actor, search)
    if after is not None:
        last = policies.scope(actor, Alarm.objects.filter(pk=after), LIST).first()
        if last is None:
            raise NoSuchPiece(field="after")
        rows = rows.filter(
            Q(raised_at__lt=last.raised_at) | Q(raised_at=last.raised_at, pk__lt=last.pk)
        )
    found = list(rows[: limit + 1])
    lines = selectors.lines(actor, found[:limit])
    _told(actor, lines, at)
    return Piece(lines, found[limit - 1].pk if len(found) > limit else None)


def _told(actor: Actor, lines: Iterable[AlarmLine], at: datetime) -> None:
    seen = {person.id for line in lines for person in line.persons if person.fields}
    refs = [f"people.Person/{pk}" for pk in sorted(seen)]
    audit.record_reads(actor=actor, action=LIST, refs=refs, at=at)
