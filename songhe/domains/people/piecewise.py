"""The register piece by piece, for machines: every person who is told is in the audit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.people import selectors
from songhe.domains.people.models import Person
from songhe.domains.people.selectors import LIST, PersonView


@dataclass(frozen=True, slots=True)
class Piece:
    """Some persons as the actor may see them; next: after whom the list goes on, None at its end.

    The order is that of registration: it says nothing of a name that is masked.
    """

    persons: list[PersonView]
    next: UUID | None


def list_piece(
    actor: Actor,
    *,
    region_prefix: str = "",
    after: UUID | None = None,
    limit: int,
    at: datetime,
) -> Piece:
    """Return the next living persons that the actor may list; audited, person by person."""
    rows = policies.scope(actor, Person.objects.filter(died_on=None, merged_into=None), LIST)
    if region_prefix:
        rows = rows.filter(region_code__startswith=region_prefix)
    if after is not None:
        rows = rows.filter(pk__gt=after)
    found = list(rows.order_by("pk")[: limit + 1])
    _told(actor, found[:limit], at)
    views = [selectors.view_of(actor, row) for row in found[:limit]]
    return Piece(views, views[-1].id if len(found) > limit else None)


def find(actor: Actor, words: str, *, region_prefix: str = "", limit: int, at: datetime) -> Piece:
    """Return the persons whom words fit, best first, the first ones alone; audited."""
    found = selectors.find_persons(actor, words, region_prefix=region_prefix).persons[:limit]
    _told(actor, found, at)
    return Piece([selectors.view_of(actor, row) for row in found], None)


def _told(actor: Actor, rows: Iterable[Person], at: datetime) -> None:
    refs = [f"people.Person/{row.pk}" for row in rows]
    audit.record_reads(actor=actor, action=LIST, refs=refs, at=at)
