"""Replaying a dead letter, or putting it aside."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.telemetry.models import DeadLetter
from songhe.domains.telemetry.selectors.letters import NoSuchLetter
from songhe.domains.telemetry.services.errors import LetterHandled, ReasonNeeded
from songhe.domains.telemetry.terms import HANDLE_LETTER
from songhe.kernel.wire import CHANNEL_REPLAY


def _locked(actor: Actor, letter_id: UUID) -> DeadLetter:
    rows = policies.scope(actor, DeadLetter.objects.all(), HANDLE_LETTER).filter(pk=letter_id)
    if not rows.exists():
        raise NoSuchLetter
    letter = DeadLetter.objects.select_for_update().defer("payload").get(pk=letter_id)
    policies.authorise(actor, HANDLE_LETTER, letter)
    return letter


@transaction.atomic
def replay_letter(*, actor: Actor, letter_id: UUID, at: datetime) -> DeadLetter:
    """Ask the gateway to take a message again. Raises NoSuchLetter, Denied, LetterHandled."""
    letter = _locked(actor, letter_id)
    if letter.state not in {DeadLetter.State.NEW, DeadLetter.State.DISMISSED}:
        raise LetterHandled
    letter.state = DeadLetter.State.REPLAY
    letter.handled_at, letter.handled_by = at, actor.user_id
    letter.save(update_fields=["state", "handled_at", "handled_by"])
    _record(actor, "telemetry.replay_dead_letter", letter, at, "")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL_REPLAY, str(letter.pk)])
    return letter


@transaction.atomic
def dismiss_letter(*, actor: Actor, letter_id: UUID, reason: str, at: datetime) -> DeadLetter:
    """Put a message aside, with the reason. Raises NoSuchLetter, Denied, LetterHandled."""
    letter = _locked(actor, letter_id)
    if not reason.strip():
        raise ReasonNeeded(field="reason")
    if letter.state != DeadLetter.State.NEW:
        raise LetterHandled
    letter.state = DeadLetter.State.DISMISSED
    letter.handled_at, letter.handled_by, letter.handled_note = at, actor.user_id, reason.strip()
    letter.save(update_fields=["state", "handled_at", "handled_by", "handled_note"])
    _record(actor, "telemetry.dismiss_dead_letter", letter, at, reason.strip())
    return letter


def _record(actor: Actor, action: str, letter: DeadLetter, at: datetime, reason: str) -> None:
    audit.record_change(
        actor=actor,
        action=action,
        ref=f"telemetry.DeadLetter/{letter.pk}",
        at=at,
        detail={"reason": reason} if reason else {},
    )
