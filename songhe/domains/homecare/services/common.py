"""What the services of beds share: the locked bed, sealed words, the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from songhe.base import vault
from songhe.base.access import giving, policies
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.homecare import terms
from songhe.domains.homecare.models import HomeBed
from songhe.domains.homecare.selectors import NoSuchBed
from songhe.domains.homecare.workflow import BED_LIFE
from songhe.kernel.errors import Conflict, Invalid

MOST = 2000


class BedIsOver(Conflict):
    code = "homecare.bed_is_over"
    message = "This bed has ended or was refused."


class WordsNeeded(Invalid):
    code = "homecare.words_needed"
    message = "Please write a few words here."


def locked(actor: Actor, action: str, bed_id: UUID, *, is_open: bool = True) -> HomeBed:
    """Return a bed, locked, for an action. Raises NoSuchBed, Denied, BedIsOver."""
    rows = HomeBed.objects.select_for_update(of=("self",)).select_related("person", "home")
    bed = policies.scope(actor, rows, action).filter(pk=bed_id).first()
    if bed is None:
        raise NoSuchBed
    policies.authorise(actor, action, bed)
    if is_open and bed.state in terms.OVER:
        raise BedIsOver
    return bed


def move(
    bed: HomeBed,
    step: str,
    *,
    actor: Actor,
    at: datetime,
    note: str = "",
    changes: dict[str, Any] | None = None,
) -> None:
    """Take one step of the road with a locked bed; its guards judge by `at`."""
    bed.as_of = at
    BED_LIFE.advance(bed, step, actor=actor, at=at, note=note, changes=changes)


def noted(actor: Actor, action: str, bed: HomeBed, at: datetime, **detail: Any) -> None:
    """Write into the audit what was added to a bed."""
    audit.record_change(
        actor=actor, action=action, ref=f"homecare.HomeBed/{bed.pk}", at=at, detail=detail
    )


def sealed(words: str, *, field: str, pk: UUID, name: str = "") -> bytes:
    """Return words sealed; with a name they must be there. Raises WordsNeeded."""
    text = words.strip()[:MOST]
    if name and not text:
        raise WordsNeeded(field=name)
    return vault.seal(text, field=field, pk=pk)


def author(actor: Actor) -> dict[str, Any]:
    """Return who writes, as columns."""
    return {"by": actor.user_id, "by_name": "" if actor.is_system else actor.display_name}


def who_may(bed: HomeBed, action: str, at: datetime) -> set[UUID]:
    """Return the users whose role carries an action at a bed: of its organisation or its region."""
    return giving.who_may(
        action, region_code=bed.region_code, organization_id=bed.organization_id, at=at
    )
