"""A week of an organisation: its days, its orders, and a mark of how its visits stand."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from songhe.domains.dispatch import terms
from songhe.domains.dispatch.models import Order, Visit, WeekPlan
from songhe.domains.dispatch.terms import OrderKind, PlanKind, VisitState

DAYS = 7
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Week:
    """A week of an organisation, from the local midnight of its Monday."""

    organization_id: UUID
    monday: date

    @property
    def zero(self) -> datetime:
        """Return the moment of minute 0, in UTC: only there minutes may be added to it."""
        return midnight(self.monday)

    @property
    def until(self) -> datetime:
        return midnight(self.monday + timedelta(days=DAYS))

    @property
    def days(self) -> list[date]:
        return [self.monday + timedelta(days=n) for n in range(DAYS)]

    def minute(self, at: datetime) -> int:
        """Return the whole minutes from the week's beginning to a moment, before it negative."""
        return (at - self.zero) // _MINUTE

    def at(self, minute: int) -> datetime:
        return self.zero + minute * _MINUTE


def mark_of(worker_id: UUID, begins_at: datetime) -> str:
    """Return a mark of where a visit stands, another one once it was moved."""
    return f"{worker_id}/{int(begins_at.timestamp())}"


def midnight(day: date) -> datetime:
    """Return when a local day begins, in UTC."""
    return datetime.combine(day, datetime.min.time(), timezone.get_default_timezone()).astimezone(
        UTC
    )


def week_of(organization_id: UUID, day: date) -> Week:
    """Return the week of an organisation in which a day lies."""
    return Week(organization_id, day - timedelta(days=day.weekday()))


def newer_repair(plan: WeekPlan) -> WeekPlan | None:
    """Return the newest proposal that replaces one: asked for later, for the same leave; 1 query.

    One that was stopped or broke off replaces none.
    """
    rows = WeekPlan.objects.filter(
        organization=plan.organization_id,
        monday=plan.monday,
        kind=PlanKind.REPAIR,
        worker_away=plan.worker_away_id,
        away=plan.away,
        asked_at__gte=plan.asked_at,
        pk__gt=plan.pk,
    )
    return rows.exclude(state__in=terms.ENDED_PLANS).order_by("-pk").first()


def order_rows(week: Week) -> QuerySet[Order]:
    """Return the open orders of services that begin in a week, in order, with what is ordered."""
    rows = Order.objects.filter(
        kind=OrderKind.SERVICE,
        organization=week.organization_id,
        state__in=terms.OPEN_ORDERS,
        window__startswith__gte=week.zero,
        window__startswith__lt=week.until,
    )
    rows = rows.select_related("item__item").defer("item__steps", "item__checks")
    return rows.order_by("window", "id")


def orders_of(week: Week) -> list[Order]:
    """Return the open orders of services that begin in a week, with their homes; 1 query."""
    return list(order_rows(week).select_related("home"))


def stand_of(week: Week, *, drafts: bool) -> str:
    """Return a mark of the week's visits, another one when any was moved, made or taken off.

    drafts: with those that were not told yet. 1 query.
    """
    rows = Visit.objects.filter(
        order__in=[one.pk for one in orders_of(week)],
        state__in=(*terms.OPEN_VISITS, VisitState.DONE),
    )
    if not drafts:
        rows = rows.exclude(state=VisitState.PLANNED)
    mark = hashlib.sha256()
    for pk, worker, period in rows.order_by("pk").values_list("pk", "worker", "period"):
        mark.update(f"{pk} {worker} {period.lower} {period.upper}\n".encode())
    return mark.hexdigest()
