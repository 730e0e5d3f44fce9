"""A quiet report of a shift: what rang, how it was answered, who went, what is left to the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.regions import selectors as regions
from songhe.domains.dispatch import own_calls, rescue_reads, selectors, terms
from songhe.domains.dispatch.models import EmergencyReport, Offer, Order, Visit
from songhe.domains.dispatch.own_calls import OwnCall
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.rescue_reads import Running
from songhe.domains.dispatch.terms import OrderKind, VisitState
from songhe.domains.monitoring import panels
from songhe.domains.monitoring import selectors as alarms
from songhe.domains.monitoring.selectors import AlarmLine, Search
from songhe.domains.people import selectors as people
from songhe.kit import formats

_PRIORITIES = ("high", "medium", "low", "unknown")
_MOST = 500
_LISTED = 50
_SECONDS_COUNT = 120


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift in half-open time, with its name."""

    since: datetime
    until: datetime
    is_night: bool

    @property
    def name(self) -> str:
        return _("Night shift") if self.is_night else _("Day shift")


@dataclass(frozen=True, slots=True)
class Helped:
    """One help of the shift. words: how it stands or ended; door_s: until somebody was there."""

    order: Order
    who: str
    where: str
    words: str
    names: tuple[str, ...]
    door_s: float | None

    @property
    def door(self) -> str:
        return length(self.door_s)


def length(seconds: float | None) -> str:
    """Return a time in words, seconds where they count; "" where there is none."""
    if seconds is None:
        return ""
    if seconds < _SECONDS_COUNT:
        return _("%(n)d s") % {"n": round(seconds)}
    return formats.span(timedelta(seconds=seconds))


@dataclass(frozen=True, slots=True)
class Report:
    """A shift in figures. None where nothing happened that could be measured.

    taken_s: median from the first ring until somebody took it; longest_s the longest of them.
    asked: how often help was ordered; sent: of these, to how many somebody went; emergency: how
    often 120 was told. missed: how often nobody answered and the chain asked the next.
    urgent: what rang urgently, by time; own_calls: which workers called for help themselves, by
    time; helped: who was helped, by time; open_alarms, running: what of the shift is left, the
    worst first.
    door_s: median from the order for help until somebody stood at the door.
    """

    shift: Shift
    raised: dict[str, int]
    outcomes: dict[str, int]
    taken_s: float | None
    longest_s: float | None
    not_taken: int
    asked: int
    sent: int
    emergency: int
    reached: int
    door_s: float | None
    missed: int
    urgent: list[AlarmLine]
    own_calls: list[OwnCall]
    helped: list[Helped]
    open_alarms: list[AlarmLine]
    running: list[Running]
    cut: bool

    @property
    def taken(self) -> str:
        return length(self.taken_s)

    @property
    def longest(self) -> str:
        return length(self.longest_s)

    @property
    def door(self) -> str:
        return length(self.door_s)

    @property
    def total(self) -> int:
        return sum(self.raised.values())

    @property
    def is_quiet(self) -> bool:
        """Tell whether nothing of high priority rang, no worker called, and nothing is left."""
        return not (self.raised["high"] or self.own_calls or self.open_alarms or self.running)


def shift_at(at: datetime) -> Shift:
    """Return the shift that goes on at a moment."""
    now = timezone.localtime(at)
    day, night = _hours()
    if day <= now.time() < night:
        return _shift(now.date(), is_night=False)
    return _shift(now.date() - timedelta(days=now.time() < day), is_night=True)


def shift_before(shift: Shift) -> Shift:
    """Return the shift before one."""
    return shift_at(shift.since - timedelta(seconds=1))


def _hours() -> tuple[time, time]:
    rows = params()["shifts"]
    return time.fromisoformat(rows["day"]), time.fromisoformat(rows["night"])


def _shift(on: date, *, is_night: bool) -> Shift:
    day, night = _hours()
    zone = timezone.get_default_timezone()
    if is_night:
        following = on + timedelta(days=1)
        return Shift(
            datetime.combine(on, night, zone), datetime.combine(following, day, zone), True
        )
    return Shift(datetime.combine(on, day, zone), datetime.combine(on, night, zone), False)


def report(actor: Actor, shift: Shift, *, at: datetime) -> Report:
    """Return the report of a shift for where the actor lists alarms and orders; 22 queries."""
    found = alarms.history(actor, Search(since=shift.since, until=shift.until))
    rows = list(found[: _MOST + 1])
    taken = [
        (row.acknowledged_at - row.raised_at).total_seconds()
        for row in rows
        if row.acknowledged_at is not None
    ]
    orders = policies.scope(
        actor,
        Order.objects.filter(
            kind=OrderKind.RESCUE, asked_at__gte=shift.since, asked_at__lt=shift.until
        ),
        terms.LIST,
    )
    asked = list(orders.order_by("asked_at")[:_MOST])
    ids = [one.pk for one in asked]
    arrivals = Visit.objects.filter(order__in=ids, arrived_at__isnull=False)
    to_door = [
        (arrived - asked).total_seconds()
        for arrived, asked in arrivals.values_list("arrived_at", "order__asked_at")
        if arrived is not None
    ]
    left = [row for row in rows if row.resolved_at is None and row.incident_id is None]
    left.sort(key=lambda row: (row.priority_rank, row.acknowledged_at is not None, row.raised_at))
    urgent = sorted((row for row in rows if row.priority == "high"), key=lambda one: one.raised_at)
    outcomes: dict[str, int] = {}
    for row in rows:
        if row.resolved_at is not None:
            words = _("Closed by itself, nobody rated it")
            if row.resolved_by_id is not None:
                words = row.get_outcome_display()
            outcomes[words] = outcomes.get(words, 0) + 1
    return Report(
        shift=shift,
        raised={name: sum(row.priority == name for row in rows) for name in _PRIORITIES},
        outcomes=outcomes,
        taken_s=median(taken) if taken else None,
        longest_s=max(taken, default=None),
        not_taken=sum(row.acknowledged_at is None for row in left),
        asked=len(ids),
        sent=_visits(ids).values("order").distinct().count(),
        emergency=EmergencyReport.objects.filter(order__in=ids).count(),
        reached=len(to_door),
        door_s=median(to_door) if to_door else None,
        missed=Offer.objects.filter(order__in=ids, asked_by=None).count(),
        urgent=alarms.lines(actor, urgent[:_LISTED]),
        own_calls=own_calls.calls_between(actor, shift.since, shift.until, at=at)[::-1],
        helped=_helped(actor, asked[:_LISTED], at=at),
        open_alarms=alarms.lines(actor, left[:50]),
        running=[
            one for one in rescue_reads.running(actor, at=at) if one.order.asked_at < shift.until
        ],
        cut=len(rows) > _MOST,
    )


def _visits(ids: list[UUID]) -> QuerySet[Visit]:
    """Return the visits of somebody who went, or goes."""
    return Visit.objects.filter(order__in=ids).exclude(state=VisitState.CANCELLED)


def _helped(actor: Actor, orders: list[Order], *, at: datetime) -> list[Helped]:
    """Return who was helped, how it ended, by whom and after how long; 8 queries."""
    stages = rescue_reads.stages(orders, at=at)
    persons = people.person_views(actor, [one.person_id for one in orders])
    places = regions.by_code(sorted({one.region_code for one in orders}))
    visits: dict[UUID, list[Visit]] = {}
    for visit in selectors.visits_in(one.pk for one in orders):
        visits.setdefault(visit.order_id, []).append(visit)
    found = []
    for one in orders:
        there = [visit.arrived_at for visit in visits.get(one.pk, ()) if visit.arrived_at]
        person, place = persons.get(one.person_id), places.get(one.region_code)
        found.append(
            Helped(
                order=one,
                who=rescue_reads.short_name(person),
                where=panels.local_name(place.name, place.name_en) if place is not None else "",
                words=stages[one.pk].words,
                names=tuple(
                    visit.worker.display_name
                    for visit in visits.get(one.pk, ())
                    if visit.state != VisitState.CANCELLED
                ),
                door_s=(min(there) - one.asked_at).total_seconds() if there else None,
            )
        )
    return found
