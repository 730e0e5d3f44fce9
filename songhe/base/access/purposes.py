"""Saying for what one looks at persons: with a reason, for some minutes, seen by the auditor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from songhe.base import vault
from songhe.base.access.actor import Actor
from songhe.base.access.models import Statement
from songhe.base.access.roles import Purpose, all_purposes, all_roles
from songhe.base.audit import services as audit
from songhe.kernel.errors import Denied, Invalid
from songhe.kernel.ids import uuid7

STATE = "access.state_purpose"
_REASON = "access.Statement.reason"
SHORTEST = 4


class ReasonMissing(Invalid):
    """A reason that says nothing."""

    code = "access.reason_missing"
    message = "Say in a few words for what you need the names."


@dataclass(frozen=True, slots=True)
class Stated:
    """A purpose that holds now, until a moment."""

    purpose: Purpose
    until: datetime


def open_to(actor: Actor) -> list[Purpose]:
    """Return the purposes that one of the actor's roles knows, in the order of the data."""
    known = {name for held in actor.roles for name in all_roles()[held.role].purposes}
    return [purpose for name, purpose in all_purposes().items() if name in known]


def stated_by(actor: Actor, *, at: datetime) -> list[Stated]:
    """Return what the actor has stated and what holds now (1 query)."""
    rows = Statement.objects.filter(user=actor.user_id, period__contains=at).order_by("period")
    known = all_purposes()
    return [Stated(known[row.purpose], row.period.upper) for row in rows if row.purpose in known]


@transaction.atomic
def state_purpose(*, actor: Actor, purpose: str, reason: str, at: datetime) -> Stated:
    """Open what the actor's roles open for a purpose, for its minutes; anew when it holds already.

    Raises Denied for a purpose of another role, ReasonMissing.
    """
    known = {one.name: one for one in open_to(actor)}
    if actor.user_id is None or not actor.may(STATE) or purpose not in known:
        raise Denied(action=STATE)
    if len(reason.strip()) < SHORTEST:
        raise ReasonMissing(field="reason")
    _end(actor, purpose, at)
    until = at + timedelta(minutes=known[purpose].minutes)
    pk = uuid7()
    Statement.objects.create(
        id=pk,
        user_id=actor.user_id,
        purpose=purpose,
        reason_sealed=vault.seal(reason.strip(), field=_REASON, pk=pk),
        period=DateTimeTZRange(at, until),
    )
    _record(actor, STATE, f"access.Statement/{pk}", purpose, at)
    return Stated(known[purpose], until)


@transaction.atomic
def end_statements(*, actor: Actor, at: datetime) -> int:
    """End what the actor has stated, at once; return how many ended."""
    ended = sum(_end(actor, one.purpose.name, at) for one in stated_by(actor, at=at))
    if ended:
        _record(actor, "access.end_purpose", f"accounts.User/{actor.user_id}", "", at)
    return ended


def _end(actor: Actor, purpose: str, at: datetime) -> int:
    ended = 0
    rows = Statement.objects.select_for_update().filter(
        user=actor.user_id, purpose=purpose, period__contains=at
    )
    for row in rows:
        row.period = DateTimeTZRange(row.period.lower, at)
        row.save(update_fields=["period"])
        ended += 1
    return ended


def _record(actor: Actor, action: str, ref: str, purpose: str, at: datetime) -> None:
    detail = {"purpose": purpose} if purpose else {}
    audit.record_change(actor=actor, action=action, ref=ref, at=at, detail=detail)


def reason_of(row: Statement) -> str:
    """Open the reason of a statement, for who reviews it. Raises VaultClosed."""
    return vault.unseal(row.reason_sealed, field=_REASON, pk=row.pk)
