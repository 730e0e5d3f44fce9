"""How a rescue stands, in words and with its clock: for the alarm's page, board and order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from songhe.base.access.actor import Actor
from songhe.base.regions import selectors as regions
from songhe.domains.dispatch import helpers, selectors, terms
from songhe.domains.dispatch.lateness import due_at
from songhe.domains.dispatch.models import Offer, Order, Visit
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.terms import (
    OPEN_ORDERS,
    OPEN_VISITS,
    OfferAnswer,
    OrderState,
    VisitState,
)
from songhe.domains.monitoring import panels
from songhe.domains.monitoring import selectors as alarms
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.domains.people.terms import NO_NAME
from songhe.engines.alarms.terms import Priority
from songhe.engines.workflow.engine import history
from songhe.kit import formats


@dataclass(frozen=True, slots=True)
class Goer:
    """Somebody who goes, or is there. late: nothing was heard of her for too long."""

    worker_id: UUID
    name: str
    words: str
    since: datetime
    eta: datetime | None
    is_there: bool
    late: bool


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a rescue is: words, since when, and until when an answer is waited for.

    kind: nobody (nobody goes and nobody is asked), asked, coming, there, over. goers: who goes or
    is there, the farthest on first; late: of none of them anything was heard in time.
    """

    kind: str
    words: str
    since: datetime
    until: datetime | None = None
    eta: datetime | None = None
    goers: tuple[Goer, ...] = ()

    @property
    def late(self) -> bool:
        return bool(self.goers) and all(one.late for one in self.goers)

    @property
    def wait_s(self) -> int:
        """Return how long an answer is waited for altogether."""
        return int(params()["offer"]["answer_s"])


@dataclass(frozen=True, slots=True)
class Running:
    """One rescue of the board. since: when help was needed: the alarm rang, or somebody called.

    priority: of its alarm; a call for help counts as high. emergency_at: when 120 was told, None
    where it was not.
    """

    order: Order
    who: str
    where: str
    stage: Stage
    since: datetime
    priority: str = Priority.HIGH.value
    emergency_at: datetime | None = None

    @property
    def url(self) -> str:
        return reverse("dispatch:order", args=[self.order.pk])

    @property
    def state(self) -> str:
        """Return the state in words of alarms: filled while nobody goes, or is heard of."""
        waits = self.stage.kind in ("nobody", "asked") or self.stage.late
        return "unacknowledged" if waits else "acknowledged"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order's course."""

    time: str
    text: str
    kind: str = ""
    note: str = ""
    iso: str = ""


def stage_of(
    order: Order,
    offers: Iterable[Offer],
    visits: Iterable[Visit],
    expected: Mapping[UUID, datetime],
    *,
    at: datetime,
) -> Stage:
    """Return where an order for help stands. expected: when who is on the way should be there."""
    if order.state not in OPEN_ORDERS:
        return Stage("over", str(OrderState(order.state).label), order.ended_at or order.asked_at)
    asked = list(offers)
    going = [
        _goer(visit, asked, expected.get(visit.pk), at=at)
        for visit in visits
        if visit.state in OPEN_VISITS
    ]
    if going:
        return _going_stage(going)
    waiting = [offer for offer in asked if offer.answer == OfferAnswer.OPEN]
    if waiting:
        first = min(waiting, key=lambda offer: offer.deadline_at)
        names = _(", ").join(offer.worker.display_name for offer in waiting)
        return Stage(
            "asked", _("%(names)s asked, waiting for an answer") % {"names": names},
            first.sent_at, first.deadline_at,
        )  # fmt: skip
    return Stage("nobody", _("Nobody goes yet"), order.asked_at)


def _going_stage(going: list[Goer]) -> Stage:
    """Return the stage of those who go: as far as the one who is farthest."""
    far = datetime.max.replace(tzinfo=going[0].since.tzinfo)
    ranked = sorted(going, key=lambda one: (not one.is_there, one.late, one.eta or far, one.since))
    first = ranked[0]
    return Stage(
        "there" if first.is_there else "coming",
        _("; ").join(one.words for one in ranked),
        first.since,
        eta=None if first.is_there else first.eta,
        goers=tuple(ranked),
    )


def _goer(visit: Visit, offers: list[Offer], expected: datetime | None, *, at: datetime) -> Goer:
    name = {"name": visit.worker.display_name}
    taken = [one for one in offers if one.worker_id == visit.worker_id and one.answered_at]
    minutes = taken[-1].travel_minutes if taken else None
    due = due_at(visit, minutes)
    late = due is not None and at >= due and expected is None
    is_there = visit.state in (VisitState.ARRIVED, VisitState.WORKING)
    eta = None
    if is_there:
        since = visit.arrived_at or visit.began_at or visit.period.lower
        words = _("%(name)s is there") % name
        if late:
            words = _("%(name)s is there, and nothing was heard since") % name
    else:
        since = visit.set_off_at or visit.told_at or visit.period.lower
        eta = expected
        if eta is None and minutes is not None and not late:
            eta = since + timedelta(minutes=minutes)
        is_off = visit.state == VisitState.ON_WAY
        words = (_("%(name)s is on the way") if is_off else _("%(name)s goes")) % name
        if late:
            said = (
                _("%(name)s should be there by now")
                if is_off
                else _("%(name)s took it and has not set off")
            )
            words = said % name
    return Goer(visit.worker_id, visit.worker.display_name, words, since, eta, is_there, late)


def stages(orders: list[Order], *, at: datetime) -> dict[UUID, Stage]:
    """Return where each of some orders stands; 4 queries."""
    ids = [order.pk for order in orders]
    offers: dict[UUID, list[Offer]] = {}
    visits: dict[UUID, list[Visit]] = {}
    for offer in selectors.offers_in(ids):
        offers.setdefault(offer.order_id, []).append(offer)
    for visit in selectors.visits_in(ids):
        visits.setdefault(visit.order_id, []).append(visit)
    going = [one for some in visits.values() for one in some]
    expected = helpers.expected(orders, going, at=at)
    return {
        order.pk: stage_of(
            order, offers.get(order.pk, []), visits.get(order.pk, []), expected, at=at
        )
        for order in orders
    }


def running(actor: Actor, *, at: datetime) -> list[Running]:
    """Return every rescue that is not over, the ones where nobody goes first; 9 queries.

    Those of whose helpers nothing is heard stand among them. Within a stage who waits the longest
    is first.
    """
    orders = list(selectors.open_orders(actor, kind="rescue").select_related("home")[:200])
    rang = alarms.rang([order.source_ref for order in orders])
    found = stages(orders, at=at)
    persons = people.person_views(actor, [order.person_id for order in orders])
    names = regions.by_code(sorted({order.region_code for order in orders}))
    told = selectors.emergencies_in(order.pk for order in orders)
    rank = {"nobody": 0, "asked": 1, "coming": 2, "there": 3, "over": 4}
    lines = [
        Running(
            order=order,
            who=short_name(persons.get(order.person_id)),
            where=_place(names.get(order.region_code)),
            stage=found[order.pk],
            since=rang[order.source_ref][1] if order.source_ref in rang else order.asked_at,
            priority=rang[order.source_ref][0] if order.source_ref in rang else Priority.HIGH.value,
            emergency_at=told.get(order.pk),
        )
        for order in orders
    ]
    return sorted(lines, key=lambda one: (not one.stage.late and rank[one.stage.kind], one.since))


def short_name(person: PersonView | None) -> str:
    """Return a name for a list that many see: masked, and "no name" in words."""
    if person is None:
        return ""
    return _("Name not known") if person.name == NO_NAME else people.masked_name(person.name)


def _place(region: Any) -> str:
    return "" if region is None else panels.local_name(region.name, region.name_en)


@dataclass(frozen=True, slots=True)
class PlaceCount:
    """A community on the board: how many rescues run there, and since when the oldest."""

    code: str
    name: str
    count: int
    since: datetime


def by_place(running: Iterable[Running]) -> list[PlaceCount]:
    """Return the communities with rescues, the oldest clock first."""
    found: dict[str, list[Running]] = {}
    for one in running:
        found.setdefault(one.order.region_code, []).append(one)
    rows = [
        PlaceCount(code, some[0].where, len(some), min(one.since for one in some))
        for code, some in found.items()
    ]
    return sorted(rows, key=lambda one: one.since)


def course(order: Order, *, at: datetime) -> list[Line]:
    """Return what happened to an order, oldest first: asked, answered, on the way, done."""
    found: list[tuple[datetime, Line]] = []

    def add(moment: datetime, text: str, kind: str = "", note: str = "") -> None:
        time = formats.clock_and_day(moment, at)
        found.append((moment, Line(time, text, kind, note, moment.isoformat())))

    who = order.asked_by_name or _("the system")
    add(order.asked_at, _("Ordered by %(who)s") % {"who": who})
    for offer in selectors.offers_of(order):
        name = {"name": offer.worker.display_name}
        note = ""
        if offer.travel_minutes is not None:
            note = _("about %(n)d min away") % {"n": round(offer.travel_minutes)}
        add(offer.sent_at, _("%(name)s was asked") % name, note=note)
        if offer.answered_at is not None and offer.answer != OfferAnswer.WITHDRAWN:
            said = str(OfferAnswer(offer.answer).label)
            text = _("%(name)s: %(said)s") % (name | {"said": said})
            kind = "done" if offer.answer == OfferAnswer.TAKEN else "unknown"
            add(offer.answered_at, text, kind, offer.reason)
    for visit in selectors.visits_of(order):
        for moment, text, kind, note in _visit_lines(visit):
            add(moment, text, kind, note)
    if order.state in (OrderState.CANCELLED, OrderState.FAILED):
        for one in history(order):
            if one.target == order.state:
                by = one.user_name if one.user_id else _("the system")
                add(one.at, _("%(who)s ended it") % {"who": by}, "unknown", one.note)
    found.sort(key=lambda one: one[0])
    return [line for _moment, line in found]


def _visit_lines(visit: Visit) -> list[tuple[datetime, str, str, str]]:
    name = {"name": visit.worker.display_name}
    lines = []
    if visit.set_off_at is not None:
        lines.append((visit.set_off_at, _("%(name)s set off") % name, "", ""))
    if visit.arrived_at is not None:
        lines.append(
            (visit.arrived_at, _("%(name)s was at the door") % name, "", arrival_words(visit))
        )
    if visit.began_at is not None:
        lines.append((visit.began_at, _("%(name)s began") % name, "", ""))
    if visit.state == VisitState.CANCELLED:
        back = [one.at for one in history(visit) if one.target == VisitState.CANCELLED]
        lines += [(moment, _("%(name)s was called back") % name, "unknown", "") for moment in back]
    if visit.ended_at is not None:
        done = visit.state == VisitState.DONE
        text = _("%(name)s was done") if done else _("%(name)s could not carry it out")
        note = "" if done else str(visit.get_why_not_display())
        lines.append((visit.ended_at, text % name, "done" if done else "unknown", note))
    return lines


def arrival_words(visit: Visit) -> str:
    """Return how an arrival was shown, and how far away where that is too far."""
    said = [str(visit.get_arrived_by_display())] if visit.arrived_by else []
    why = terms.said(terms.NotHerDoor, visit.place_reason)
    if selectors.is_far(visit) and visit.distance_m is not None:
        said.append(_("%(n)d m from the home") % {"n": round(visit.distance_m)})
        said.append(why or _("no reason given"))
    elif why:
        said.append(why)
    return " · ".join(said)
