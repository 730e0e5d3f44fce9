"""A worker's day: her visits in order, with what one must know at each door and what is done."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from songhe.base import vault
from songhe.base.access.actor import Actor
from songhe.base.files import selectors as files
from songhe.base.regions import selectors as regions
from songhe.domains.catalog.terms import Limit, Step
from songhe.domains.dispatch import measuring, own_words, places, selectors, terms
from songhe.domains.dispatch.models import DoorCode, Happening, Offer, Order, Visit
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.terms import HappeningKind, OrderKind
from songhe.domains.monitoring import panels as alarm_panels
from songhe.domains.monitoring import selectors as alarms
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import ContactLine, FactLine, PersonView
from songhe.domains.people.terms import FactKind
from songhe.engines.routing.terms import usual_modes
from songhe.engines.routing.travel import as_the_crow_flies
from songhe.kernel.errors import NotFound, SongheError
from songhe.kernel.geo import Point
from songhe.kit import formats

_EARLY = timedelta(hours=12)  # of tomorrow: what the phone may hold of it
_DONE_BY = (
    HappeningKind.STEP, HappeningKind.PHOTO, HappeningKind.SIGNATURE, HappeningKind.MEASURE,
)  # fmt: skip


class NoSuchVisit(NotFound):
    code = "dispatch.no_such_visit"
    message = "This visit is not yours, or it is not open any more."


@dataclass(frozen=True, slots=True)
class WorkStep:
    """One step at the door. kind: what a phone tells when it is done.

    code: of a step of the catalogue, "" for set off, arrived, begun and done. at: when it was done,
    None while it is not; is_left_out: it was left out with a reason. is_wrong: of the arrival, that
    a code was told which is not of this visit or door. did: what she did with a value beyond its
    limit, None where none was.
    """

    kind: str
    code: str
    zh: str
    en: str
    evidence: str = "none"
    codes: tuple[str, ...] = ()
    required: bool = False
    most_minutes: int | None = None
    stop_zh: str = ""
    stop_en: str = ""
    limits: tuple[Limit, ...] = ()
    at: datetime | None = None
    is_left_out: bool = False
    did: measuring.Did | None = None
    is_wrong: bool = False

    @property
    def key(self) -> str:
        """Return what tells the step from the others of its visit."""
        return self.code or self.kind


@dataclass(frozen=True, slots=True)
class DayVisit:
    """A visit in its place of the day. minutes: on the way from the one before, as a scooter goes.

    where: the home's address, or its community where the home is not open any more. along: who
    comes along, where the item takes several at once. door: the digest of the code at its door, so
    that a phone knows a wrong one without a signal; "" where no code hangs there. why: what rang,
    of help at once, and that 120 was told.
    """

    visit: Visit
    order: Order
    number: int
    count: int
    person: PersonView | None
    facts: tuple[FactLine, ...]
    where: str
    place: Point | None
    minutes: int | None
    steps: tuple[WorkStep, ...]
    heard_at: datetime | None
    happened: int
    door: str
    along: tuple[str, ...] = ()
    why: str = ""

    @property
    def is_over(self) -> bool:
        return self.visit.state not in terms.OPEN_VISITS

    @property
    def is_rescue(self) -> bool:
        return self.order.kind == OrderKind.RESCUE

    @property
    def is_wrong(self) -> bool:
        """Tell whether she arrived with a code that was not the right one."""
        return any(step.is_wrong for step in self.steps)

    @property
    def current(self) -> WorkStep | None:
        """Return the step that comes next; None once the visit is over."""
        if self.is_over:
            return None
        return next((step for step in self.steps if step.at is None), None)


@dataclass(frozen=True, slots=True)
class DayOffer:
    """Somebody asks whether the worker can go now; whom to is told once she goes."""

    offer: Offer
    where: str


@dataclass(frozen=True, slots=True)
class CalledOff:
    """A visit that a worker was told of and need not make: when, and what."""

    id: UUID
    what: str


@dataclass(frozen=True, slots=True)
class Day:
    """What a worker has before her, and what of it not any more. until: the phone forgets it."""

    visits: tuple[DayVisit, ...]
    offers: tuple[DayOffer, ...]
    off: tuple[CalledOff, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class Sheet:
    """One visit with all that one must know at the door."""

    line: DayVisit
    phone: str | None
    contacts: tuple[ContactLine, ...]
    note: str


def day_of(actor: Actor, *, at: datetime) -> Day:
    """Return the actor's visits of today and tomorrow morning, and what she is asked now.

    A visit of last night stays while it is not over and its person is open to her. The phone
    keeps the day as long as the last visit in it is open (``dispatch.yaml``, ``grant``), and until
    midnight at least: a visit over midnight, and one of the early morning, are done without a
    signal too. As many queries for many visits as for one.
    """
    today = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = today + timedelta(days=1)
    after = timedelta(hours=params()["grant"]["after_h"])
    visits = [
        one
        for one in selectors.my_visits(actor, min(today, at - after), tomorrow + _EARLY)
        if one.period.upper > today or one.state in terms.OPEN_VISITS
    ]
    offers = selectors.my_offers(actor) if actor.may(terms.WORK) else []
    orders = [one.order for one in visits] + [one.order for one in offers]
    codes = {order.region_code for order in orders}
    names = regions.names(sorted(codes)) if codes else {}
    return Day(
        visits=tuple(_lines(actor, visits, names, at=at)),
        offers=tuple(DayOffer(one, names.get(one.order.region_code, "")) for one in offers),
        off=_off(actor, at - after, tomorrow + _EARLY),
        until=max([tomorrow, *(one.period.upper + after for one in visits)]),
    )


def _off(actor: Actor, since: datetime, until: datetime) -> tuple[CalledOff, ...]:
    """Return what was called off of what the worker was told; 1 query."""
    rows = Visit.objects.filter(
        worker=actor.user_id, state=terms.VisitState.CANCELLED, told_at__isnull=False,
        period__overlap=(since, until),
    )  # fmt: skip
    return tuple(
        CalledOff(one.pk, f"{formats.moment(one.period.lower)} {own_words.title(one.order)}")
        for one in rows.select_related("order__item").order_by("period")
    )


def sheet_of(actor: Actor, visit_id: UUID, *, at: datetime) -> Sheet:
    """Return one visit of the actor's day; the look is audited. Raises NoSuchVisit."""
    line = next((one for one in day_of(actor, at=at).visits if one.visit.pk == visit_id), None)
    if line is None:
        raise NoSuchVisit
    person = line.person
    note = line.order.note_sealed
    if person is not None:
        people.get_person(actor, person.id, at=at)
    return Sheet(
        line=line,
        phone=people.phone_of(person) if person is not None else None,
        contacts=tuple(people.contacts_of(actor, person)) if person is not None else (),
        note=vault.unseal(note, field=Order.NOTE, pk=line.order.pk) if note and person else "",
    )


def _lines(
    actor: Actor, visits: list[Visit], names: dict[str, str], *, at: datetime
) -> Iterable[DayVisit]:
    ids = [visit.order.person_id for visit in visits]
    persons = people.person_views(actor, ids)
    facts = people.facts_of(persons, at=at)
    told: dict[UUID, list[Happening]] = {}
    for row in Happening.objects.filter(visit__in=visits).order_by("at", "id"):
        told.setdefault(row.visit_id, []).append(row)
    along, why = _along(visits), _why([one.order for one in visits])
    codes = selectors.door_codes([one.order.home_id for one in visits if one.order.home_id])
    before: Point | None = None
    for number, visit in enumerate(visits, 1):
        order = visit.order
        person = persons.get(order.person_id)
        home = order.home if person is not None and "home" in person.fields else None
        place = places.point(home.lat, home.lon) if home is not None else None
        rows = told.get(visit.pk, [])
        yield DayVisit(
            visit=visit,
            order=order,
            number=number,
            count=len(visits),
            person=person,
            facts=tuple(
                one for one in facts.get(order.person_id, ()) if one.kind != FactKind.MEDICINE
            ),
            where=(home.address if home is not None else "") or names.get(order.region_code, ""),
            place=place,
            minutes=_minutes(before, place),
            steps=tuple(steps_of(visit, item_steps(order), rows)),
            heard_at=max((row.received_at for row in rows), default=None),
            happened=len(rows),
            door=_door(codes, order),
            along=tuple(along.get(visit.pk, ())),
            why=why.get(order.pk, "") if person is not None else "",
        )
        before = place or before


def _why(orders: list[Order]) -> dict[UUID, str]:
    """Return why one goes at once; 2 queries where somebody does, else none."""
    rescues = [one for one in orders if one.kind == OrderKind.RESCUE]
    if not rescues:
        return {}
    rang = alarms.titles(one.source_ref for one in rescues)
    told = selectors.emergencies_in(one.pk for one in rescues)
    return {
        one.pk: alarm_panels.facts(
            [
                *rang.get(one.source_ref, [_("a call for help by telephone")]),
                _("120 told at %(time)s") % {"time": formats.clock(told[one.pk])}
                if one.pk in told
                else "",
            ]
        )
        for one in rescues
    }


def _along(visits: list[Visit]) -> dict[UUID, list[str]]:
    """Return who comes along at each visit; 1 query where an item takes several, else none."""
    shared = {
        one.order_id: one.pk
        for one in visits
        if one.order.item is not None and one.order.item.workers_needed > 1
    }
    found: dict[UUID, list[str]] = {}
    rows = Visit.objects.filter(order__in=list(shared)).exclude(state__in=("planned", "cancelled"))
    others = rows.exclude(pk__in=list(shared.values())).select_related("worker")
    for row in others.order_by("worker__display_name") if shared else ():
        found.setdefault(shared[row.order_id], []).append(row.worker.display_name)
    return found


def _door(codes: dict[UUID, DoorCode], order: Order) -> str:
    code = codes.get(order.home_id) if order.home_id else None
    return bytes(code.digest).hex() if code is not None else ""


def _minutes(here: Point | None, there: Point | None) -> int | None:
    if here is None or there is None:
        return None
    return int(as_the_crow_flies([here, there], usual_modes()["scooter"])[0, 1])


def item_steps(order: Order) -> tuple[Step, ...]:
    """Return the steps of what was ordered, as its version of the catalogue says."""
    return () if order.item is None else tuple(Step.of(one) for one in order.item.steps)


def steps_of(visit: Visit, item: Iterable[Step], told: Iterable[Happening]) -> list[WorkStep]:
    """Return the steps of a visit in order: set off, arrived, those of the item, done.

    A service without an item is begun and done; help at once has set off, arrived and done.
    """
    rows = list(told)
    wanted = tuple(item)
    inner = [
        WorkStep(
            kind=step.evidence if step.evidence in ("photo", "signature", "measure") else "step",
            code=step.code,
            zh=step.zh,
            en=step.en,
            evidence=step.evidence,
            codes=step.codes,
            required=step.required,
            most_minutes=step.most_minutes,
            stop_zh=step.stop_zh,
            stop_en=step.stop_en,
            limits=step.limits,
        )
        for step in wanted
    ]
    if not inner and not visit.is_rescue:
        inner = [_plain(HappeningKind.BEGAN)]
    steps = [_plain(HappeningKind.SET_OFF), _plain(HappeningKind.ARRIVED), *inner,
             _plain(HappeningKind.DONE)]  # fmt: skip
    return [_marked(step, visit, rows) for step in steps]


def _plain(kind: HappeningKind) -> WorkStep:
    return WorkStep(kind=kind.value, code="", zh="", en="")


def _marked(step: WorkStep, visit: Visit, rows: list[Happening]) -> WorkStep:
    """Return the step with when it was done. What comes later says that the way is behind her."""
    if step.code:
        mine = [row for row in rows if row.step == step.code]
        done = next((row for row in mine if row.kind in _DONE_BY), None)
        skipped = next((row for row in mine if row.kind == HappeningKind.SKIPPED), None)
        found = done or skipped
        return replace(
            step,
            at=found.at if found else None,
            is_left_out=done is None and found is not None,
            did=measuring.did_of(done.data) if done else None,
        )
    clocks = {
        "set_off": visit.set_off_at or visit.arrived_at or visit.began_at,
        "arrived": visit.arrived_at or visit.began_at,
        "began": visit.began_at,
        "done": visit.ended_at,
    }
    wrong = step.kind == HappeningKind.ARRIVED and any(
        row.kind == HappeningKind.ARRIVED and row.data.get("wrong") for row in rows
    )
    return replace(step, at=clocks[step.kind], is_wrong=wrong)


def title_of(line: DayVisit) -> str:
    """Return what is to be done at a visit, in words of the reader's language."""
    item = line.order.item
    if item is None:
        return _("Help at once") if line.is_rescue else _("Service")
    return item.name


def own_portrait(actor: Actor, *, at: datetime) -> str:
    """Return the worker's own portrait, small, as a data URI that a kept page carries; "" without.

    What elders see of her, she sees herself, without a signal, too.
    """
    photo = organizations.portraits_of([actor.user_id]).get(actor.user_id) if actor.user_id else ""
    if not photo:
        return ""
    try:
        opened = files.open_file(actor, UUID(photo), at=at, small=True)
    except SongheError:
        return ""
    return f"data:{opened.media.value};base64,{base64.b64encode(opened.body).decode()}"
