"""What people say of a service: rated once, complained about, answered by a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from songhe.base import vault
from songhe.base.access import giving, policies
from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.base.audit import services as audit
from songhe.base.notify import services as notify
from songhe.base.regions.days import day_of
from songhe.domains.dispatch import notices, telling, terms
from songhe.domains.dispatch.models import Complaint, Order, Rating
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.selectors import NoSuchOrder
from songhe.domains.dispatch.services import orders
from songhe.domains.dispatch.services.telling_people import own_page, ref_of
from songhe.domains.dispatch.terms import About, ComplaintState, Face, OrderState
from songhe.domains.dispatch.workflow import COMPLAINT_LIFE
from songhe.kernel.errors import Conflict, Denied, Invalid


class RatedAlready(Conflict):
    code = "dispatch.rated_already"
    message = "Thank you, this service has been rated already."


class NotOverYet(Conflict):
    code = "dispatch.not_over_yet"
    message = "This service is not over yet."


class OpenAlready(Conflict):
    code = "dispatch.complaint_open"
    message = "A complaint about this service is being looked into already."


class WordsNeeded(Invalid):
    code = "dispatch.words_needed"
    message = "Please say in a few words what was wrong."


def _own(actor: Actor, order_id: UUID) -> Order:
    """Return an order of the actor's own people, locked. Raises NoSuchOrder, Denied."""
    rows = Order.objects.select_for_update(of=("self",))
    order = policies.scope(actor, rows, terms.VIEW).filter(pk=order_id).first()
    if order is None:
        raise NoSuchOrder
    mine = {
        held.subject_id
        for held in actor.grants
        if held.subject_type == "people.Person" and held.purpose in ("self", "guardian", "family")
    }
    if not (actor.may(terms.ASK) and order.person_id in mine):
        raise Denied
    return order


@transaction.atomic
def rate_order(
    *, actor: Actor, order_id: UUID, face: Face, at: datetime, words: str = ""
) -> Rating:
    """Say how a service was; the order is closed with it. Raises NotOverYet, RatedAlready."""
    order = _own(actor, order_id)
    if order.state not in (OrderState.DONE, OrderState.CLOSED, OrderState.FAILED):
        raise NotOverYet
    row = Rating(order=order, face=face, told_at=at, told_by=actor.user_id)
    if words.strip():
        row.words_sealed = vault.seal(words.strip()[:1000], field=Rating.WORDS, pk=row.pk)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise RatedAlready from None
    if order.state == OrderState.DONE:
        orders.close(order, at=at)
    telling.announce(order, at=at)
    return row


@transaction.atomic
def complain(*, actor: Actor, order_id: UUID, about: About, words: str, at: datetime) -> Complaint:
    """Complain about a service; the provider answers by a day. Raises WordsNeeded, OpenAlready."""
    order = _own(actor, order_id)
    if not words.strip():
        raise WordsNeeded(field="words")
    row = Complaint(
        order=order,
        about=about,
        answer_by=day_of(at) + timedelta(days=params()["complaint"]["answer_days"]),
        told_at=at,
        told_by=actor.user_id,
    )
    row.words_sealed = vault.seal(words.strip()[:2000], field=Complaint.WORDS, pk=row.pk)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise OpenAlready from None
    audit.record_change(actor=actor, action=terms.ASK, ref=f"dispatch.Complaint/{row.pk}", at=at)
    _tell_who_answers(row, notices.COMPLAINED, at=at)
    telling.announce(order, at=at)
    return row


@transaction.atomic
def answer_complaint(*, actor: Actor, complaint_id: UUID, answer: str, at: datetime) -> Complaint:
    """Answer a complaint; who complained is told. Raises NoSuchOrder, WordsNeeded, WrongState."""
    row = (
        Complaint.objects.select_for_update(of=("self",))
        .select_related("order")
        .filter(pk=complaint_id)
        .first()
    )
    if row is None or not policies.can(actor, terms.ANSWER, row.order):
        raise NoSuchOrder
    if not answer.strip():
        raise WordsNeeded(field="answer")
    COMPLAINT_LIFE.advance(
        row,
        "answer",
        actor=actor,
        at=at,
        changes={
            "answered_at": at,
            "answered_by_name": actor.display_name,
            "answer_sealed": vault.seal(answer.strip()[:2000], field=Complaint.ANSWER, pk=row.pk),
        },
    )
    if row.told_by is not None:
        notify.notify(
            user_ids=[row.told_by],
            kind=notices.COMPLAINT_ANSWERED,
            params={},
            ref=ref_of(row.order),
            at=at,
            url=own_page(row.order),
        )
    return row


@transaction.atomic
def tell_overdue(*, at: datetime) -> int:
    """Tell who answers, and who complained, once, that a day passed without an answer.

    Returns how many complaints were told of.
    """
    late = overdue(at=at)
    told = 0
    for row in Complaint.objects.select_for_update(of=("self",)).filter(
        pk__in=[one.pk for one in late], state=ComplaintState.OPEN
    ):
        if row.overdue_told_on == row.answer_by:
            continue
        _tell_who_answers(row, notices.COMPLAINT_OVERDUE, at=at)
        if row.told_by is not None:
            notify.notify(
                user_ids=[row.told_by],
                kind=notices.NO_ANSWER,
                params={"day": row.answer_by.isoformat()},
                ref=ref_of(row.order),
                at=at,
                url=own_page(row.order),
            )
        row.overdue_told_on = row.answer_by
        row.save(update_fields=["overdue_told_on"])
        told += 1
    return told


def _tell_who_answers(row: Complaint, kind: str, *, at: datetime) -> None:
    order = row.order
    with lifted():
        notify.notify(
            user_ids=giving.who_may(
                terms.ANSWER,
                region_code=order.region_code,
                organization_id=order.organization_id,
                at=at,
            ),
            kind=kind,
            params={"day": row.answer_by.isoformat()},
            ref=ref_of(order),
            at=at,
            url=f"/complaints/{row.pk}/",
        )


def overdue(*, at: datetime) -> list[Complaint]:
    """Return the complaints whose day has passed without an answer, the oldest first."""
    rows = Complaint.objects.filter(state=ComplaintState.OPEN, answer_by__lt=day_of(at))
    return list(rows.select_related("order").order_by("answer_by"))
