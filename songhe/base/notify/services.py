"""Telling users: `notify` in the transaction that makes the fact true; reading; what users want."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, time
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.utils.http import url_has_allowed_host_and_scheme

from songhe.base import vault
from songhe.base.access.actor import Actor
from songhe.base.accounts.models import User
from songhe.base.notify import course, plans, sending
from songhe.base.notify.kinds import kind_of
from songhe.base.notify.models import Delivery, Notice, Preference
from songhe.base.notify.own import account_of
from songhe.base.notify.selectors import PARAMS
from songhe.base.notify.terms import Channel, Proof, State
from songhe.kernel.errors import Invalid, NotFound
from songhe.kernel.ids import uuid7
from songhe.kernel.wire import CHANNEL_LIVE, LiveEvent


class NoSuchNotice(NotFound):
    code = "notify.no_such_notice"
    message = "There is no such notice, or it is not yours."


class UnknownLanguage(Invalid):
    code = "notify.unknown_language"
    message = "Choose one of the languages."


def notify(
    *,
    user_ids: Iterable[UUID],
    kind: str,
    params: Mapping[str, Any],
    ref: str,
    at: datetime,
    urgent: bool = False,
    url: str = "",
    person_id: UUID | None = None,
) -> list[UUID]:
    """Tell users of something within the caller's transaction; return the notices' ids.

    kind: a declared one; params: plain values that fill its texts; url: a page of ours to go on
    to; person_id: whose data it speaks of (her erasure empties it). Closed accounts are told
    nothing. Raises KeyError for an unknown kind, ValueError for a url that leads elsewhere or an
    urgent notice of a kind that may not be urgent.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("notify() belongs into the transaction that makes the fact true")
    declared = kind_of(kind)
    if urgent and not declared.urgent:
        raise ValueError(f"a notice of the kind {kind} breaks no quiet hours")
    if url and not (url.startswith("/") and url_has_allowed_host_and_scheme(url, None)):
        raise ValueError("a notice leads to a page of this install")
    chain = plans.chain(declared.urgent if urgent else plans.NORMAL)
    plain = json.dumps(dict(params), ensure_ascii=False)
    wanted = set(user_ids)
    told = User.objects.filter(pk__in=wanted, is_active=True).order_by("pk")
    notices, deliveries = [], []
    for user_id in told.values_list("pk", flat=True):
        pk = uuid7()
        notices.append(
            Notice(
                id=pk,
                user_id=user_id,
                kind=kind,
                params_sealed=vault.seal(plain, field=PARAMS, pk=pk),
                ref=ref,
                person_id=person_id,
                chain=chain.name,
                url=url,
                made_at=at,
                give_up_at=None if chain.give_up is None else at + chain.give_up,
            )
        )
        deliveries += [
            Delivery(notice_id=pk, channel=step.channel, **_begins(step, at))
            for step in chain.steps
            if step.channel in declared.channels
        ]
    Notice.objects.bulk_create(notices)
    Delivery.objects.bulk_create(deliveries)
    for delivery in deliveries:
        if delivery.state == State.QUEUED and delivery.due_at == at + plans.stale():
            sending.order(delivery)
    for notice in notices:
        announce(notice.user_id, notice.pk, at=at)
    return [notice.pk for notice in notices]


def _begins(step: plans.Step, at: datetime) -> dict[str, Any]:
    """Return how a delivery begins; one that is ordered at once is looked after a while later."""
    if step.channel is Channel.PAGE:
        return {"state": State.SENT, "sent_at": at, "due_at": None}
    return {"state": State.QUEUED, "due_at": at + (step.after or plans.stale())}


@transaction.atomic
def amend(*, ref: str, kind: str, params: Mapping[str, Any], at: datetime) -> int:
    """Change what the unread notices about something say; return how many.

    Nobody is told anew and no timer is set back; open pages look again.
    """
    plain = json.dumps(dict(params), ensure_ascii=False)
    rows = Notice.objects.select_for_update().filter(
        ref=ref, kind=kind, read_at=None, params_sealed__isnull=False
    )
    found = list(rows.order_by("pk"))
    for notice in found:
        notice.params_sealed = vault.seal(plain, field=PARAMS, pk=notice.pk)
        announce(notice.user_id, notice.pk, at=at)
    Notice.objects.bulk_update(found, ["params_sealed"])
    return len(found)


def announce(user_id: UUID, notice_id: UUID, *, at: datetime) -> None:
    """Let the user's open pages look at their bell, at commit."""
    event = LiveEvent(
        topics=[f"user:{user_id}"], kind="notice", id=str(notice_id), at=at.isoformat()
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify(%s, %s)", [CHANNEL_LIVE, msgspec.json.encode(event).decode()]
        )


@transaction.atomic
def open_notice(*, actor: Actor, notice_id: UUID, at: datetime) -> Notice:
    """Open one's own notice: it is read, and that is the proof. Raises NoSuchNotice."""
    mine = Notice.objects.select_for_update().filter(user_id=account_of(actor))
    notice = mine.filter(pk=notice_id).first()
    if notice is None:
        raise NoSuchNotice
    _read(notice, at)
    return notice


@transaction.atomic
def read_all(*, actor: Actor, until: datetime, at: datetime) -> int:
    """Mark one's unread notices that were made until then as read; return how many."""
    rows = Notice.objects.select_for_update().filter(
        user_id=account_of(actor), read_at=None, made_at__lte=until
    )
    unread = list(rows.order_by("pk"))
    for notice in unread:
        _read(notice, at)
    return len(unread)


def _read(notice: Notice, at: datetime) -> None:
    if notice.read_at is not None:
        return
    notice.read_at = at
    notice.save(update_fields=["read_at"])
    course.prove(notice, Channel.PAGE, Proof.OPENED, at=at)
    course.spare_waiting(notice)
    announce(notice.user_id, notice.pk, at=at)


@transaction.atomic
def set_preference(
    *, actor: Actor, is_quiet: bool, start: time, end: time, language: str, at: datetime
) -> Preference:
    """Set one's own quiet hours and language; what is held is looked at anew.

    Raises UnknownLanguage.
    """
    if language not in dict(settings.LANGUAGES):
        raise UnknownLanguage(field="language")
    values = {
        "is_quiet": is_quiet,
        "quiet_from": start,
        "quiet_until": end,
        "language": language,
        "changed_at": at,
    }
    row, _ = Preference.objects.update_or_create(user_id=account_of(actor), defaults=values)
    held = Delivery.objects.filter(notice__user_id=account_of(actor), state=State.HELD)
    held.update(due_at=at)
    return row
