"""Who looked at a person's data, told to herself: when, who and why, a month at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Count, Max
from django.db.models.functions import TruncDate
from django.utils import timezone

from songhe.base.access.actor import Actor
from songhe.base.accounts.models import User
from songhe.base.audit import services as audit
from songhe.base.audit.models import AuditEntry
from songhe.base.consent.acting import acts_for
from songhe.base.consent.terms import SELF
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.domains.security.audit_reads import PERSON
from songhe.domains.security.audit_words import action_words, why_words
from songhe.kernel.errors import NotFound

VIEW = "security.view_own_looks"
DAYS = 30
EARLIEST = date(2000, 1, 1)
MOST = 400


class NobodysData(NotFound):
    code = "security.nobodys_data"
    message = "This account is tied to no person whose data could be shown."


@dataclass(frozen=True, slots=True)
class Look:
    """What one account did on one day, in words. times: how often; last_at: the last time."""

    who: str
    post: str
    what: str
    why: str
    is_change: bool
    times: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    looks: list[Look]


@dataclass(frozen=True, slots=True)
class Looks:
    """A month. others: how many accounts besides her own; own: how often she looked herself."""

    person: PersonView
    is_own: bool
    days: list[Day]
    others: int
    own: int
    since: date
    until: date
    earlier: date | None
    later: date | None


def whose(actor: Actor) -> tuple[UUID, bool]:
    """Return whose data the account may ask about, and whether it is her own account.

    Her own by consent's word, else a ward's. Another person who is open to her is not hers to ask
    about. Raises NobodysData.
    """
    acts = acts_for(actor)
    own = [pk for pk, how in acts.items() if how == SELF]
    if own or acts:
        return (own[0], True) if own else (next(iter(acts)), False)
    raise NobodysData


def looks(actor: Actor, *, at: datetime, until: date | None = None) -> Looks:
    """Return who looked at the actor's own data in the 30 days up to a day; audited; 5 queries."""
    person_id, is_own = whose(actor)
    person = people.choose_person(actor, people.VIEW, person_id)
    today = timezone.localdate(at)
    last = min(until if until and until > EARLIEST else today, today)
    first = last - timedelta(days=DAYS - 1)
    ref = f"{PERSON}/{person_id}"
    rows = AuditEntry.objects.filter(
        ref=ref, kind__in=("read", "change"), at__gte=_start(first), at__lt=_start(last, 1)
    )
    found = list(
        rows.annotate(day=TruncDate("at"))
        .values("day", "user_id", "action", "purpose", "kind")
        .annotate(times=Count("id"), last_at=Max("at"))
        .order_by("-day", "-last_at")[:MOST]
    )
    earlier = AuditEntry.objects.filter(ref=ref, at__lt=_start(first)).exists()
    audit.record_reads(actor=actor, action=VIEW, refs=[ref], at=at)
    others = [row for row in found if row["user_id"] != actor.user_id]
    return Looks(
        person=person,
        is_own=is_own,
        days=_days(others, at),
        others=len({row["user_id"] for row in others}),
        own=sum(row["times"] for row in found if row["user_id"] == actor.user_id),
        since=first,
        until=last,
        earlier=first - timedelta(days=1) if earlier else None,
        later=last + timedelta(days=DAYS) if last < today else None,
    )


def _start(day: date, more: int = 0) -> datetime:
    midnight = datetime.combine(day + timedelta(days=more), datetime.min.time())
    return timezone.make_aware(midnight)


def _days(rows: Sequence[dict[str, Any]], at: datetime) -> list[Day]:
    ids = {row["user_id"] for row in rows if row["user_id"]}
    names = dict(User.objects.filter(pk__in=ids).values_list("pk", "display_name"))
    posts = organizations.posts_of(ids, at=at)
    return [
        Day(
            day,
            [
                Look(
                    who=names.get(row["user_id"], ""),
                    post=posts.get(row["user_id"], ""),
                    what=action_words(row["action"]),
                    why=why_words(row["action"], row["purpose"]),
                    is_change=row["kind"] == "change",
                    times=row["times"],
                    last_at=row["last_at"],
                )
                for row in of_day
            ],
        )
        for day, of_day in groupby(rows, key=lambda row: row["day"])
    ]
