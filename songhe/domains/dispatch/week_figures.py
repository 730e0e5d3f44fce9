"""A provider's week in figures: orders by status, load, punctuality, quality, complaints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils import timezone

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.domains.dispatch import own_words, terms
from songhe.domains.dispatch.models import Complaint, Leave, Order, Rating, Visit, WeeklyShift
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.planning.weeks import Week
from songhe.domains.dispatch.terms import (
    ComplaintState,
    Face,
    OrderKind,
    OrderState,
    VisitState,
)
from songhe.domains.organizations import selectors as organizations
from songhe.domains.organizations.selectors import Organization
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView

_COUNTED = (*terms.OPEN_VISITS, VisitState.DONE.value)


@dataclass(slots=True)
class Load:
    """A worker's week: minutes of visits against minutes of shifts, and how she came.

    late, early: arrived more than the allowed minutes after, or before, the planned beginning;
    untold: visits that are done without anybody having said when she arrived.
    """

    user_id: UUID
    name: str = ""
    visits: int = 0
    minutes: int = 0
    shift_minutes: int = 0
    on_time: int = 0
    late: int = 0
    early: int = 0
    untold: int = 0

    @property
    def hours(self) -> float:
        return self.minutes / 60

    @property
    def shift_hours(self) -> float:
        return self.shift_minutes / 60

    @property
    def pct(self) -> int | None:
        """Return the visits in percent of the shifts, None without shifts."""
        if not self.shift_minutes:
            return None
        return round(100 * self.minutes / self.shift_minutes)


@dataclass(slots=True)
class Figures:
    """A week of a provider. orders: by state; faces: how often each was given in the week.

    scored: visits with an evidence score; doubtful: those below the mark that is looked at.
    """

    week: Week
    orders: dict[OrderState, int]
    rescues: int
    workers: list[Load]
    faces: dict[Face, int]
    scored: int = 0
    doubtful: int = 0
    complaints: int = 0
    overdue: int = 0
    late_minutes: int = 0
    early_minutes: int = 0
    totals: Load = field(default_factory=lambda: Load(UUID(int=0)))

    @property
    def on_time_pct(self) -> int | None:
        """Return how many came on time, in percent of those of whom it is known."""
        known = self.totals.on_time + self.totals.late + self.totals.early
        return round(100 * self.totals.on_time / known) if known else None


def providers(actor: Actor) -> list[Organization]:
    """Return the providers whose week the actor may see: her own, or those of her region."""
    own = organizations.organizations_by_id(set(actor.organizations(terms.FIGURES)))
    found = own | {row.pk: row for row in organizations.organizations_for(actor, terms.FIGURES)}
    return sorted(found.values(), key=lambda row: (row.pk not in own, row.region_code, row.name))


def figures(actor: Actor, week: Week, *, at: datetime) -> Figures:
    """Return the figures of a week, as far as its orders are open to the actor; 8 queries."""
    visits = _visits(actor, week)
    workers = _workers(week, visits)
    for row in visits:
        _count(workers[row.worker_id], row)
    scores = [row.evidence.score for row in visits if hasattr(row, "evidence")]
    below = int(params()["punctual"]["doubtful_below"])
    made = Figures(
        week=week,
        orders=_states(actor, week),
        rescues=_of_week(actor, week, OrderKind.RESCUE).count(),
        workers=sorted(workers.values(), key=lambda one: (-one.minutes, one.name)),
        faces=_faces(actor, week),
        scored=len(scores),
        doubtful=sum(score < below for score in scores),
        late_minutes=int(params()["punctual"]["minutes"]),
        early_minutes=int(params()["punctual"]["early_minutes"]),
    )
    _complaints(actor, made, at=at)
    for name in ("visits", "minutes", "shift_minutes", "on_time", "late", "early", "untold"):
        setattr(made.totals, name, sum(getattr(one, name) for one in workers.values()))
    return made


def _count(load: Load, row: Visit) -> None:
    planned = row.period
    load.visits += 1
    load.minutes += int((planned.upper - planned.lower).total_seconds() // 60)
    if row.state != VisitState.DONE:
        return
    came = row.arrived_at or row.began_at
    if came is None:
        load.untold += 1
    elif came - planned.lower > timedelta(minutes=int(params()["punctual"]["minutes"])):
        load.late += 1
    elif planned.lower - came > timedelta(minutes=int(params()["punctual"]["early_minutes"])):
        load.early += 1
    else:
        load.on_time += 1


def _of_week(actor: Actor, week: Week, kind: OrderKind) -> QuerySet[Order]:
    rows = Order.objects.filter(organization=week.organization_id, kind=kind)
    begins = "window__startswith" if kind == OrderKind.SERVICE else "asked_at"
    rows = rows.filter(**{f"{begins}__gte": week.zero, f"{begins}__lt": week.until})
    return policies.scope(actor, rows, terms.FIGURES)


def _states(actor: Actor, week: Week) -> dict[OrderState, int]:
    rows = _of_week(actor, week, OrderKind.SERVICE).order_by().values("state")
    found = dict(rows.annotate(n=Count("pk")).values_list("state", "n"))
    return {state: found.get(state.value, 0) for state in OrderState}


def _visits(actor: Actor, week: Week) -> list[Visit]:
    rows = Visit.objects.filter(
        order__organization=week.organization_id,
        state__in=_COUNTED,
        is_rescue=False,
        period__startswith__gte=week.zero,
        period__startswith__lt=week.until,
    )
    rows = policies.scope(actor, rows, terms.FIGURES)
    return list(rows.select_related("evidence", "worker").order_by("period", "id"))


def _workers(week: Week, visits: Iterable[Visit]) -> dict[UUID, Load]:
    """Return who works in the week, or has visits in it, with the minutes of her shifts."""
    found: dict[UUID, Load] = {}
    shifts = WeeklyShift.objects.filter(
        organization=week.organization_id, period__overlap=(week.days[0], week.days[-1] + _DAY)
    )
    away = _leave(week, {row.worker_id for row in shifts})
    for row in shifts.select_related("worker"):
        load = found.setdefault(row.worker_id, Load(row.worker_id, row.worker.display_name))
        for day in week.days:
            span = row.on(day)
            if span is not None:
                load.shift_minutes += _minutes_left(span, away.get(row.worker_id, ()))
    for visit in visits:
        found.setdefault(visit.worker_id, Load(visit.worker_id, visit.worker.display_name))
    return found


_DAY = timedelta(days=1)
Span = tuple[datetime, datetime]


def _leave(week: Week, workers: set[UUID]) -> dict[UUID, list[Span]]:
    found: dict[UUID, list[Span]] = {}
    rows = Leave.objects.filter(worker__in=workers, period__overlap=(week.zero, week.until))
    for worker, period in rows.values_list("worker", "period"):
        if period is not None:
            span = (period.lower or week.zero, period.upper or week.until)
            found.setdefault(worker, []).append(span)
    return found


def _minutes_left(span: Span, away: Iterable[Span]) -> int:
    """Return the minutes of a shift without leave; leaves of one worker never overlap."""
    gone = sum(
        (max(timedelta(), min(span[1], one[1]) - max(span[0], one[0])) for one in away), timedelta()
    )
    return int((span[1] - span[0] - gone).total_seconds() // 60)


def _faces(actor: Actor, week: Week) -> dict[Face, int]:
    rows = Rating.objects.filter(
        order__in=_orders(actor, week), told_at__gte=week.zero, told_at__lt=week.until
    )
    found = Counter(rows.values_list("face", flat=True))
    return {face: found[face.value] for face in reversed(Face)}


def _orders(actor: Actor, week: Week) -> QuerySet[Order]:
    rows = Order.objects.filter(organization=week.organization_id)
    return policies.scope(actor, rows, terms.FIGURES)


def _complaints(actor: Actor, made: Figures, *, at: datetime) -> None:
    rows = Complaint.objects.filter(state=ComplaintState.OPEN, order__in=_orders(actor, made.week))
    late = Count("pk", filter=Q(answer_by__lt=timezone.localdate(at)))
    found = rows.aggregate(open=Count("pk"), late=late)
    made.complaints, made.overdue = found["open"], found["late"]


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An order of a week in a list: what, for whom, when, who comes."""

    order: Order
    title: str
    person: PersonView | None
    workers: str


def orders_of_week(actor: Actor, week: Week, *, state: str = "") -> QuerySet[Order]:
    """Return the orders of services that begin in a week, in order; state: those in it alone."""
    rows = _of_week(actor, week, OrderKind.SERVICE)
    if state:
        rows = rows.filter(state=state)
    return rows.select_related("item__item").order_by("window", "id")


def order_lines(actor: Actor, orders: QuerySet[Order]) -> list[OrderLine]:
    """Return a page of orders as lines, persons as the actor may see them; 3 queries."""
    visits = Visit.objects.exclude(state=VisitState.CANCELLED).select_related("worker")
    rows = list(orders.prefetch_related(Prefetch("visits", visits.order_by("period", "id"))))
    seen = people.person_views(actor, [row.person_id for row in rows])
    return [
        OrderLine(
            row,
            own_words.title(row),
            seen.get(row.person_id),
            ", ".join(dict.fromkeys(one.worker.display_name for one in row.visits.all())),
        )
        for row in rows
    ]


def monday(asked: str, *, at: datetime) -> date:
    """Return the Monday of the week that an address names, of this week where it names none."""
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        day = timezone.localdate(at)
    return day - timedelta(days=day.weekday())
