"""Keeping the ward: rounds, what tonight should mind, hand-over between shifts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.homecare import terms
from songhe.domains.homecare.handover_reads import NoHandover, sealed_sheet
from songhe.domains.homecare.models import Handover, RiskNote, Round
from songhe.domains.homecare.services.common import author, locked, noted, sealed
from songhe.domains.homecare.terms import Found
from songhe.kernel.errors import Conflict, Denied, Invalid


class BadUntil(Invalid):
    code = "homecare.bad_until"
    message = "Until when it counts lies ahead."


class HandedOverAlready(Conflict):
    code = "homecare.handed_over_already"
    message = "This area was handed over and nobody has taken it yet."


class OwnHandover(Conflict):
    code = "homecare.own_handover"
    message = "Somebody else takes over what you handed over."


@transaction.atomic
def note_round(*, actor: Actor, bed_id: UUID, found: Found, at: datetime, words: str = "") -> Round:
    """Write down a look at a bed. What is not well is said in words. Raises WordsNeeded."""
    bed = locked(actor, terms.KEEP_WARD, bed_id)
    row = Round(bed=bed, at=at, found=found, **author(actor))
    if found != Found.WELL or words.strip():
        row.words_sealed = sealed(words, field=Round.WORDS, pk=row.pk, name="words")
    row.save(force_insert=True)
    noted(actor, terms.KEEP_WARD, bed, at, found=found)
    return row


@transaction.atomic
def add_risk(*, actor: Actor, bed_id: UUID, words: str, until: datetime, at: datetime) -> RiskNote:
    """Say what should be minded at a bed until a moment. Raises BadUntil, WordsNeeded."""
    bed = locked(actor, terms.KEEP_WARD, bed_id)
    if until <= at:
        raise BadUntil(field="until")
    row = RiskNote(bed=bed, made_at=at, until_at=until, **author(actor))
    row.words_sealed = sealed(words, field=RiskNote.WORDS, pk=row.pk, name="words")
    row.save(force_insert=True)
    noted(actor, terms.KEEP_WARD, bed, at, risk=str(row.pk))
    return row


@transaction.atomic
def hand_over(*, actor: Actor, area: str, words: str, at: datetime) -> Handover:
    """Hand the ward of an area (a region code) over, with the sheet of what is open in it now.

    Raises Denied, WordsNeeded, HandedOverAlready.
    """
    if not actor.is_system and not actor.covers(terms.KEEP_WARD, area):
        raise Denied(action=terms.KEEP_WARD)
    row = Handover(
        region_code=area,
        given_at=at,
        given_by=actor.user_id,
        given_by_name=actor.display_name,
    )
    row.words_sealed = sealed(words, field=Handover.WORDS, pk=row.pk, name="words")
    row.sheet_sealed = sealed_sheet(actor, row.pk, area=area, at=at)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise HandedOverAlready from None
    _noted(actor, row, at)
    return row


@transaction.atomic
def take_over(*, actor: Actor, handover_id: UUID, at: datetime) -> Handover:
    """Take an area over, having read what was handed over. Raises NoHandover, OwnHandover."""
    row = Handover.objects.select_for_update().filter(pk=handover_id, taken_at=None).first()
    if row is None or not (actor.is_system or actor.covers(terms.KEEP_WARD, row.region_code)):
        raise NoHandover
    if actor.user_id is not None and actor.user_id == row.given_by:
        raise OwnHandover
    row.taken_at, row.taken_by, row.taken_by_name = at, actor.user_id, actor.display_name
    row.save(update_fields=["taken_at", "taken_by", "taken_by_name"])
    _noted(actor, row, at)
    return row


def _noted(actor: Actor, row: Handover, at: datetime) -> None:
    audit.record_change(
        actor=actor, action=terms.KEEP_WARD, ref=f"homecare.Handover/{row.pk}", at=at
    )
