"""Reading notices: one's own, how many are unread, and who was told of something, when and how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from songhe.base import vault
from songhe.base.access.actor import Actor
from songhe.base.notify.models import Delivery, Notice, Preference, PushSubscription
from songhe.base.notify.own import account_of
from songhe.base.notify.terms import Channel

MOST_COUNTED = 99
PARAMS = "notify.Notice.params"


@dataclass(frozen=True, slots=True)
class Told:
    """One delivery of a notice about something. reason: why it failed or was not needed."""

    notice_id: UUID
    user_id: UUID
    user_name: str
    kind: str
    channel: str
    state: str
    made_at: datetime
    sent_at: datetime | None
    proof: str
    proven_at: datetime | None
    reason: str
    due_at: datetime | None


def unread_count(actor: Actor) -> int:
    """Return how many notices of the actor are unread, at most one more than 99; 1 query."""
    rows = Notice.objects.filter(user_id=account_of(actor), read_at=None)
    return rows[: MOST_COUNTED + 1].count()


def notices_of(actor: Actor, *, only_unread: bool = False) -> QuerySet[Notice]:
    """Return the actor's own notices, newest first."""
    rows = Notice.objects.filter(user_id=account_of(actor)).order_by("-made_at", "-id")
    return rows.filter(read_at=None) if only_unread else rows


def params_of(notice: Notice) -> Mapping[str, Any]:
    """Return what fills a notice's texts, empty where it was erased."""
    if notice.params_sealed is None:
        return {}
    plain = vault.unseal(notice.params_sealed, field=PARAMS, pk=notice.pk)
    found: Mapping[str, Any] = json.loads(plain)
    return found


def deliveries_of(ref: str) -> list[Told]:
    """Return who was told of something, when, how, and with which proof, in order; 1 query.

    Whoever calls has asked whether the actor may see what the reference names.
    """
    rows = Delivery.objects.filter(notice__ref=ref).select_related("notice", "notice__user")
    return [_told(row) for row in rows.order_by("notice__made_at", "notice_id", "id")]


def deliveries_of_notice(notice: Notice) -> list[Told]:
    """Return how one notice was delivered; 1 query. The caller has opened the notice."""
    rows = Delivery.objects.filter(notice=notice).select_related("notice", "notice__user")
    return [_told(row) for row in rows.order_by("id")]


def _told(row: Delivery) -> Told:
    return Told(
        notice_id=row.notice_id,
        user_id=row.notice.user_id,
        user_name=row.notice.user.display_name,
        kind=row.notice.kind,
        channel=Channel(row.channel),
        state=row.state,
        made_at=row.notice.made_at,
        sent_at=row.sent_at,
        proof=row.proof,
        proven_at=row.proven_at,
        reason=row.reason,
        due_at=row.due_at,
    )


def preference_of(actor: Actor) -> Preference | None:
    """Return what the actor set, None where nothing."""
    return Preference.objects.filter(user_id=account_of(actor)).first()


def browsers_of(actor: Actor) -> list[PushSubscription]:
    """Return the browsers in which the actor is told."""
    return list(
        PushSubscription.objects.filter(user_id=account_of(actor)).order_by("-seen_at", "-id")
    )
