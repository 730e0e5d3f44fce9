"""Who could go to somebody now, the nearest first, by where they were last and what they do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from songhe.base.access import selectors as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.regions import selectors as regions
from songhe.domains.dispatch import places, terms
from songhe.domains.dispatch.duty import Duty, duties
from songhe.domains.dispatch.models import Offer, Order, Position, Visit
from songhe.domains.dispatch.params import params
from songhe.domains.monitoring import selectors as alarms
from songhe.domains.organizations import selectors as organizations
from songhe.engines.alarms.terms import State
from songhe.engines.routing.terms import Mode, usual_modes
from songhe.engines.routing.travel import as_the_crow_flies
from songhe.kernel.geo import Point

_PATIENCE_MIN = 5


@dataclass(frozen=True, slots=True)
class Helper:
    """Somebody who could go. minutes: on the way, None where no place is known.

    place_at: how old the place is; from_visit: it is where she is at work, not what a phone told.
    busy_until: she is with somebody else until then, as planned. duty: whether she works now.
    next_at: somebody waits for her then, within the time that a rescue is taken to last.
    is_asked: she is asked to go to somebody now. said: what she answered here before, in words.
    """

    user_id: UUID
    name: str
    title: str
    minutes: int | None
    place_at: datetime | None
    from_visit: bool
    busy_until: datetime | None
    place: Point | None = None
    photo: str | None = None
    duty: Duty = Duty.UNKNOWN
    next_at: datetime | None = None
    is_asked: bool = False
    said: str = ""

    @property
    def off(self) -> str:
        """Return in words that she does not work now; empty while she does, or nobody knows."""
        return str(self.duty.label) if self.duty in (Duty.OFF, Duty.AWAY) else ""


@dataclass(frozen=True, slots=True)
class Where:
    """Whither somebody is to go, and whose workers go there."""

    place: Point | None
    organization_id: UUID | None


def where_of(order: Order) -> Where:
    """Return whither an order leads; a home that is on no map is taken to be in its community."""
    place = places.point(order.home.lat, order.home.lon) if order.home else None
    if place is None and order.kind == terms.OrderKind.RESCUE:
        community = regions.by_code([order.region_code]).get(order.region_code)
        place = places.point(community.lat, community.lon) if community is not None else None
    return Where(place, order.organization_id)


def provider_of(own: UUID | None, region_code: str, *, at: datetime) -> UUID | None:
    """Return whose workers go to an alarm: of who has it, else of who serves the home's region.

    An alarm that nobody took has gone on to a hospital; who goes to the door works where before.
    """
    if own is not None and access.carrying(terms.WORK, organization_id=own, at=at):
        return own
    serving = organizations.serving(region_code)
    return serving.pk if serving is not None else own


def place_of_alarm(actor: Actor, alarm_id: UUID, *, at: datetime) -> Where | None:
    """Return whither an alarm leads; None where it is of no home. Raises NoSuchAlarm."""
    alarm = alarms.get_alarm(actor, alarm_id)
    if alarm.state == State.RESOLVED or alarm.is_storm:
        return None
    if alarm.person_id is None and alarm.home_id is None:
        return None
    place = places.point(alarm.home.lat, alarm.home.lon) if alarm.home else None
    return Where(place, provider_of(alarm.organization_id, alarm.region_code, at=at))


def near(where: Where, *, at: datetime) -> list[Helper]:
    """Return the provider's care workers, free ones on duty first, then the nearest; 10 queries.

    After them come who is free and off duty, who is with somebody or is asked to go, who is on
    leave; who has no known place comes last of each.
    """
    if where.organization_id is None:
        return []
    staff = organizations.staff_of(SYSTEM, where.organization_id, at=at)
    workers = access.carrying(terms.WORK, organization_id=where.organization_id, at=at)
    lines = {line.user_id: line for line in staff if line.user_id in workers}
    found = travel_to(where, lines, at=at)
    photos = organizations.portraits_of(lines)
    working = duties(where.organization_id, lines, at=at)
    asked = _asked(lines)
    waits = {pk: rows[0].period.lower for pk, rows in waiting_for(lines, at=at).items()}
    named = [
        replace(
            found[pk],
            name=line.name,
            title=line.title,
            photo=photos.get(pk),
            duty=working[pk],
            next_at=waits.get(pk),
            is_asked=pk in asked,
        )
        for pk, line in lines.items()
    ]
    return sorted(
        named,
        key=lambda one: (
            one.duty == Duty.AWAY,
            one.busy_until is not None or one.is_asked,
            one.duty == Duty.OFF,
            one.minutes is None,
            one.minutes or 0,
            one.name,
        ),
    )


def _asked(user_ids: Iterable[UUID]) -> set[UUID]:
    """Return who is asked to go to somebody and has not answered; 1 query."""
    rows = Offer.objects.filter(worker__in=list(user_ids), answer=terms.OfferAnswer.OPEN)
    return set(rows.values_list("worker_id", flat=True))


def waiting_for(user_ids: Iterable[UUID], *, at: datetime) -> dict[UUID, list[Visit]]:
    """Return by worker the visits that begin while a rescue would last, in order; 1 query."""
    until = at + timedelta(minutes=params()["rescue"]["minutes"])
    rows = Visit.objects.filter(
        worker__in=list(user_ids), is_rescue=False, state__in=("planned", "told"),
        period__startswith__gte=at, period__startswith__lt=until,
    )  # fmt: skip
    found: dict[UUID, list[Visit]] = {}
    for row in rows.select_related("order__item__item").order_by("period"):
        found.setdefault(row.worker_id, []).append(row)
    return found


def travel_to(where: Where, user_ids: Iterable[UUID], *, at: datetime) -> dict[UUID, Helper]:
    """Return for workers how long they would need to a place; 2 queries.

    A phone that tells a place from which the way would take too long is not relied on.
    """
    most = params()["position"]["most_minutes"]
    wanted = list(user_ids)
    known = _positions(wanted, at=at)
    working = _at_work(wanted, at=at)
    found = {}
    for user_id in wanted:
        place, place_at, from_visit = known.get(user_id, (None, None, False))
        visit = working.get(user_id)
        if visit is not None and visit.state in ("arrived", "working"):
            there = where_of(visit.order).place
            if there is not None:
                place, place_at, from_visit = there, visit.arrived_at or at, True
        minutes = minutes_between(place, where.place)
        if minutes is not None and minutes > most:
            place, place_at, minutes = None, None, None
        found[user_id] = Helper(
            user_id=user_id,
            name="",
            title="",
            minutes=minutes,
            place_at=place_at,
            from_visit=from_visit,
            busy_until=visit.period.upper if visit is not None else None,
            place=place,
        )
    return found


def minutes_left(order: Order, visit: Visit, *, at: datetime) -> int | None:
    """Return how long until who set out is there, by her last known place; 2 queries.

    The way from that place less the time gone since, at least 1. None where no place is known, or
    where she should have been there for longer than the way takes: then nobody knows.
    """
    one = travel_to(where_of(order), [visit.worker_id], at=at)[visit.worker_id]
    if one.minutes is None or one.place_at is None:
        return None
    gone = max(0.0, (at - one.place_at).total_seconds() / 60)
    if gone > 2 * one.minutes + _PATIENCE_MIN:
        return None
    return max(1, round(one.minutes - gone))


def expected(
    orders: Iterable[Order], visits: Iterable[Visit], *, at: datetime
) -> dict[UUID, datetime]:
    """Return when those who are on the way should be there, by visit; 2 queries.

    The way from the last place that a phone told, added to when it did. Missing where no place is
    known, or where she should have been there for longer than the way takes.
    """
    homes = {order.pk: where_of(order).place for order in orders}
    rows = [one for one in visits if one.state == "on_way" and one.order_id in homes]
    if not rows:
        return {}
    known = travel_to(Where(None, None), {one.worker_id for one in rows}, at=at)
    found = {}
    for row in rows:
        one = known[row.worker_id]
        minutes = minutes_between(one.place, homes[row.order_id])
        if minutes is None or one.place_at is None:
            continue
        if at - one.place_at <= timedelta(minutes=2 * minutes + _PATIENCE_MIN):
            found[row.pk] = max(at, one.place_at + timedelta(minutes=minutes))
    return found


def minutes_between(place: Point | None, home: Point | None) -> int | None:
    """Return the minutes on the way as workers usually go; None where either place is unknown."""
    if place is None or home is None:
        return None
    return int(as_the_crow_flies([place, home], _mode())[0, 1])


def _mode() -> Mode:
    return usual_modes()["scooter"]


def _positions(
    user_ids: list[UUID], *, at: datetime
) -> dict[UUID, tuple[Point | None, datetime | None, bool]]:
    oldest = at - timedelta(seconds=params()["position"]["stale_s"])
    rows = Position.objects.filter(user__in=user_ids, at__gte=oldest)
    return {row.user_id: ((row.lat, row.lon), row.at, False) for row in rows}


def _at_work(user_ids: list[UUID], *, at: datetime) -> dict[UUID, Visit]:
    """Return the visits that workers are at, on the way to, or have said they go to, now."""
    rows = Visit.objects.filter(
        Q(state__in=("on_way", "arrived", "working")) | Q(state="told", is_rescue=True),
        worker__in=user_ids,
    )
    return {
        row.worker_id: row
        for row in rows.select_related("order__home").order_by("period")
        if row.state in terms.OPEN_VISITS
    }
