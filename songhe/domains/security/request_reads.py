"""Reading requests: the list of who handles them, one of them, a person's own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from songhe.base import vault
from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.domains.security import terms
from songhe.domains.security.audit_reads import PERSON, Who, accounts
from songhe.domains.security.models import DataRequest, Erasure
from songhe.domains.security.policies import own_persons
from songhe.domains.security.services import ANSWER, WORDS, NoSuchRequest
from songhe.domains.security.terms import OPEN
from songhe.domains.security.workflow import LIST, MAKE

MOST = 100


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request as the reader may see it. days_left is below zero when it is late."""

    request: DataRequest
    person: PersonView | None
    days_left: int
    is_open: bool
    words: str
    answer: str
    handler: Who | None
    erasure: Erasure | None

    @property
    def is_soon(self) -> bool:
        """Tell whether the deadline is near or over."""
        return self.is_open and self.days_left <= terms.remind_days()


def requests(actor: Actor, *, at: datetime, ended: bool = False) -> list[RequestLine]:
    """Return what is to be handled, the most urgent first; or what has ended, the newest first."""
    rows = policies.scope(actor, DataRequest.objects.all(), LIST)
    if ended:
        found = rows.exclude(state__in=OPEN).order_by("-ended_at", "-id")[:MOST]
    else:
        found = rows.filter(state__in=OPEN).order_by("due_on", "id")[:MOST]
    return _lines(actor, list(found), at=at, is_opened=False)


def request(actor: Actor, request_id: UUID, *, at: datetime, action: str = LIST) -> RequestLine:
    """Return one request with what was said; reading it is audited. Raises NoSuchRequest."""
    rows = policies.scope(actor, DataRequest.objects.all(), action)
    row = rows.filter(pk=request_id).first()
    if row is None:
        raise NoSuchRequest
    audit.record_reads(actor=actor, action=action, refs=[f"{PERSON}/{row.person_id}"], at=at)
    return _lines(actor, [row], at=at, is_opened=True)[0]


def own_requests(actor: Actor, *, at: datetime) -> list[RequestLine]:
    """Return what the account has asked for herself and her wards, the newest first."""
    rows = policies.scope(actor, DataRequest.objects.all(), MAKE)
    return _lines(actor, list(rows.order_by("-made_at")[:MOST]), at=at, is_opened=False)


def own(actor: Actor) -> list[PersonView]:
    """Return for whom the account may ask, herself first; 1 query."""
    ids = own_persons(actor)
    views = people.person_views(actor, ids)
    return [views[pk] for pk in ids if pk in views]


def waiting(actor: Actor, *, at: datetime) -> tuple[int, int]:
    """Return how many open requests are late, and how many are due soon; 1 query."""
    today = timezone.localdate(at)
    rows = policies.scope(actor, DataRequest.objects.filter(state__in=OPEN), LIST)
    dates = list(rows.filter(_due_by(today)).values_list("due_on", flat=True))
    late = sum(day < today for day in dates)
    return late, len(dates) - late


def _due_by(today: date) -> Q:
    return Q(due_on__lte=today + timedelta(days=terms.remind_days()))


def _lines(
    actor: Actor, rows: Iterable[DataRequest], *, at: datetime, is_opened: bool
) -> list[RequestLine]:
    wanted = list(rows)
    persons = people.person_views(actor, {row.person_id for row in wanted})
    handlers = accounts({row.handled_by_id for row in wanted if row.handled_by_id}, at=at)
    erasures = {row.request_id: row for row in Erasure.objects.filter(request__in=wanted)}
    today = timezone.localdate(at)
    return [
        RequestLine(
            request=row,
            person=persons.get(row.person_id),
            days_left=(row.due_on - today).days,
            is_open=row.state in OPEN,
            words=_opened(row, row.words_sealed, WORDS) if is_opened else "",
            answer=_opened(row, row.answer_sealed, ANSWER) if is_opened else "",
            handler=handlers.get(row.handled_by_id) if row.handled_by_id else None,
            erasure=erasures.get(row.pk),
        )
        for row in wanted
    ]


def _opened(row: DataRequest, sealed: bytes | memoryview | None, field: str) -> str:
    return "" if sealed is None else vault.unseal(sealed, field=field, pk=row.pk)
