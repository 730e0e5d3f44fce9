"""A change to a week in words: conflicts that name the visits, what a proposal changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from songhe.base.access.actor import Actor
from songhe.base.accounts.models import User
from songhe.domains.dispatch import plan_words, planning, terms
from songhe.domains.dispatch.models import Leave, Order, Visit, WeekPlan
from songhe.domains.dispatch.plan_reads import what_of
from songhe.domains.dispatch.planning import Week
from songhe.domains.dispatch.terms import VisitState
from songhe.domains.people import selectors as people
from songhe.engines.booking import times
from songhe.engines.booking.terms import Span
from songhe.engines.routing import Code, Conflict
from songhe.kit import formats


def conflict_words(
    actor: Actor, found: tuple[Conflict, ...], week: Week, moved: dict[str, datetime]
) -> list[str]:
    """Return conflicts as sentences that name the visits; moved: where orders were wanted."""
    ids = {name for one in found for name in one.visits}
    orders = {str(one.pk): one for one in planning.orders_of(week) if str(one.pk) in ids}
    begins = {
        str(one.order_id): one.period.lower
        for one in Visit.objects.filter(order__in=list(orders), state__in=terms.OPEN_VISITS)
    } | moved
    persons = people.person_views(actor, [one.person_id for one in orders.values()])
    users = User.objects.filter(pk__in={one.worker for one in found})
    workers = {str(pk): name for pk, name in users.values_list("pk", "display_name")}

    def name(order_id: str) -> str:
        order = orders.get(order_id)
        if order is None:
            return _("another visit")
        person = persons.get(order.person_id)
        who = person.name if person else what_of(order)
        when = formats.moment(begins[order_id]) if order_id in begins else ""
        return _("%(who)s (%(when)s)") % {"who": who, "when": when}

    busy = _Busy({one.worker for one in found if one.code is Code.BUSY}, week)
    said = []
    for one in found:
        order = orders.get(one.visits[0]) if one.code is Code.BUSY and one.visits else None
        begins_at = begins.get(str(order.pk)) if order is not None else None
        if one.code is Code.WINDOW and one.visits and one.visits[0] in orders:
            said.append(plan_words.window_words(name(one.visits[0]), orders[one.visits[0]].window))
            continue
        why = busy.words(one.worker, workers, order, begins_at) if order and begins_at else ""
        said.append(why or plan_words.conflict_words([one], name, workers)[0])
    return said


class _Busy:
    """What takes the time of workers in a week, apart from the visits that are planned in it."""

    def __init__(self, worker_ids: set[str], week: Week) -> None:
        users = [UUID(one) for one in worker_ids]
        span = (week.zero, week.until)
        self.leaves = list(Leave.objects.filter(worker__in=users, period__overlap=span))
        self.booked = times.taken(users, Span(*span), at=week.zero) if users else {}

    def words(self, worker: str, names: dict[str, str], order: Order, begins_at: datetime) -> str:
        """Return which leave or appointment is in the way of an order, "" where it is neither."""
        minutes = order.item.duration_minutes if order.item else 0
        ends_at = begins_at + timedelta(minutes=minutes)
        name = names.get(worker, "")
        for row in self.leaves:
            period: Any = row.period
            if str(row.worker_id) == worker and period.lower < ends_at and period.upper > begins_at:
                return plan_words.away_words(name, str(row.get_kind_display()))
        for one in self.booked.get(UUID(worker), ()):
            if one.begins < ends_at and one.ends > begins_at:
                return plan_words.booked_words(name, one)
        return ""


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a refused order would fit, as a form gives it; words: who and when."""

    worker: str
    day: str
    begins: str
    words: str


def fits_of(
    order: Order, workers: Iterable[tuple[str, str]], worker_id: UUID, begins_at: datetime,
    *, at: datetime,
) -> list[Fit]:  # fmt: skip
    """Return where an order for one worker, opened to the actor, fits instead."""
    names = dict(workers)
    found = []
    for one in planning.options(order, worker_id, begins_at, at=at):
        begins = timezone.localtime(one.begins_at)
        who = names.get(str(one.worker_id))
        if who is not None:
            words = f"{who} {formats.moment(begins)}"
            clock = f"{begins:%H:%M}"
            found.append(Fit(str(one.worker_id), begins.date().isoformat(), clock, words))
    return found


def by_fit(
    order: Order, workers: Iterable[tuple[str, str]], *, at: datetime
) -> tuple[list[Any], datetime | None]:
    """Return workers as choices, who has time first and from when; and the first such time."""
    found = planning.firsts(order, at=at)
    since = {str(one.worker_id): formats.clock(one.begins_at) for one in found}
    names = dict(workers)
    free = [
        (worker, _("%(name)s, from %(time)s") % {"name": names[worker], "time": clock})
        for worker, clock in since.items()
        if worker in names
    ]
    groups = [
        (_("Has time for it"), free),
        (_("Has no time, or breaks a rule"), [one for one in names.items() if one[0] not in since]),
    ]
    return [one for one in groups if one[1]], found[0].begins_at if free else None


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One visit that would change: for whom, how it was told, how it would be.

    is_hers: who is away would have come. why: why nobody can come then, or for what a visit of
    somebody else moves; "" where it needs no reason.
    """

    who: str
    what: str
    before: str
    after: str
    is_told: bool
    is_lost: bool
    is_hers: bool
    why: str = ""


def changes_of(actor: Actor, plan: WeekPlan) -> list[ChangeLine]:
    """Return what a proposal would change, hers first, in order of time; 4 queries."""
    ids = [one["order"] for one in plan.changes]
    orders = {str(one.pk): one for one in Order.objects.filter(pk__in=ids).select_related("item")}
    told = told_of(plan)
    users = {side["worker"] for one in plan.changes for side in one["before"] + one["after"]}
    rows = User.objects.filter(pk__in=users).values_list("pk", "display_name")
    names = {str(pk): name for pk, name in rows}
    persons = people.person_views(actor, [one.person_id for one in orders.values()])

    def when(one: dict[str, str]) -> str:
        return formats.moment(datetime.fromisoformat(one["begins"]))

    def side(some: list[dict[str, str]]) -> str:
        return _("; ").join(f"{when(one)} {names.get(one['worker'], '')}" for one in some)

    def why(one: dict[str, Any]) -> str:
        if not one["after"]:
            found = plan.unserved.get(one["order"])
            return plan_words.reason_words(found["reason"]) if found else ""
        cause = None if hers(one) else _cause(plan, one)
        if cause is None:
            return "" if hers(one) else _("It follows from the other changes of that day.")
        worker, other = cause
        order = orders.get(other["order"])
        person = persons.get(order.person_id) if order else None
        return _("It makes room: %(worker)s goes to %(who)s, %(when)s.") % {
            "worker": names.get(worker, ""),
            "who": person.name if person else "–",
            "when": when(next(side for side in other["after"] if side["worker"] == worker)),
        }

    def hers(one: dict[str, Any]) -> bool:
        return str(plan.worker_away_id) in _workers(one["before"])

    lines = []
    for one in sorted(
        plan.changes, key=lambda one: (not hers(one), str(one["before"][0]["begins"]))
    ):
        order = orders.get(one["order"])
        if order is None:
            continue
        person = persons.get(order.person_id)
        lines.append(
            ChangeLine(
                who=person.name if person else "–",
                what=what_of(order),
                before=side(one["before"]),
                after=side(one["after"]) or _("nobody can come then"),
                is_told=one["order"] in told,
                is_lost=not one["after"],
                is_hers=hers(one),
                why=why(one),
            )
        )
    return lines


def told_of(plan: WeekPlan) -> set[str]:
    """Return of which orders of a proposal somebody was told already; 1 query."""
    rows = Visit.objects.filter(order__in=[one["order"] for one in plan.changes])
    told = rows.exclude(state=VisitState.PLANNED).values_list("order", flat=True)
    return {str(pk) for pk in told}


def _workers(some: list[dict[str, str]]) -> set[str]:
    return {one["worker"] for one in some}


def _cause(plan: WeekPlan, moved: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Return who of a moved visit takes another on that day, and which; who is away comes first."""
    day = _day(moved["before"][0])
    found = [
        (str(plan.worker_away_id) not in _workers(one["before"]), worker, one)
        for one in plan.changes
        if one is not moved
        for worker in _workers(one["after"]) - _workers(one["before"])
        if worker in _workers(moved["before"])
        and day in {_day(side) for side in one["after"] if side["worker"] == worker}
    ]
    _is_other, worker, one = min(found, key=lambda some: some[:2], default=(True, "", None))
    return (worker, one) if one is not None else None


def _day(side: dict[str, str]) -> date:
    return timezone.localdate(datetime.fromisoformat(side["begins"]))


def booked_in(plan: WeekPlan, *, at: datetime) -> list[str]:
    """Return the appointments of who is away that lie in that time, in words; 1 query.

    The plan moves none: who made them does.
    """
    away: Any = plan.away
    if plan.worker_away_id is None or away is None:
        return []
    spans = times.taken([plan.worker_away_id], Span(away.lower, away.upper), at=at)
    return [
        f"{formats.moment(one.begins)}–{formats.clock(one.ends)}"
        for one in spans.get(plan.worker_away_id, ())
        if one.ends > at
    ]
