"""Requests about personal data: making, taking, answering, refusing, taking back."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from songhe.base import vault
from songhe.base.access import policies
from songhe.base.access import services as access
from songhe.base.access.actor import Actor
from songhe.base.accounts.models import User
from songhe.base.audit import services as audit
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.domains.security import terms
from songhe.domains.security.models import DataRequest
from songhe.domains.security.policies import PERSON, own_persons
from songhe.domains.security.terms import RequestChannel, RequestKind
from songhe.domains.security.workflow import HANDLE, MAKE, RECORD, REQUEST_LIFE
from songhe.kernel.errors import Conflict, Denied, Invalid, NotFound
from songhe.kernel.ids import uuid7

WORDS, ANSWER = "security.DataRequest.words", "security.DataRequest.answer"
PURPOSE = "request"
NEEDS_WORDS = frozenset({RequestKind.CORRECTION, RequestKind.EXPLANATION, RequestKind.WITHDRAWAL})
LONGEST = 2000


class NoSuchRequest(NotFound):
    code = "security.no_such_request"
    message = "This request does not exist, or is not open to you."


class OpenAlready(Conflict):
    code = "security.request_open_already"
    message = "The same was asked before and is being handled."


class NotHerOwn(Denied):
    code = "security.not_her_own"
    message = "Only the person herself or her guardian can ask this here."


class SayWhat(Invalid):
    code = "security.say_what"
    message = "Say in a few words what it is about."


class GiveReason(Invalid):
    code = "security.give_reason"
    message = "Give the reason: the person has a right to know it (PIPL Art. 50)."


class EraseFirst(Conflict):
    code = "security.erase_first"
    message = "A request for erasure is done when the data are erased."


def locked(actor: Actor, action: str, request_id: UUID) -> DataRequest:
    """Return a request with its row locked. Raises NoSuchRequest outside the scope."""
    rows = policies.scope(actor, DataRequest.objects.select_for_update(of=("self",)), action)
    row = rows.filter(pk=request_id).select_related("person").first()
    if row is None:
        raise NoSuchRequest
    return row


def _new(
    actor: Actor, person: PersonView, kind: str, channel: str, words: str, at: datetime
) -> DataRequest:
    said = words.strip()[:LONGEST]
    if kind in NEEDS_WORDS and not said:
        raise SayWhat(field="words")
    pk = uuid7()
    due_on = terms.due_on(kind, at)
    row = DataRequest(
        id=pk,
        person_id=person.id,
        region_code=person.region_code,
        kind=kind,
        channel=channel,
        words_sealed=vault.seal(said, field=WORDS, pk=pk) if said else None,
        made_at=at,
        made_by_id=actor.user_id,
        due_on=due_on,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise OpenAlready from None
    return row


@transaction.atomic
def make_request(
    *, actor: Actor, person_id: UUID, kind: str, at: datetime, words: str = ""
) -> DataRequest:
    """Ask for oneself or as guardian; a copy is there at once.

    Raises NotHerOwn, SayWhat, OpenAlready.
    """
    if person_id not in own_persons(actor):
        raise NotHerOwn
    person = people.choose_person(actor, people.VIEW, person_id)
    row = _new(actor, person, kind, RequestChannel.APP, words, at)
    audit.record_change(
        actor=actor,
        action="security.make_request",
        ref=f"{PERSON}/{person_id}",
        at=at,
        detail={"request": str(row.pk), "kind": kind},
    )
    if kind == RequestKind.COPY:
        REQUEST_LIFE.advance(row, "serve", actor=actor, at=at, changes={"ended_at": at})
    return row


@transaction.atomic
def record_request(
    *, actor: Actor, person_id: UUID, kind: str, channel: str, at: datetime, words: str = ""
) -> DataRequest:
    """Enter what a person asked on paper, in person or by telephone.

    Raises NoSuchPerson, SayWhat, OpenAlready.
    """
    person = people.choose_person(actor, RECORD, person_id)
    row = _new(actor, person, kind, channel, words, at)
    audit.record_change(
        actor=actor,
        action="security.record_request",
        ref=f"{PERSON}/{person_id}",
        at=at,
        detail={"request": str(row.pk), "kind": kind, "channel": channel},
    )
    return row


@transaction.atomic
def take(*, actor: Actor, request_id: UUID, at: datetime) -> DataRequest:
    """Begin to handle a request; who does may know whom it is from and how to reach her."""
    row = locked(actor, HANDLE, request_id)
    REQUEST_LIFE.advance(row, "take", actor=actor, at=at, changes={"handled_by_id": actor.user_id})
    if actor.user_id is not None:
        access.grant(
            actor=actor,
            user=User.objects.get(pk=actor.user_id),
            subject_type=PERSON,
            subject_id=row.person_id,
            purpose=PURPOSE,
            field_classes=("identity", "contact"),
            source=row.source,
            at=at,
            until=at + timedelta(days=2 * terms.deadline(row.kind).days),
        )
    return row


@transaction.atomic
def finish(*, actor: Actor, request_id: UUID, answer: str, at: datetime) -> DataRequest:
    """Answer a request. Raises SayWhat, EraseFirst."""
    row = locked(actor, HANDLE, request_id)
    if row.kind == RequestKind.ERASURE:
        raise EraseFirst
    if not answer.strip() and row.kind != RequestKind.COPY:
        raise SayWhat(field="answer")
    return end(actor, row, "finish", answer, at)


@transaction.atomic
def refuse(*, actor: Actor, request_id: UUID, reason: str, at: datetime) -> DataRequest:
    """Refuse a request with a reason that the person reads. Raises GiveReason."""
    row = locked(actor, HANDLE, request_id)
    if not reason.strip():
        raise GiveReason(field="reason")
    return end(actor, row, "refuse", reason, at)


@transaction.atomic
def take_back(*, actor: Actor, request_id: UUID, at: datetime) -> DataRequest:
    """Take one's own request back."""
    row = locked(actor, MAKE, request_id)
    return end(actor, row, "take_back", "", at)


def end(actor: Actor, row: DataRequest, step: str, answer: str, at: datetime) -> DataRequest:
    """End a locked request by a step; the grants of who handled it end with it."""
    said = answer.strip()[:LONGEST]
    changes = {
        "ended_at": at,
        "answer_sealed": vault.seal(said, field=ANSWER, pk=row.pk) if said else None,
    }
    REQUEST_LIFE.advance(row, step, actor=actor, at=at, changes=changes)
    access.end_grants(actor=actor, source=row.source, at=at)
    return row
