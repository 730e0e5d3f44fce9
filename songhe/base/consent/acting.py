"""For whom an account acts: for the person whose own it is, or as a guardian with papers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from songhe.base.access.actor import Actor
from songhe.base.access.giving import holds_grant
from songhe.base.consent.models import Guardianship, Paper
from songhe.base.consent.terms import GUARDIAN, PERSON, SELF, Channel, Giver, PaperKind
from songhe.kernel.errors import Denied, Invalid

KEEP = "security.keep_consents"
RECORD = "security.record_consents"


class NotHers(Denied):
    code = "consent.not_hers"
    message = "Only the person herself, or a guardian with valid papers, can decide this."


class PapersEnded(Denied):
    code = "consent.papers_ended"
    message = "The guardian's papers are no longer valid."


class NoPaper(Invalid):
    code = "consent.no_paper"
    message = "Add the signed paper as a photograph or PDF."


class NoWitness(Invalid):
    code = "consent.no_witness"
    message = "Name who listened in on the telephone."


@dataclass(frozen=True, slots=True)
class Told:
    """How a person's word reached us.

    On her own screen (the default) the actor is herself or her guardian. Otherwise the actor is
    staff who records it: region_code is where the person lives, guardianship_id says that it was
    the guardian's word.
    """

    channel: str = Channel.APP
    region_code: str = ""
    guardianship_id: UUID | None = None
    paper_id: UUID | None = None
    witness: str = ""


def acts_for(actor: Actor) -> dict[UUID, str]:
    """Return the persons for whom an account acts, each with how (terms.Giver)."""
    found = {
        held.subject_id: str(Giver.GUARDIAN)
        for held in actor.grants
        if held.subject_type == PERSON and held.purpose == GUARDIAN
    }
    for held in actor.grants:
        if held.subject_type == PERSON and held.purpose == SELF:
            found[held.subject_id] = str(Giver.SELF)
    return found


def giver_of(
    actor: Actor, *, person_id: UUID, told: Told, at: datetime
) -> tuple[Giver, Guardianship | None]:
    """Return whose word it is, asked of the tables at this moment and not of the request's.

    Raises NotHers, PapersEnded, Denied, NoPaper, NoWitness.
    """
    if told.channel == Channel.APP:
        return _own(actor, person_id, at)
    if not actor.is_system and not actor.covers(RECORD, told.region_code):
        raise Denied(action=RECORD)
    if told.channel == Channel.PAPER and not _has_paper(person_id, told.paper_id):
        raise NoPaper(field="paper")
    if told.channel == Channel.PHONE and not told.witness.strip():
        raise NoWitness(field="witness")
    if told.guardianship_id is None:
        return Giver.SELF, None
    row = Guardianship.objects.select_for_update(of=("self",)).filter(
        pk=told.guardianship_id, person_id=person_id, period__contains=at
    )
    guardianship = row.first()
    if guardianship is None:
        raise PapersEnded(field="guardian")
    return Giver.GUARDIAN, guardianship


def _own(actor: Actor, person_id: UUID, at: datetime) -> tuple[Giver, Guardianship | None]:
    subject = {"subject_type": PERSON, "subject_id": person_id}
    if holds_grant(actor.user_id, purpose=SELF, at=at, **subject):  # type: ignore[arg-type]
        return Giver.SELF, None
    rows = Guardianship.objects.select_for_update(of=("self",)).filter(
        person_id=person_id, guardian=actor.user_id
    )
    row = rows.filter(period__contains=at).first()
    if row is not None:
        return Giver.GUARDIAN, row
    raise PapersEnded if rows.exists() else NotHers


def _has_paper(person_id: UUID, paper_id: UUID | None) -> bool:
    papers = Paper.objects.filter(person_id=person_id, kind=PaperKind.CONSENT)
    return paper_id is not None and papers.filter(pk=paper_id).exists()
