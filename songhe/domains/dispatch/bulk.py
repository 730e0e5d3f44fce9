"""Taking over a provider's services at once (another system's data, the demo county).

The same rows as the services write one by one: what comes every week, what was done with what
phones told and proved, what workers have been told of. A load publishes no events and tells nobody:
done visits are judged at once, the money of what was done is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange, DateTimeTZRange
from django.utils import timezone

from songhe.base import vault
from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.access.wall import lifted
from songhe.base.audit import services as audit
from songhe.base.database.copying import copy_in
from songhe.base.files import services as files
from songhe.base.regions.days import day_of
from songhe.domains.catalog import selectors as catalog
from songhe.domains.catalog.selectors import PriceView, VersionView
from songhe.domains.dispatch import ordering, places, signing, terms
from songhe.domains.dispatch.models import Complaint, Happening, Order, Rating, Series, Visit
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.services import evidence
from songhe.domains.dispatch.services.happenings import Told
from songhe.domains.dispatch.services.proofs import PROOF
from songhe.domains.dispatch.services.series import Wanted, turns
from songhe.domains.dispatch.services.telling_people import source_of
from songhe.domains.dispatch.services.visits import OPENED
from songhe.domains.dispatch.terms import (
    About,
    ComplaintState,
    Face,
    HappeningKind,
    OrderKind,
    OrderState,
    Source,
    VisitState,
)
from songhe.domains.people import selectors as people
from songhe.domains.subsidies import services as subsidies
from songhe.engines.workflow.models import Transition
from songhe.kernel.errors import Denied

# What a happening makes of a visit: the step of its life, its state then, its clock.
_MOVES = {
    HappeningKind.SET_OFF: ("set_off", VisitState.ON_WAY, "set_off_at"),
    HappeningKind.ARRIVED: ("arrive", VisitState.ARRIVED, "arrived_at"),
    HappeningKind.BEGAN: ("begin", VisitState.WORKING, "began_at"),
    HappeningKind.DONE: ("finish", VisitState.DONE, "ended_at"),
}


@dataclass(frozen=True, slots=True)
class Heard:
    """What a phone told, when it reached us, and the picture that it is about (b"" for none)."""

    told: Told
    received_at: datetime
    content: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVisit:
    """One worker's part. id: as in what her phone told."""

    id: UUID
    worker_id: UUID
    begins_at: datetime
    ends_at: datetime
    told_at: datetime
    heard: Sequence[Heard] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grievance:
    """A complaint. answer "" while it is open."""

    about: About
    words: str
    at: datetime
    answer: str = ""
    answered_at: datetime | None = None
    answered_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewService:
    """A service that was done, goes on or was told. series: place of its series in the load."""

    person_id: UUID
    item_code: str
    window: tuple[datetime, datetime]
    visits: Sequence[NewVisit]
    asked_at: datetime
    series: int | None = None
    sex_wish: str = ""
    face: Face | None = None
    grievance: Grievance | None = None


@dataclass(frozen=True, slots=True)
class NewSeries:
    """What comes to a person again and again; as `services.make_series` takes it."""

    person_id: UUID
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many orders and visits a load made."""

    orders: int
    visits: int


@dataclass(slots=True)
class _Load:
    """The rows of one load, gathered and then written table by table."""

    actor: Actor
    organization_id: UUID
    at: datetime
    homes: dict[UUID, Any]
    series: list[Series] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    ratings: list[Rating] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)
    pictures: list[tuple[Visit, UUID, Heard]] = field(default_factory=list)
    known: dict[tuple[str, str], tuple[VersionView, PriceView | None]] = field(default_factory=dict)
    rows: dict[UUID, Any] = field(default_factory=dict)
    said: dict[tuple[UUID, str, int], Any] = field(default_factory=dict)

    def begin(self, new: NewSeries) -> None:
        wanted, home = new.wanted, self.homes[new.person_id]
        catalog.version_at(wanted.item_code, self.at)
        row = Series(
            person_id=new.person_id, organization_id=self.organization_id,
            region_code=home.region_code, item_code=wanted.item_code, rule=wanted.rule,
            begins=wanted.begins, ends=wanted.ends, rests_on_holidays=wanted.rests_on_holidays,
            worker_wish_id=wanted.worker_wish, sex_wish=wanted.sex_wish,
            period=DateRange(wanted.since, wanted.until),
            asked_at=self.at, asked_by=self.actor.user_id,
            made_until=day_of(self.at) + timedelta(days=params()["series"]["ahead_days"]),
        )  # fmt: skip
        self.series.append(row)

    def ahead(self, given: set[tuple[int | None, date]]) -> None:
        """Make the turns that lie ahead and were not given, as `make_turns` would."""
        today, zone = day_of(self.at), timezone.get_default_timezone()
        until = today + timedelta(days=params()["series"]["ahead_days"])
        for number, row in enumerate(self.series):
            for day in turns(row).days(max(today, row.period.lower), until):
                begins, ends = (datetime.combine(day, at, zone) for at in (row.begins, row.ends))
                if ends > self.at and (number, day) not in given:
                    self.order(
                        row.person_id, row.item_code, (begins, ends), asked_at=self.at,
                        series=number, sex_wish=row.sex_wish,
                    )  # fmt: skip

    def order(
        self,
        person_id: UUID,
        item_code: str,
        window: tuple[datetime, datetime],
        *,
        asked_at: datetime,
        series: int | None,
        sex_wish: str,
    ) -> Order:
        home, on = self.homes[person_id], day_of(window[0])
        item, price = self._item(item_code, home.region_code, on)
        order = Order(
            kind=OrderKind.SERVICE,
            source=Source.WISH if series is None else Source.SERIES,
            source_ref="" if series is None else f"dispatch.Series/{self.series[series].pk}"
            f"/{on:%Y%m%d}",
            person_id=person_id, home=home, region_code=home.region_code,
            organization_id=self.organization_id, window=DateTimeTZRange(*window),
            sex_wish=sex_wish,
            item_id=item.id, asked_at=asked_at, asked_by=self.actor.user_id,
            asked_by_name="" if self.actor.is_system else self.actor.display_name,
        )  # fmt: skip
        if item.id not in self.rows:
            self.rows[item.id] = order.item
        order.item = self.rows[item.id]
        if price is not None:
            order.gross_fen = ordering.gross_fen(price, item.duration_minutes)
            self._money(order, item.kind, on)
        self.orders.append(order)
        return order

    def _item(self, code: str, region: str, on: date) -> tuple[VersionView, PriceView | None]:
        """Return an item and its price on a day, asked for again only where they may be others."""
        item, price = self.known.get((code, region), (None, None))
        if item is None or not _holds(item, on) or not (price is None or _holds(price, on)):
            item = catalog.version_at(code, on)
            price = catalog.price(code, self.organization_id, region, on)
            self.known[code, region] = (item, price)
        return item, price

    def _money(self, order: Order, kind: str, on: date) -> None:
        """Write down who pays; only where others pay a part something is set aside."""
        if not order.gross_fen:
            return
        key = (order.person_id, kind, order.gross_fen)
        if key not in self.said:
            quote = subsidies.quote(
                person_id=order.person_id, item_kind=kind, gross_fen=order.gross_fen, on=on
            )
            self.said[key] = quote.stored() if quote.own_fen == order.gross_fen else None
        order.shares = self.said[key]
        if order.shares is None:
            order.shares = subsidies.hold(
                actor=self.actor, ref=f"dispatch.Order/{order.pk}", person_id=order.person_id,
                item_kind=kind, gross_fen=order.gross_fen, on=on, at=order.asked_at,
            ).stored()  # fmt: skip

    def service(self, new: NewService) -> None:
        order = self.order(
            new.person_id, new.item_code, new.window, asked_at=new.asked_at, series=new.series,
            sex_wish=new.sex_wish,
        )  # fmt: skip
        made = [self._visit(order, one) for one in new.visits]
        self._follow(order, made)
        if new.face is not None and order.ended_at is not None:
            told_at = order.ended_at + timedelta(hours=2)
            self.ratings.append(Rating(order=order, face=new.face, told_at=told_at))
            self._went(order, "close", OrderState.CLOSED, told_at)
        if new.grievance is not None:
            self.complaints.append(_complaint(order, new.grievance))

    def _visit(self, order: Order, new: NewVisit) -> Visit:
        visit = Visit(
            id=new.id, order=order, worker_id=new.worker_id, state=VisitState.PLANNED,
            period=DateTimeTZRange(new.begins_at, new.ends_at), code=places.new_family_code(),
            told_at=new.told_at,
        )  # fmt: skip
        self._went(visit, "tell", VisitState.TOLD, new.told_at)
        for one in new.heard:
            self._hear(order, visit, one)
        self.visits.append(visit)
        return visit

    def _hear(self, order: Order, visit: Visit, one: Heard) -> None:
        told = one.told
        data = dict(told.data)
        if told.kind == HappeningKind.SIGNATURE:
            words = signing.words_of(order, visit, "zh")
            signed = {"how": "drawn", "words": words.words, "language": words.language}
            data["signed"] = signing.kept(signed, order, visit)
        row = Happening(
            id=told.id, visit=visit, kind=told.kind, user_id=visit.worker_id,
            device_at=told.device_at, offset_s=0.0, at=told.device_at, received_at=one.received_at,
            way=told.way, lat=told.lat, lon=told.lon, accuracy_m=told.accuracy_m, step=told.step,
            file=told.file, data=data,
        )  # fmt: skip
        self.happenings.append(row)
        if one.content:
            self.pictures.append((visit, UUID(told.file), one))
        if told.kind not in _MOVES:
            return
        step, state, clock = _MOVES[HappeningKind(told.kind)]
        setattr(visit, clock, told.device_at)
        if told.kind == HappeningKind.ARRIVED:
            home = self.homes[order.person_id]
            here, there = places.point(told.lat, told.lon), places.point(home.lat, home.lon)
            visit.arrived_by, visit.distance_m = told.way, places.apart_m(here, there)
        if told.kind == HappeningKind.DONE:
            visit.missing = list(data.get("missing", []))
        self._went(visit, step, state, told.device_at, by=visit.worker_id)

    def _follow(self, order: Order, made: list[Visit]) -> None:
        """Bring an order to what its visits say."""
        told = [one.told_at for one in made if one.told_at]
        self._went(order, "plan", OrderState.PLANNED, min(told))
        begun = [one.set_off_at or one.arrived_at for one in made]
        if any(begun):
            self._went(order, "set_out", OrderState.UNDER_WAY, min(at for at in begun if at))
        if all(one.state == VisitState.DONE for one in made):
            order.ended_at = max(one.ended_at for one in made if one.ended_at)
            self._went(order, "finish", OrderState.DONE, order.ended_at)

    def _went(
        self, row: Order | Visit, step: str, state: str, at: datetime, by: UUID | None = None
    ) -> None:
        one = Transition(
            ref=f"{row._meta.label}/{row.pk}", name=step, source=str(row.state), target=state,
            user_id=by, user_name="" if by else SYSTEM.display_name, at=at, note="",
        )  # fmt: skip
        self.transitions.append(one)
        row.state = state

    def write(self) -> Loaded:
        copy_in(Series, self.series)
        copy_in(Order, self.orders)
        copy_in(Visit, self.visits)
        copy_in(Happening, self.happenings)
        copy_in(Transition, self.transitions)
        copy_in(Rating, self.ratings)
        copy_in(Complaint, self.complaints)
        for visit, number, one in self.pictures:
            files.keep(
                content=one.content, kind=PROOF, name=f"{one.told.step or 'photo'}.jpg",
                ref=f"dispatch.Visit/{visit.pk}", by=self.actor, at=one.received_at,
                file_id=number, person_id=visit.order.person_id,
            )  # fmt: skip
        self._open()
        rows: list[Series | Order] = [*self.series, *self.orders]
        changes = [
            (terms.MAKE, f"{row._meta.label}/{row.pk}", self.at, {"taken_over": str(row.state)})
            for row in rows
        ]
        audit.record_changes(actor=self.actor, changes=changes)
        done = [one for one in self.visits if one.state == VisitState.DONE]
        evidence.judge_all([one.pk for one in done], at=self.at)
        return Loaded(len(self.orders), len(self.visits))

    def _open(self) -> None:
        """Open the persons of visits that are told to their workers, as publishing a week does."""
        after = timedelta(hours=params()["grant"]["after_h"])
        told = [
            one
            for one in self.visits
            if one.state in terms.OPEN_VISITS and one.period.upper + after > self.at
        ]
        openings = [
            access.Opening(
                user_id=one.worker_id, subject_type="people.Person",
                subject_id=one.order.person_id, source=source_of(one),
                until=one.period.upper + after,
            )
            for one in told
        ]  # fmt: skip
        access.grant_all(
            actor=SYSTEM, openings=openings, purpose="visit", field_classes=OPENED, at=self.at
        )


def _holds(one: VersionView | PriceView, on: date) -> bool:
    return one.since <= on and (one.until is None or on < one.until)


def _complaint(order: Order, new: Grievance) -> Complaint:
    row = Complaint(
        order=order,
        about=new.about,
        answer_by=day_of(new.at) + timedelta(days=params()["complaint"]["answer_days"]),
        told_at=new.at,
    )
    row.words_sealed = vault.seal(new.words, field=Complaint.WORDS, pk=row.pk)
    if new.answer:
        row.state = ComplaintState.ANSWERED
        row.answer_sealed = vault.seal(new.answer, field=Complaint.ANSWER, pk=row.pk)
        row.answered_at, row.answered_by_name = new.answered_at, new.answered_by
    return row


@transaction.atomic
def take_over(
    *,
    actor: Actor,
    organization_id: UUID,
    series: Sequence[NewSeries],
    services: Iterable[NewService],
    at: datetime,
) -> Loaded:
    """Write series with the turns that lie ahead, and services with their visits, all or nothing.

    A turn that is among the services is not made again. Done visits are judged; photographs are
    kept under the number that what was told gives. Raises Denied for all but the system,
    NotInCatalog, NoSuchPerson, PersonHasDied, what `files.keep` raises.
    """
    if not actor.is_system:
        raise Denied(action=terms.MAKE)
    some = list(services)
    persons = {one.person_id for one in series} | {one.person_id for one in some}
    people.all_live(persons)
    with lifted():
        load = _Load(actor, organization_id, at, people.homes_by_person(persons, at=at))
        for new in series:
            load.begin(new)
        for one in some:
            load.service(one)
        load.ahead({(one.series, day_of(one.window[0])) for one in some})
        return load.write()
