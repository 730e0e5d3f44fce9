"""Builders for tests and the demo county: a service centre with workers, and what phones tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from songhe.base.access import services as access
from songhe.base.access.actor import Actor
from songhe.base.accounts.models import User
from songhe.domains.dispatch import services, terms
from songhe.domains.dispatch.models import Position, Visit
from songhe.domains.dispatch.services import Answer, Told
from songhe.domains.dispatch.terms import HappeningKind, VisitState
from songhe.domains.organizations import testing as organizations
from songhe.domains.organizations.selectors import Organization
from songhe.kernel.ids import uuid7


def make_worker(*, centre: Organization, login: str, at: datetime, name: str = "") -> User:
    """Return a care worker of a service centre."""
    return organizations.make_user(
        at=at, login=login, name=name, role="worker", organization=centre
    )


def stand(user: User, lat: float, lon: float, *, at: datetime) -> None:
    """Let a worker's phone have told where she is."""
    Position.objects.update_or_create(
        user=user, defaults={"lat": lat, "lon": lon, "accuracy_m": 10.0, "at": at}
    )


@dataclass(frozen=True, slots=True)
class Due:
    """A visit that somebody was told of and that is not over."""

    visit_id: UUID
    worker_id: UUID
    person_id: UUID
    item_id: UUID
    begins_at: datetime
    ends_at: datetime


def due(workers: Iterable[UUID], *, until: datetime) -> list[Due]:
    """Return what services workers have been told of and not done, that begin by then; 1 query."""
    rows = Visit.objects.filter(
        worker__in=list(workers),
        state__in=[one for one in terms.OPEN_VISITS if one != VisitState.PLANNED],
        is_rescue=False,
        period__startswith__lte=until,
    ).select_related("order")
    return [
        Due(row.pk, row.worker_id, row.order.person_id, row.order.item_id,
            row.period.lower, row.period.upper)
        for row in rows.order_by("period", "pk")
        if row.order.item_id is not None
    ]  # fmt: skip


def done(workers: Iterable[UUID]) -> list[tuple[UUID, str, datetime]]:
    """Return which services workers have done: the visit, the ref of its order, when it ended."""
    rows = Visit.objects.filter(
        worker__in=list(workers), state=VisitState.DONE, is_rescue=False, ended_at__isnull=False
    ).order_by("ended_at", "pk")
    return [
        (pk, f"dispatch.Order/{order}", ended)
        for pk, order, ended in rows.values_list("pk", "order", "ended_at")
        if ended is not None
    ]


def told(visit_id: UUID, kind: str, at: datetime, **more: Any) -> Told:
    """Return one thing that happened, as a phone with a right clock tells it."""
    given: dict[str, Any] = {"id": uuid7(), "device_at": at} | more
    return Told(visit_id=visit_id, kind=HappeningKind(kind), **given)


def tell(user: User, happenings: Iterable[Told], *, at: datetime) -> list[Answer]:
    """Let a worker's phone, whose clock is right, tell what it kept."""
    actor: Actor = access.actor_for(user, at)
    return services.take_happenings(actor=actor, told=list(happenings), sent_at=at, at=at)
