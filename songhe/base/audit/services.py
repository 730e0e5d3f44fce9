"""Writing the audit trail. A change is written in the changing transaction, a read beside it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from songhe.base.audit.models import AuditEntry
from songhe.base.database.copying import copy_in

if TYPE_CHECKING:
    from songhe.base.access.actor import Actor


def _purpose(actor: Actor, ref: str) -> str:
    """Return the purpose of the grant by which the actor comes to this, else what was stated."""
    for held in actor.grants:
        if ref == f"{held.subject_type}/{held.subject_id}":
            return held.purpose
    return ",".join(sorted(actor.purposes))


def _entry(
    kind: AuditEntry.Kind,
    actor: Actor,
    action: str,
    ref: str,
    at: datetime,
    detail: dict[str, Any],
    purpose: str = "",
) -> AuditEntry:
    return AuditEntry(
        purpose=(purpose or _purpose(actor, ref))[:32],
        at=at,
        kind=kind,
        user_id=actor.user_id,
        action=action,
        ref=ref,
        request_id=actor.request_id,
        detail=detail | _by(actor),
    )


def _by(actor: Actor) -> dict[str, str]:
    """Return by what it was done where that was no browser: the system, or a machine's key."""
    if actor.is_system:
        return {"by": "system"}
    return {"key": str(actor.key_id)} if actor.key_id is not None else {}


def record_change(
    *, actor: Actor, action: str, ref: str, at: datetime, detail: dict[str, Any] | None = None
) -> None:
    """Record a change within the transaction that makes it."""
    _entry(AuditEntry.Kind.CHANGE, actor, action, ref, at, detail or {}).save(force_insert=True)


def record_changes(
    *, actor: Actor, changes: Iterable[tuple[str, str, datetime, dict[str, Any]]]
) -> None:
    """Record many changes (action, ref, at, detail) within the transaction that makes them."""
    copy_in(
        AuditEntry,
        [
            _entry(AuditEntry.Kind.CHANGE, actor, action, ref, at, detail)
            for action, ref, at, detail in changes
        ],
    )


def record_reads(
    *, actor: Actor, action: str, refs: Iterable[str], at: datetime, purpose: str = ""
) -> None:
    """Record that personal data was read; one row a person. The system's own reads are not.

    purpose: what the actor stated; otherwise that of the grant which opens the person.
    """
    if actor.is_system:
        return
    AuditEntry.objects.bulk_create(
        [_entry(AuditEntry.Kind.READ, actor, action, ref, at, {}, purpose) for ref in refs]
    )


def record_refusal(*, actor: Actor, action: str, path: str, code: str, at: datetime) -> None:
    """Record a refusal, with the difference that the answer hides (denied or not found)."""
    _entry(AuditEntry.Kind.REFUSED, actor, action, "", at, {"path": path[:200], "code": code}).save(
        force_insert=True
    )
