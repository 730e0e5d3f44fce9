"""Proof of a visit: photographs, signatures and spoken notes, sealed under the person's key."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.events import bus
from songhe.base.files import kinds
from songhe.base.files import services as files
from songhe.base.files.media import AUDIO, IMAGES
from songhe.domains.dispatch import events, terms
from songhe.domains.dispatch.models import Visit
from songhe.domains.dispatch.services.happenings import NotYourVisit

PROOF = "dispatch.proof"


def register() -> None:
    """Called when the app is ready."""
    kinds.declare(
        kinds.FileKind(
            PROOF,
            ref="dispatch.Visit",
            views=(terms.VIEW, terms.SAMPLE),
            needs="notes",
            media=IMAGES | AUDIO,
        )
    )


@transaction.atomic
def keep_proof(
    *, actor: Actor, visit_id: UUID, file_id: UUID, content: bytes, name: str, at: datetime
) -> UUID:
    """Keep a file of one's own visit; sent again under its number it is the same. Return its id.

    Raises NotYourVisit, and what files.services.keep raises.
    """
    visit = Visit.objects.select_related("order").filter(pk=visit_id, worker=actor.user_id).first()
    if visit is None:
        raise NotYourVisit
    policies.authorise(actor, terms.WORK, visit)
    kept = files.keep(
        content=content,
        kind=PROOF,
        name=name,
        ref=f"dispatch.Visit/{visit.pk}",
        by=actor,
        at=at,
        file_id=file_id,
        person_id=visit.order.person_id,
    )
    if visit.ended_at is not None:
        bus.publish(events.ProofKept(visit_id=visit.pk))
    return kept.pk
