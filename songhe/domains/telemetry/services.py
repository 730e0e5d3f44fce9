"""Writing beside the gateway: void a reading, replay or put aside a dead letter."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.people import selectors as people
from songhe.domains.telemetry.models import DeadLetter
from songhe.domains.telemetry.selectors.letters import NoSuchLetter
from songhe.domains.telemetry.terms import HANDLE_LETTER, VOID_READING
from songhe.kernel.errors import Conflict, Denied, Invalid, NotFound
from songhe.kernel.time import from_us
from songhe.kernel.wire import CHANNEL_REPLAY, EvidenceKey, SubjectKind


class NoSuchReading(NotFound):
    code = "telemetry.no_such_reading"
    message = "This reading does not exist, or is not open to you."


class ReasonNeeded(Invalid):
    code = "telemetry.reason_needed"
    message = "Please give a reason."


class LetterHandled(Conflict):
    code = "telemetry.letter_handled"
    message = "This message has been dealt with already."


_FIND = """
SELECT subject_kind, person FROM reading_hot
 WHERE subject = %s AND device = %s AND effective_at = %s AND fingerprint = %s
"""
_VOID = """
WITH gone AS (
  DELETE FROM reading_hot
   WHERE subject = %s AND device = %s AND effective_at = %s AND fingerprint = %s
  RETURNING subject_kind, subject, device, effective_at, fingerprint, received_at, codes, vals,
            flags, person
)
INSERT INTO voided_reading (subject_kind, subject, device, effective_at, fingerprint, received_at,
                            codes, vals, flags, person, voided_at, voided_by, voided_by_name,
                            reason)
SELECT gone.*, %s, %s, %s, %s FROM gone
"""


@transaction.atomic
def void_reading(*, actor: Actor, key: EvidenceKey, reason: str, at: datetime) -> None:
    """Take a reading out of use, with the reason; it is kept among the voided ones.

    Nothing else changes: an alarm that rests on it says that its evidence is gone.
    Raises NoSuchReading, Denied, ReasonNeeded.
    """
    if not reason.strip():
        raise ReasonNeeded(field="reason")
    row: tuple[UUID, UUID, datetime, int] = (
        key.subject,
        key.device,
        from_us(key.at_us),
        int(key.fingerprint),
    )
    with connection.cursor() as cursor:
        cursor.execute(_FIND, row)
        found = cursor.fetchone()
        if found is None:
            raise NoSuchReading
        _may_void(actor, found[0], key.subject, found[1], at=at)
        cursor.execute(_VOID, [*row, at, actor.user_id, actor.display_name, reason.strip()])
        if cursor.rowcount != 1:
            raise NoSuchReading
    audit.record_change(
        actor=actor,
        action=VOID_READING,
        ref=f"telemetry.Reading/{key.subject}",
        at=at,
        detail={
            "device": str(key.device),
            "at_us": key.at_us,
            "fingerprint": key.fingerprint,
            "reason": reason.strip(),
        },
    )


def _may_void(
    actor: Actor, subject_kind: int, subject: UUID, person_id: UUID | None, *, at: datetime
) -> None:
    """Raise unless the actor sees the subject and may void there."""
    if actor.is_system:
        return
    if not actor.may(VOID_READING):
        raise Denied(action=VOID_READING)
    if subject_kind == SubjectKind.DEVICE:
        raise NoSuchReading
    who = subject if subject_kind == SubjectKind.PERSON else person_id
    if who is not None:
        region = people.get_person(actor, who, at=at).region_code
    else:
        region = people.region_of(person_id=None, room_id=subject)
    if not actor.covers(VOID_READING, region):
        raise NoSuchReading


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
