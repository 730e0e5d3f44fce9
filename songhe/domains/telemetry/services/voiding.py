"""Voiding a reading, hot or sealed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.people import selectors as people
from songhe.domains.telemetry.services import sealing
from songhe.domains.telemetry.services.errors import NoSuchReading, ReasonNeeded
from songhe.domains.telemetry.services.packing import Key
from songhe.domains.telemetry.terms import VOID_READING
from songhe.kernel.errors import Denied
from songhe.kernel.time import from_us
from songhe.kernel.wire import EvidenceKey, SubjectKind

_FIND = """
SELECT subject_kind, person FROM readings(ARRAY[%s], NULL, %s, %s)
 WHERE device = %s AND effective_at = %s AND fingerprint = %s
"""
_VOID = """
INSERT INTO voided_reading (subject_kind, subject, device, effective_at, fingerprint, received_at,
                            codes, vals, flags, person, voided_at, voided_by, voided_by_name,
                            reason)
SELECT r.*, %s, %s, %s, %s FROM readings(ARRAY[%s], NULL, %s, %s) r
 WHERE r.device = %s AND r.effective_at = %s AND r.fingerprint = %s
"""
_DELETE = """
DELETE FROM reading_hot
 WHERE subject = %s AND device = %s AND effective_at = %s AND fingerprint = %s
"""


@transaction.atomic
def void_reading(*, actor: Actor, key: EvidenceKey, reason: str, at: datetime) -> None:
    """Take a reading out of use, with the reason; it is kept among the voided ones.

    Nothing else changes: an alarm that rests on it says that its evidence is gone.
    Raises NoSuchReading, Denied, ReasonNeeded.
    """
    if not reason.strip():
        raise ReasonNeeded(field="reason")
    when = from_us(key.at_us)
    row: Key = (key.subject, key.device, when, int(key.fingerprint))
    there: list[Any] = [key.subject, when, when + timedelta(microseconds=1), *row[1:]]
    sealing.lock_day(when.astimezone(UTC).date())
    with connection.cursor() as cursor:
        cursor.execute(_FIND, there)
        found = cursor.fetchone()
        if found is None:
            raise NoSuchReading
        _may_void(actor, found[0], key.subject, found[1], at=at)
        why: list[Any] = [at, actor.user_id, actor.display_name, reason.strip()]
        cursor.execute(_VOID, [*why, *there])
        if cursor.rowcount != 1:
            raise NoSuchReading
        cursor.execute(_DELETE, row)
    sealing.unseal_reading(row, at=at)
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
