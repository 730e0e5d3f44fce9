"""A person calls for help on her own page: a finding of the rule `sos`, as a button's, that waits.

The press counts at once and rings by itself when its seconds are over: a phone that goes dark then
takes nothing back.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.database import locks
from songhe.domains.monitoring.models import Finding
from songhe.domains.monitoring.own_calls import BY_HERSELF, GRACE, RULE, own_calls, waiting
from songhe.domains.monitoring.terms import CALL
from songhe.kernel import ids
from songhe.kernel.detectors.rules import catalogue, spec
from songhe.kernel.errors import Conflict, Denied
from songhe.kernel.time import to_us
from songhe.kernel.wire import CHANNEL_FINDING, SubjectKind


class RungAlready(Conflict):
    code = "monitoring.rung_already"
    message = "It has rung already. Say to who calls you that you are well."


@transaction.atomic
def call_for_help(*, actor: Actor, at: datetime) -> None:
    """Let the actor's own call ring in five seconds; while one waits, another press is the same.

    Raises Denied for an account that is not a person's own.
    """
    person_id = _herself(actor)
    locks.hold(f"call {person_id}")
    if own_calls([person_id]).filter(waiting(at), handled_at=None).exists():
        return
    row = spec(RULE)
    version = f"{row.id}@{catalogue().version}"
    Finding.objects.create(
        id=ids.derived(row.id, version, person_id, to_us(at), "own page"),
        rule=row.id,
        rule_version=version,
        phase="raised",
        level=row.level,
        subject_kind=SubjectKind.PERSON,
        subject=person_id,
        person=person_id,
        onset_at=at,
        decided_at=at,
        summary={"count": 1, "by": BY_HERSELF, "rings_us": to_us(at + GRACE)},
        evidence=[],
        params=row.params | {"status": row.status, "source": row.source},
    )
    _noted(actor, CALL, person_id, at)


@transaction.atomic
def ring_now(*, actor: Actor, at: datetime) -> None:
    """Let the call that waits ring at once; nothing happens where it rings already."""
    person_id = _herself(actor)
    finding = _held(person_id, at)
    if finding is not None:
        finding.summary = finding.summary | {"rings_us": to_us(at)}
        finding.save(update_fields=["summary"])
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL_FINDING])


@transaction.atomic
def take_back_call(*, actor: Actor, at: datetime) -> None:
    """Take back the call that waits: it stays written and never rings. Raises RungAlready."""
    person_id = _herself(actor)
    finding = _held(person_id, at)
    if finding is None:
        raise RungAlready
    finding.summary = finding.summary | {"taken_back": True}
    finding.handled_at = at
    finding.save(update_fields=["summary", "handled_at"])
    _noted(actor, "monitoring.take_back_call", person_id, at)


def _held(person_id: UUID, at: datetime) -> Finding | None:
    rows = own_calls([person_id]).select_for_update().filter(waiting(at), handled_at=None)
    return rows.order_by("-onset_at").first()


def _herself(actor: Actor) -> UUID:
    own = [
        held.subject_id
        for held in actor.grants
        if held.subject_type == "people.Person" and held.purpose == "self"
    ]
    if len(own) != 1 or not actor.may(CALL):
        raise Denied(action=CALL)
    return own[0]


def _noted(actor: Actor, action: str, person_id: UUID, at: datetime) -> None:
    audit.record_change(
        actor=actor, action=action, ref=f"people.Person/{person_id}", at=at, detail={}
    )
