"""From a week of orders, shifts, leave and papers to a task for the planner, and back.

The planner knows minutes since the local midnight of Monday; here they become moments and back. It
knows no names: visits are ids of orders, workers ids of users. What it may see of homes is where
they are, which leaves this room only as minutes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Count, Q

from songhe.base.access import selectors as access_reads
from songhe.base.access.wall import lifted
from songhe.domains.dispatch import places, terms
from songhe.domains.dispatch.models import Leave, Order, Visit, WeeklyShift
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.planning.weeks import DAYS, Week, orders_of
from songhe.domains.dispatch.terms import Aside, OrderKind, VisitState
from songhe.domains.organizations import selectors as organizations
from songhe.engines import routing
from songhe.engines.booking import times
from songhe.engines.booking.terms import Span
from songhe.engines.routing import Instance, Placement
from songhe.engines.routing.terms import DAY_MINUTES
from songhe.kernel.geo import Point

_DAY = timedelta(days=1)

_NEVER = 9  # what stands already: no other visit is worth it
_MINUTE = timedelta(minutes=1)
_BEGUN = (VisitState.ON_WAY, VisitState.ARRIVED, VisitState.WORKING)
_MOST_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class Task:
    """What the planner is given. standing: the visits in it that hold a place already.

    asides: by order, why it is not in the task. held: visits that could not be in the task as they
    stand (beyond a shift, a paper run out); their time is taken.
    """

    week: Week
    instance: Instance
    orders: dict[str, Order]
    standing: dict[str, list[Visit]]
    asides: dict[str, Aside] = field(default_factory=dict)
    held: tuple[Visit, ...] = ()

    @property
    def placements(self) -> list[Placement]:
        """Return where the standing visits are."""
        return [
            Placement(name, str(visit.worker_id), self.week.minute(visit.period.lower))
            for name, some in self.standing.items()
            for visit in some
        ]


def new_week(week: Week, *, at: datetime) -> Task:
    """Return the task of planning a week anew: drafts are free, what has been told stays."""
    with lifted():
        return _Making(week, at=at, is_new=True).task()


def standing_week(
    week: Week,
    *,
    at: datetime,
    only: Iterable[UUID] = (),
    placing: UUID | None = None,
    crew: int = 1,
    without_leave: UUID | None = None,
) -> Task:
    """Return the task of the week as it stands, where every visit may move.

    only: just these workers and their visits. placing: an order that is in it without its visits,
    for so many workers, because somebody puts it elsewhere by hand; where its home is not known,
    it counts as in the middle of the week's homes. without_leave: a leave that counts as not taken.
    """
    with lifted():
        making = _Making(week, at=at, is_new=False, without_leave=without_leave)
        return making.task(only=set(only), placing=placing, crew=crew)


class _Making:
    """Reads everything once and puts the task together."""

    def __init__(
        self, week: Week, *, at: datetime, is_new: bool, without_leave: UUID | None = None
    ) -> None:
        self.week, self.at, self.is_new = week, at, is_new
        self.figures: dict[str, Any] = params()["planning"]
        self.orders = orders_of(week)
        self.visits: dict[UUID, list[Visit]] = defaultdict(list)
        for visit in Visit.objects.filter(
            order__in=[one.pk for one in self.orders], state__in=terms.OPEN_VISITS
        ).order_by("period", "id"):
            if not (is_new and visit.state == VisitState.PLANNED):
                self.visits[visit.order_id].append(visit)
        self.without_leave = without_leave
        self.usual = _usual({one.person_id for one in self.orders}, self.figures, at=at)
        self.now = week.minute(at)

    def task(
        self, *, only: set[UUID] | None = None, placing: UUID | None = None, crew: int = 0
    ) -> Task:
        orders, asides = {}, {}
        if placing is not None:
            self.visits.pop(placing, None)
        for order in self.orders:
            standing = self.visits[order.pk]
            if not self.is_new and not standing and order.pk != placing:
                continue
            if only and standing and not only & {one.worker_id for one in standing}:
                continue
            aside = self._aside(order, standing)
            if aside is not None and order.pk != placing:
                asides[str(order.pk)] = aside
            else:
                orders[str(order.pk)] = order
        wanted = self._who(orders.values(), only)
        base = _middle(
            places.point(one.home.lat, one.home.lon) for one in self.orders if one.home is not None
        )
        visits = tuple(
            self._visit(order, base, crew if order.pk == placing else 0)
            for order in orders.values()
        )
        stand = {
            name: self.visits[order.pk] for name, order in orders.items() if self.visits[order.pk]
        }
        instance = Instance(
            visits=visits,
            workers=self._workers(wanted, orders, base),
            grid_minutes=int(self.figures["grid_minutes"]),
        )
        task = Task(self.week, instance, orders, stand, asides)
        return self._kept(task)

    def _who(self, orders: Iterable[Order], only: set[UUID] | None) -> set[UUID]:
        able = access_reads.carrying(
            terms.WORK, organization_id=self.week.organization_id, at=self.at
        )
        if not only:
            return able
        with_them = {one.worker_id for order in orders for one in self.visits[order.pk]}
        return (only | with_them) & able

    def _aside(self, order: Order, standing: list[Visit]) -> Aside | None:
        home = order.home
        if home is None or places.point(home.lat, home.lon) is None:
            return Aside.NO_PLACE
        if not standing and not self._windows(order):
            return Aside.PASSED
        return None

    def _visit(self, order: Order, base: Point, crew: int) -> routing.Visit:
        item, standing = order.item, self.visits[order.pk]
        if item is None or order.window is None:
            raise ValueError("an order of a service names its item and its window")
        kind = item.item.kind
        home = order.home
        place = places.point(home.lat, home.lon) if home is not None else None
        pins = [one for one in standing if self.is_new or one.state in _BEGUN]
        minutes = item.duration_minutes
        workers = crew or max(item.workers_needed, len(standing))
        windows = self._windows(order)
        starts = {self.week.minute(one.period.lower) for one in standing}
        if standing:
            first = standing[0]
            minutes = (first.period.upper - first.period.lower) // _MINUTE
            if not self.is_new or any(one.state in _BEGUN for one in standing):
                workers = len(standing)
            windows = (*windows, *((start, start) for start in sorted(starts)))
        figures = self.figures
        known = (
            {str(order.worker_wish_id)}
            if order.worker_wish_id
            else self.usual.get(order.person_id, set())
        )
        return routing.Visit(
            id=str(order.pk),
            person=str(order.person_id),
            place=place or base,
            minutes=minutes,
            windows=windows,
            late_minutes=int(figures["late_minutes"].get(kind, 0)),
            skills=frozenset(item.requires),
            workers=workers,
            gender=order.sex_wish,
            is_gender_must=bool(order.sex_wish) and kind in figures["gender_must"],
            known=frozenset(known),
            pinned_workers=tuple(str(one.worker_id) for one in pins),
            pinned_start=min(starts) if pins else None,
            # Two who are needed at once are as much work as two visits, and fall out no sooner.
            priority=_NEVER if pins else workers * int(figures["priority"].get(kind, 1)),
        )

    def _windows(self, order: Order) -> tuple[tuple[int, int], ...]:
        """Return when a visit may begin, day by day, nothing of it in the past."""
        window: Any = order.window
        first, last = self.week.minute(window.lower), self.week.minute(window.upper)
        found = []
        for start in range(0, DAYS * DAY_MINUTES, DAY_MINUTES):
            begins = max(first, start, self.now + 1)
            ends = min(last, start + DAY_MINUTES - 1)
            if begins <= ends:
                found.append((begins, ends))
        return tuple(found)

    def _workers(
        self, wanted: set[UUID], orders: dict[str, Order], base: Point
    ) -> tuple[routing.Worker, ...]:
        week, figures = self.week, self.figures
        shifts: dict[UUID, list[routing.Shift]] = defaultdict(list)
        rows = WeeklyShift.objects.filter(
            worker__in=wanted,
            organization=week.organization_id,
            period__overlap=(week.monday - _DAY, week.monday + DAYS * _DAY),
        )
        for row in rows:
            for number in range(-1, DAYS):
                span = row.on(week.monday + number * _DAY)
                if span is not None:
                    begins, ends = (week.minute(moment) for moment in span)
                    shifts[row.worker_id] += _by_day(begins, ends, figures["rest"])
        skills = self._skills(wanted, orders.values())
        genders = {
            user: line.gender
            for user, line in organizations.worker_lines(wanted, at=self.at).items()
        }
        busy, done = self._busy(wanted, orders)
        return tuple(
            routing.Worker(
                id=str(user),
                home=base,
                mode=str(figures["mode"]),
                shifts=tuple(sorted(shifts[user], key=lambda one: one.start)),
                skills=skills[user],
                gender=genders.get(user, ""),
                busy=tuple(sorted(busy[user])),
                max_day_minutes=int(figures["day_minutes"]),
                max_week_minutes=max(0, int(figures["week_minutes"]) - done[user]),
            )
            for user in sorted(wanted)
        )

    def _skills(self, users: set[UUID], orders: Iterable[Order]) -> dict[UUID, frozenset[str]]:
        """Return whose papers are good from the first to the last day of the week; 2 queries."""
        codes = {code for order in orders if order.item for code in order.item.requires}
        first, last = max(self.week.zero, self.at), self.week.until - _MINUTE
        lacks = [
            organizations.lacking(users, codes, max(first, moment)) for moment in (first, last)
        ]
        return {user: frozenset(codes - lacks[0][user] - lacks[1][user]) for user in users}

    def _busy(
        self, users: set[UUID], orders: dict[str, Order]
    ) -> tuple[dict[UUID, set[tuple[int, int]]], dict[UUID, int]]:
        """Return when workers are taken, and how many minutes they worked already.

        Taken by leave, by appointments, and by visits that are not in the task.
        """
        week = self.week
        span = (week.zero, week.until)
        busy: dict[UUID, set[tuple[int, int]]] = defaultdict(set)
        done: dict[UUID, int] = defaultdict(int)
        leaves = Leave.objects.filter(worker__in=users, period__overlap=span)
        for row in leaves.exclude(pk=self.without_leave) if self.without_leave else leaves:
            busy[row.worker_id].add(self._inside(row.period))
        rows = Visit.objects.filter(worker__in=users, period__overlap=span)
        states = Q(state__in=terms.OPEN_VISITS) | Q(state=VisitState.DONE)
        for visit in rows.filter(states, is_rescue=False):
            if visit.state == VisitState.DONE:
                done[visit.worker_id] += (visit.period.upper - visit.period.lower) // _MINUTE
            elif str(visit.order_id) not in orders and not self._is_replaced(visit):
                busy[visit.worker_id].add(self._inside(visit.period))
        for user, spans in times.taken(users, Span(*span), at=self.at).items():
            busy[user] |= {self._inside(DateTimeTZRange(*one)) for one in spans}
        return busy, done

    def _is_replaced(self, visit: Visit) -> bool:
        """Tell whether a visit is a draft of this week, which planning anew throws away."""
        mine = {one.pk for one in self.orders}
        return self.is_new and visit.state == VisitState.PLANNED and visit.order_id in mine

    def _inside(self, period: Any) -> tuple[int, int]:
        first, last = self.week.minute(period.lower), self.week.minute(period.upper)
        return max(0, first), min(DAYS * DAY_MINUTES, max(last, first + 1))

    def _kept(self, task: Task) -> Task:
        """Return the task without standing visits that break a rule: their time is taken."""
        held: list[Visit] = []
        for _round in range(_MOST_ROUNDS):
            need = {visit.id: visit.workers for visit in task.instance.visits}
            whole = {name: some for name, some in task.standing.items() if need[name] == len(some)}
            found = routing.check(task.instance, replace(task, standing=whole).placements)
            if not found:
                break
            task = hold(task, {name for one in found for name in one.visits}, held)
            task = _with_hours(task, found)
        return replace(task, held=tuple(held))


def hold(task: Task, names: set[str], held: list[Visit]) -> Task:
    """Take standing visits out of a task; the time of their workers is taken instead."""
    if not names:
        return task
    busy: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for name in names & task.standing.keys():
        for visit in task.standing[name]:
            held.append(visit)
            start, end = (task.week.minute(at) for at in (visit.period.lower, visit.period.upper))
            busy[str(visit.worker_id)].append((start, end))
    workers = tuple(
        msgspec.structs.replace(one, busy=tuple(sorted({*one.busy, *busy[one.id]})))
        if one.id in busy
        else one
        for one in task.instance.workers
    )
    visits = tuple(one for one in task.instance.visits if one.id not in names)
    return replace(
        task,
        instance=msgspec.structs.replace(task.instance, visits=visits, workers=workers),
        orders={name: order for name, order in task.orders.items() if name not in names},
        standing={name: some for name, some in task.standing.items() if name not in names},
        held=tuple(held),
    )


def _with_hours(task: Task, found: Iterable[routing.Conflict]) -> Task:
    """Return the task with as many hours a week as somebody was told already."""
    more = {one.worker: one.minutes for one in found if one.code is routing.Code.WEEK_HOURS}
    workers = tuple(
        msgspec.structs.replace(one, max_week_minutes=one.max_week_minutes + more[one.id])
        if one.id in more
        else one
        for one in task.instance.workers
    )
    return replace(task, instance=msgspec.structs.replace(task.instance, workers=workers))


def _usual(persons: set[UUID], figures: dict[str, Any], *, at: datetime) -> dict[UUID, set[str]]:
    """Return who usually came to persons in the last weeks, the most frequent few; 1 query."""
    since = at - timedelta(weeks=int(figures["usual_weeks"]))
    rows = (
        Visit.objects.filter(
            order__person__in=persons,
            order__kind=OrderKind.SERVICE,
            state=VisitState.DONE,
            period__startswith__gte=since,
        )
        .values_list("order__person", "worker")
        .annotate(times=Count("id"))
        .filter(times__gte=int(figures["usual_least"]))
        .order_by("order__person", "-times", "worker")
    )
    found: dict[UUID, set[str]] = defaultdict(set)
    for person, worker, _times in rows:
        if len(found[person]) < int(figures["usual_most"]):
            found[person].add(str(worker))
    return found


def _middle(known: Iterable[Point | None]) -> Point:
    """Return where ways begin and end: the middle of the week's homes.

    Where workers live is nobody's business here.
    """
    there = [one for one in known if one is not None]
    if not there:
        return (0.0, 0.0)
    lat = sum(one[0] for one in there) / len(there)
    lon = sum(one[1] for one in there) / len(there)
    return round(lat, 5), round(lon, 5)


def _by_day(begins: int, ends: int, rest: Mapping[str, int]) -> list[routing.Shift]:
    """Return a shift by the days of the week, cut at midnight; rest: of a day, over its noon."""
    found = []
    for day in range(0, DAYS * DAY_MINUTES, DAY_MINUTES):
        start, end = max(begins, day), min(ends, day + DAY_MINUTES)
        if start < end:
            earliest, latest = day + rest["earliest"], day + rest["latest"]
            breaks = (routing.Break(earliest, latest, rest["minutes"]),)
            found.append(routing.Shift(start, end, breaks if start < latest < end else ()))
    return found
