"""A week as who plans sees it: workers and days, blocks, what nobody makes, what would change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.dispatch import plan_words, planning, terms
from songhe.domains.dispatch.models import Leave, Order, Visit, WeeklyShift, WeekPlan
from songhe.domains.dispatch.planning import Week
from songhe.domains.dispatch.selectors import NoSuchOrder
from songhe.domains.dispatch.terms import OrderKind, PlanKind, PlanState, VisitState
from songhe.domains.organizations import selectors as organizations
from songhe.domains.organizations.selectors import Organization
from songhe.domains.people import selectors as people
from songhe.engines.booking import times
from songhe.engines.booking.terms import Span
from songhe.kit import formats

_SHOWN = (*terms.OPEN_VISITS, VisitState.DONE)
_MOST_PLANS = 30


@dataclass(frozen=True, slots=True)
class Block:
    """One visit in the week: when, to whom, what. is_draft: its worker knows nothing of it yet.

    state, state_words: of the visit. url: its own page. mark: of where it stands. late: by how many
    minutes it begins later than agreed, as it was proposed.
    """

    pk: UUID
    day: date
    state: str
    state_words: str
    url: str
    mark: str
    late: int
    time: str
    until: str
    who: str
    what: str
    is_draft: bool
    is_movable: bool
    crew: int


@dataclass(slots=True)
class Cell:
    """A worker's day: her shift, her leave, when she is booked elsewhere, her visits in order."""

    day: date
    shift: str = ""
    away: str = ""
    booked: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """A worker's week. hours: of care."""

    worker_id: UUID
    name: str
    cells: list[Cell]
    hours: float
    visits: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order that nobody makes yet, and why."""

    order: Order
    day: date
    who: str
    what: str
    when: str
    why: str
    crew: int


@dataclass(frozen=True, slots=True)
class WeekView:
    """Everything the page of a week shows."""

    week: Week
    rows: list[Row]
    waiting: list[Waiting]
    drafts: int
    told: int
    late: list[Block]

    @property
    def visits(self) -> int:
        """Return how many visits stand in the week now, drafts among them."""
        return sum(row.visits for row in self.rows)


def providers(actor: Actor) -> list[Organization]:
    """Return the organisations whose weeks the actor plans; who has shifts comes first."""
    found = {one.pk: one for one in organizations.organizations_for(actor, terms.PLAN)}
    missing = set(actor.organizations(terms.PLAN)) - found.keys()
    found |= organizations.organizations_by_id(missing) if missing else {}
    rows = WeeklyShift.objects.filter(organization__in=list(found))
    working = set(rows.values_list("organization", flat=True).distinct())
    return sorted(found.values(), key=lambda one: one.pk not in working)


def plans_of(week: Week) -> list[WeekPlan]:
    """Return the plans of a week, the newest first; 1 query."""
    rows = WeekPlan.objects.filter(organization=week.organization_id, monday=week.monday)
    return list(rows.select_related("worker_away").order_by("-asked_at", "-pk")[:_MOST_PLANS])


def newest(plans: Iterable[WeekPlan]) -> WeekPlan | None:
    """Return the newest plan of the whole week, whatever came of it."""
    return next((one for one in plans if one.kind == PlanKind.WEEK), None)


def standing(plans: Iterable[WeekPlan]) -> WeekPlan | None:
    """Return the plan whose drafts were written last."""
    return next(
        (one for one in plans if one.kind == PlanKind.WEEK and one.state == PlanState.DONE), None
    )


def open_repairs(plans: Iterable[WeekPlan]) -> list[WeekPlan]:
    """Return the proposals that wait to be taken over, of each leave the newest."""
    found, known = [], set()
    for one in plans:
        if one.kind != PlanKind.REPAIR or one.state in terms.ENDED_PLANS or one.asks in known:
            continue
        known.add(one.asks)
        if one.taken_at is None:
            found.append(one)
    return found


def view(actor: Actor, week: Week, plan: WeekPlan | None, *, at: datetime) -> WeekView:
    """Return a week with names as far as they are open to the actor; 10 queries."""
    rows = Visit.objects.filter(
        order__organization=week.organization_id,
        order__kind=OrderKind.SERVICE,
        state__in=_SHOWN,
        period__overlap=(week.zero, week.until),
    )
    # A full week has hundreds: only what is shown is read, and no row becomes an object of a model.
    seen = policies.scope(actor, rows, terms.LIST).order_by("period", "pk")
    visits = [_Seen(*row) for row in seen.values_list(*_READ)]
    held = Visit.objects.filter(order=OuterRef("pk"), state__in=terms.OPEN_VISITS)
    waiting = list(planning.order_rows(week).exclude(Exists(held)).exclude(state="under_way"))
    persons = people.person_views(
        actor, {one.person_id for one in visits} | {one.person_id for one in waiting}
    )
    names = {pk: one.name for pk, one in persons.items()}
    late = _late(week, plan)
    lines = _rows(week, visits, names, late, at=at)
    return WeekView(
        week=week,
        rows=lines,
        late=[one for row in lines for cell in row.cells for one in cell.blocks if one.late],
        waiting=[_waiting(one, names, plan) for one in waiting],
        drafts=sum(one.state == VisitState.PLANNED and one.period.lower > at for one in visits),
        told=sum(one.state != VisitState.PLANNED for one in visits),
    )


class _Seen(NamedTuple):
    """What of a visit is read for the week, in the order of _READ."""

    pk: UUID
    state: str
    period: Any
    worker_id: UUID
    worker: str
    order_id: UUID
    person_id: UUID
    zh: str | None
    en: str | None
    crew: int | None


_READ = (
    "pk", "state", "period", "worker", "worker__display_name", "order", "order__person",
    "order__item__name_zh", "order__item__name_en", "order__item__workers_needed",
)  # fmt: skip
_NO_ID = UUID(int=0)


def _late(week: Week, plan: WeekPlan | None) -> dict[str, int]:
    """Return by mark the minutes by which a plan lets visits begin too late."""
    return {
        f"{order}/{planning.mark_of(UUID(one['worker']), week.at(one['start']))}": one["late"]
        for order, some in (plan.reasons if plan else {}).items()
        for one in some
        if one.get("late")
    }


def _rows(
    week: Week, visits: list[_Seen], names: dict[UUID, str], late: dict[str, int], *, at: datetime
) -> list[Row]:
    users = {one.user_id: one.name for one in organizations.workers_of(week.organization_id, at)}
    users |= {one.worker_id: one.worker for one in visits}
    cells = _cells(week, users, at=at)
    care: dict[UUID, float] = defaultdict(float)
    page = reverse("dispatch:planned_visit", args=[_NO_ID])
    is_english = (get_language() or "zh").startswith("en")
    state_words = {state.value: str(state.label) for state in VisitState}
    for visit in visits:
        day = timezone.localdate(visit.period.lower)
        number = (day - week.monday).days
        mark = planning.mark_of(visit.worker_id, visit.period.lower)
        if 0 <= number < planning.DAYS:
            cells[visit.worker_id][number].blocks.append(
                Block(
                    pk=visit.pk,
                    day=day,
                    state=visit.state,
                    state_words=state_words[visit.state],
                    url=page.replace(str(_NO_ID), str(visit.pk)),
                    mark=mark,
                    late=late.get(f"{visit.order_id}/{mark}", 0),
                    time=formats.clock(visit.period.lower),
                    until=formats.clock(visit.period.upper),
                    who=names.get(visit.person_id, "–"),
                    what=(visit.en if is_english else visit.zh) or "",
                    is_draft=visit.state == VisitState.PLANNED,
                    is_movable=visit.state in (VisitState.PLANNED, VisitState.TOLD),
                    crew=visit.crew or 1,
                )
            )
            care[visit.worker_id] += (visit.period.upper - visit.period.lower).total_seconds()
    return [
        Row(
            worker_id=user,
            name=users[user],
            cells=cells[user],
            hours=round(care[user] / 3600, 1),
            visits=sum(len(cell.blocks) for cell in cells[user]),
        )
        for user in sorted(users, key=lambda one: users[one])
    ]


def _cells(week: Week, users: Iterable[UUID], *, at: datetime) -> dict[UUID, list[Cell]]:
    """Return the days of workers with shifts, leave and what is booked of their time; 3 queries."""
    cells = {user: [Cell(day) for day in week.days] for user in users}
    span = (week.monday, week.monday + timedelta(days=planning.DAYS))
    shifts = WeeklyShift.objects.filter(
        organization=week.organization_id, worker__in=list(cells), period__overlap=span
    )
    for row in shifts:
        day = week.monday + timedelta(days=row.weekday)
        if row.period.lower <= day and (row.period.upper is None or day < row.period.upper):
            cells[row.worker_id][row.weekday].shift = f"{row.begins:%H:%M}–{row.ends:%H:%M}"
    for leave in Leave.objects.filter(
        worker__in=list(cells), period__overlap=(week.zero, week.until)
    ):
        for cell in cells[leave.worker_id]:
            begins = planning.midnight(cell.day)
            ends = planning.midnight(cell.day + timedelta(days=1))
            if leave.period.lower < ends and leave.period.upper > begins:
                cell.away = str(leave.get_kind_display())
    booked = times.taken(cells, Span(week.zero, week.until), at=at)
    for user, spans in booked.items():
        for one in spans:
            number = (timezone.localdate(one.begins) - week.monday).days
            if 0 <= number < planning.DAYS:
                words = f"{formats.clock(one.begins)}–{formats.clock(one.ends)}"
                cells[user][number].booked.append(words)
    return cells


def what_of(order: Order) -> str:
    """Return what was ordered, in the reader's language."""
    return "" if order.item is None else order.item.name


def _waiting(order: Order, names: dict[UUID, str], plan: WeekPlan | None) -> Waiting:
    window: Any = order.window
    key = str(order.pk)
    why = _("Not planned yet.")
    if plan is not None and key in plan.unserved:
        why = plan_words.reason_words(plan.unserved[key]["reason"])
    elif plan is not None and key in plan.asides:
        why = plan_words.aside_words(plan.asides[key])
    return Waiting(
        order=order,
        day=timezone.localdate(window.lower),
        who=names.get(order.person_id, "–"),
        what=what_of(order),
        when=f"{formats.moment(window.lower)}–{formats.clock(window.upper)}",
        why=why,
        crew=order.item.workers_needed if order.item else 1,
    )


def waiting_line(actor: Actor, order: Order, week: Week) -> Waiting:
    """Return an order that was opened to the actor, with why nobody makes it."""
    person = people.person_views(actor, [order.person_id]).get(order.person_id)
    names = {order.person_id: person.name} if person else {}
    return _waiting(order, names, standing(plans_of(week)))


def order_of(actor: Actor, order_id: UUID, *, at: datetime) -> Order:
    """Return an order for planning, whose person need not be open; audited. Raises NoSuchOrder."""
    rows = policies.scope(actor, Order.objects.filter(pk=order_id), terms.PLAN)
    order = rows.select_related("item__item").first()
    if order is None or order.kind != OrderKind.SERVICE or order.organization_id is None:
        raise NoSuchOrder
    audit.record_reads(
        actor=actor,
        action=terms.PLAN,
        refs=[f"dispatch.Order/{order.pk}", f"people.Person/{order.person_id}"],
        at=at,
    )
    return order


def plan_of(actor: Actor, plan_id: UUID) -> WeekPlan | None:
    """Return a plan of an organisation that the actor plans for."""
    rows = WeekPlan.objects.filter(pk=plan_id).select_related("worker_away", "organization")
    plan = rows.first()
    if plan is None:
        return None
    covers = actor.covers(terms.PLAN, plan.organization.region_code)
    mine = plan.organization_id in actor.organizations(terms.PLAN)
    return plan if covers or mine else None
