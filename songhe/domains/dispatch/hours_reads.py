"""When a worker works, for who keeps that: her hours of the week, and when she is away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.utils import timezone

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.accounts.models import User
from songhe.domains.dispatch import terms
from songhe.domains.dispatch.models import Leave, Visit, WeeklyShift
from songhe.domains.dispatch.services.workers import NoSuchLeave, keeps_hours, lasting
from songhe.domains.dispatch.terms import VisitState
from songhe.kernel.errors import Denied, NotFound

_DAY = timedelta(days=1)
_AHEAD = 28 * _DAY


class NoSuchWorker(NotFound):
    code = "dispatch.no_such_worker"
    message = "This worker does not exist, or her hours are not yours to keep."


@dataclass(frozen=True, slots=True)
class LeaveLine:
    """A leave that is not over. last_on: its last day."""

    id: UUID
    words: str
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True)
class WorkerHours:
    """hours: by weekday (0 is Monday) from when until when, as it stands today.

    later: the first day from which something else is set already, None where nothing is.
    """

    worker_id: UUID
    name: str
    organization_id: UUID
    hours: dict[int, tuple[time, time]]
    leaves: list[LeaveLine]
    later: date | None


def hours_of(actor: Actor, worker_id: UUID, *, at: datetime) -> WorkerHours:
    """Return the hours of a worker of one's own. Raises NoSuchWorker. 4 queries."""
    try:
        organization_id = keeps_hours(actor, worker_id, at)
    except Denied:
        raise NoSuchWorker from None
    today = timezone.localdate(at)
    rows = WeeklyShift.objects.filter(
        lasting(today), worker=worker_id, organization=organization_id
    )
    hours: dict[int, tuple[time, time]] = {}
    later: list[date] = []
    for row in rows:
        if row.period.lower > today:
            later.append(row.period.lower)
        else:
            hours[row.weekday] = (row.begins, row.ends)
        if row.period.upper is not None:
            later.append(row.period.upper)
    leaves = Leave.objects.filter(worker=worker_id, period__endswith__gt=at).order_by("period")
    return WorkerHours(
        worker_id=worker_id,
        name=User.objects.values_list("display_name", flat=True).get(pk=worker_id),
        organization_id=organization_id,
        hours=hours,
        leaves=[
            LeaveLine(
                row.pk,
                str(row.get_kind_display()),
                timezone.localdate(row.period.lower),
                timezone.localdate(row.period.upper - timedelta(seconds=1)),
            )
            for row in leaves
        ],
        later=min(later, default=None),
    )


def worker_of_leave(actor: Actor, leave_id: UUID, *, at: datetime) -> UUID:
    """Return whose leave it is, where the actor keeps her hours. Raises NoSuchLeave. 2 queries."""
    row = Leave.objects.filter(pk=leave_id).first()
    if row is None:
        raise NoSuchLeave
    try:
        keeps_hours(actor, row.worker_id, at)
    except Denied:
        raise NoSuchLeave from None
    worker_id: UUID = row.worker_id
    return worker_id


def outside(actor: Actor, worker_id: UUID, *, at: datetime) -> list[Visit]:
    """Return the visits of the next four weeks that lie outside a worker's hours; 2 queries."""
    rows = Visit.objects.filter(
        worker=worker_id,
        is_rescue=False,
        state__in=(VisitState.PLANNED, VisitState.TOLD),
        period__startswith__gte=at,
        period__startswith__lt=at + _AHEAD,
    ).select_related("order__item__item")
    visits = list(policies.scope(actor, rows, terms.PLAN).order_by("period", "id"))
    today = timezone.localdate(at)
    shifts = list(
        WeeklyShift.objects.filter(
            worker=worker_id, period__overlap=(today - _DAY, today + _AHEAD + _DAY)
        )
    )
    return [one for one in visits if not _inside(one, shifts)]


def _inside(visit: Visit, shifts: Iterable[WeeklyShift]) -> bool:
    day = timezone.localdate(visit.period.lower)
    spans = (row.on(one) for one in (day, day - _DAY) for row in shifts)
    return any(
        span is not None and span[0] <= visit.period.lower and visit.period.upper <= span[1]
        for span in spans
    )
