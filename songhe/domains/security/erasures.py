"""Erasing at a person's request: planned, asked for, done by a job, proven and certified.

Everything of it is one transaction: rows, key, search, certificate. Where the search finds a word
of the person anywhere, nothing of it stands, and who handles the request is told where.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from songhe.base.access import policies
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.audit import proof, signing
from songhe.base.audit import services as audit
from songhe.base.retention import holds
from songhe.base.subjects import erasing, tables
from songhe.base.subjects.erasing import Line
from songhe.domains.devices import selectors as devices
from songhe.domains.devices import services as binding
from songhe.domains.security import services
from songhe.domains.security.models import DataRequest, Erasure
from songhe.domains.security.policies import PERSON
from songhe.domains.security.services import NoSuchRequest
from songhe.domains.security.terms import OPEN, RequestKind, RequestState
from songhe.domains.security.workflow import HANDLE
from songhe.kernel.errors import Conflict

_DONE = "finish"


class TakeFirst(Conflict):
    code = "security.take_first"
    message = "Take the request first; then its data can be erased."


class Runs(Conflict):
    code = "security.erasure_runs"
    message = "The erasure was asked for already."


class SomethingLeft(Exception):
    """A word of the person was found after erasing; the transaction is taken back."""

    def __init__(self, found: erasing.Search) -> None:
        super().__init__("words are left")
        self.found = found


@dataclass(frozen=True, slots=True)
class Plan:
    """What erasing would do. never: what no erasure touches, with the reason.

    hold: the paper and the day of a legal hold that forbids it now.
    """

    lines: list[Line]
    kept_until: datetime | None
    never: dict[str, dict[str, str]]
    hold: tuple[str, datetime] | None = None


def plan_of(actor: Actor, request: DataRequest, *, at: datetime) -> Plan:
    """Return what erasing would do for a request that the actor may handle."""
    policies.authorise(actor, HANDLE, request)
    kept = [one for one in erasing.duties_of(request.person_id) if one.until > at]
    until = max((one.until for one in kept), default=None)
    lines = erasing.plan(request.person_id, at=at)
    hold = holds.over(request.person_id, tables=touched(lines), at=at)
    said = (holds.paper_of(hold), hold.period.lower) if hold else None
    return Plan(lines, until, tables.never(), said)


def touched(lines: list[Line]) -> set[str]:
    """Return the tables of a plan in which something would go."""
    return {line.table for line in lines if line.way != "keep"}


def _check_holds(person_id: UUID, at: datetime) -> None:
    """Raise Held where a legal hold keeps the person."""
    holds.check(person_id, tables=touched(erasing.plan(person_id, at=at)), at=at)


@transaction.atomic
def ask_erasure(
    *, actor: Actor, request_id: UUID, at: datetime, defer: Callable[[UUID], object]
) -> Erasure:
    """Let a taken request's data be erased by the job.

    Raises TakeFirst, Runs, NoSuchRequest, Held.
    """
    row = services.locked(actor, HANDLE, request_id)
    if row.kind != RequestKind.ERASURE:
        raise NoSuchRequest
    if row.state != RequestState.WORKING:
        raise TakeFirst
    _check_holds(row.person_id, at)
    before = Erasure.objects.filter(request=row).first()
    if before is not None and before.state != Erasure.State.FAILED:
        raise Runs
    erasure, _made = Erasure.objects.update_or_create(
        request=row,
        defaults={
            "state": Erasure.State.ASKED,
            "asked_at": at,
            "asked_by_id": actor.user_id,
            "found": {},
        },
    )
    audit.record_change(
        actor=actor,
        action="security.erase_person",
        ref=f"{PERSON}/{row.person_id}",
        at=at,
        detail={"request": str(row.pk)},
    )
    defer(erasure.pk)
    return erasure


def run_erasure(*, erasure_id: UUID, at: datetime) -> Erasure:
    """Erase what was asked for; certify it, or say where something would have been left."""
    row = Erasure.objects.select_related("request").get(pk=erasure_id)
    if row.state == Erasure.State.DONE:
        return row
    try:
        with transaction.atomic():
            _erase(row, at)
    except SomethingLeft as error:
        left = [{"table": t, "column": c, "rows": n} for t, c, n in error.found.left]
        Erasure.objects.filter(pk=row.pk).update(
            state=Erasure.State.FAILED, found={"left": left}, ended_at=at
        )
    except holds.Held:  # placed since it was asked for
        Erasure.objects.filter(pk=row.pk).update(
            state=Erasure.State.FAILED, found={"held": True}, ended_at=at
        )
    row.refresh_from_db()
    return row


def erase_due(*, at: datetime) -> int:
    """Erase what a duty had kept and keeps no longer; return for how many persons.

    Who is held waits until the hold is over.
    """
    rows = Erasure.objects.filter(state=Erasure.State.DONE, kept_until__lte=at)
    found = list(rows.select_related("request")[:100])
    due = [row for row in found if not _is_held(row.request.person_id, at)]
    for row in due:
        Erasure.objects.filter(pk=row.pk).update(state=Erasure.State.RUNNING)
        run_erasure(erasure_id=row.pk, at=at)
    return len(due)


def _is_held(person_id: UUID, at: datetime) -> bool:
    tables_of = touched(erasing.plan(person_id, at=at))
    return holds.over(person_id, tables=tables_of, at=at) is not None


def _erase(row: Erasure, at: datetime) -> None:
    request = DataRequest.objects.select_for_update().get(pk=row.request_id)
    person_id = request.person_id
    _check_holds(person_id, at)
    words = erasing.words_of(person_id)
    kept = [one for one in erasing.duties_of(person_id) if one.until > at]
    unbind(person_id, at)
    lines = erasing.erase(person_id, words, at=at)
    leave = {name for one in kept for name in one.duty.keeps}
    found = erasing.search(words, kept=leave)
    if found.left:
        raise SomethingLeft(found)
    certificate = {
        "what": "songhe erasure certificate",
        "request": str(request.pk),
        "person": str(person_id),
        "at": proof.moment(at),
        "tables": [[line.table, line.way, line.rows] for line in lines],
        "kept_until": {one.duty.name: proof.moment(one.until) for one in kept},
        "searched": {"columns": found.columns, "words": found.words, "left": 0},
        "key_destroyed": True,
    }
    text = proof.canonical(certificate)
    Erasure.objects.filter(pk=row.pk).update(
        state=Erasure.State.DONE,
        ended_at=at,
        certificate=text.decode(),
        signature=signing.sign(text),
        key=signing.public_key(),
        kept_until=max((one.until for one in kept), default=None),
    )
    if request.state in OPEN:
        services.end(SYSTEM, request, _DONE, "", at)
    audit.record_change(
        actor=SYSTEM,
        action="security.erase_person",
        ref=f"{PERSON}/{person_id}",
        at=at,
        detail={"request": str(request.pk), "done": True, "restricted": bool(kept)},
    )


def unbind(person_id: UUID, at: datetime) -> None:
    """End the bindings of her devices, so that nothing is measured of her any more."""
    homes = tables.sets_of(person_id)["homes"]
    for home_id in homes or [None]:
        for line in devices.devices_of(person_id=person_id, home_id=home_id, at=at):
            binding.unbind_device(actor=SYSTEM, device_id=line.device.pk, at=at)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate as it reads. is_right: its signature is of the install's key."""

    said: dict[str, object]
    lines: list[tuple[str, str, int]]
    signature: str
    key: str
    is_right: bool


def certificate_of(erasure: Erasure) -> Certificate:
    """Return the certificate of a finished erasure, its signature checked."""
    said = json.loads(erasure.certificate)
    return Certificate(
        said,
        [tuple(line) for line in said["tables"]],
        erasure.signature,
        proof.fingerprint(erasure.key),
        proof.is_signed(erasure.certificate.encode(), erasure.signature, erasure.key),
    )
