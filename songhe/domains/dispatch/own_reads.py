"""What the person herself and her people see of services: who comes next, what was, what was said.

Only of persons who are the actor's own by a grant; whatever else a role opens is not among it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, When
from django.db.models.functions import Coalesce, Lower

from songhe.base import vault
from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.base.accounts.models import User
from songhe.base.audit import services as audit
from songhe.domains.catalog.terms import ICONS
from songhe.domains.dispatch import helpers, own_words, terms
from songhe.domains.dispatch.models import Complaint, Order, Rating, Visit
from songhe.domains.dispatch.policies import own_people
from songhe.domains.dispatch.selectors import NoSuchOrder
from songhe.domains.dispatch.terms import ComplaintState, Face, OrderKind, OrderState, VisitState
from songhe.domains.organizations import selectors as organizations
from songhe.domains.organizations.selectors import Organization
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView

_RATED = (OrderState.DONE, OrderState.CLOSED, OrderState.FAILED)
# How long a service waits at the top of what was, for a word about it.
_WAITS = timedelta(days=14)
_CALLED_OFF = (OrderState.ASKED, OrderState.ACCEPTED, OrderState.PLANNED)
_THERE = (VisitState.ARRIVED, VisitState.WORKING)


@dataclass(frozen=True, slots=True)
class Comer:
    """Somebody who comes, or came. photo: a file, None where there is none."""

    user_id: UUID
    name: str
    title: str
    about: str
    photo: str | None


@dataclass(frozen=True, slots=True)
class OwnVisit:
    """One worker's coming. minutes: how far away she is now, None where that is not known."""

    visit: Visit
    comer: Comer
    minutes: int | None = None

    @property
    def is_open(self) -> bool:
        return self.visit.state in terms.OPEN_VISITS

    @property
    def code(self) -> str:
        """Return the six digits for the door; "" once she is in, or has gone."""
        ahead = self.is_open and self.visit.state != VisitState.WORKING
        return self.visit.code if ahead else ""


@dataclass(frozen=True, slots=True)
class OwnService:
    """A service of one's own people. words: how it stands; when: when it is, or was."""

    order: Order
    person: PersonView | None
    title: str
    icon: str
    when: str
    words: str
    visits: tuple[OwnVisit, ...]
    may_call_off: bool
    face: Face | None
    may_rate: bool
    complaint: ComplaintState | None

    @property
    def coming(self) -> tuple[OwnVisit, ...]:
        """Return who is still to come, or is there."""
        return tuple(one for one in self.visits if one.is_open)

    @property
    def came(self) -> tuple[OwnVisit, ...]:
        """Return who was there."""
        return tuple(one for one in self.visits if one.visit.state == VisitState.DONE)

    @property
    def is_on_way(self) -> bool:
        return any(one.visit.state == VisitState.ON_WAY for one in self.visits)

    @property
    def is_over(self) -> bool:
        return self.order.state not in terms.OPEN_ORDERS


@dataclass(frozen=True, slots=True)
class Said:
    """A complaint about a service, with its answer where there is one.

    by: whose it is, "" where it is one's own.
    """

    row: Complaint
    words: str
    answer: str
    by: str


@dataclass(frozen=True, slots=True)
class OwnSheet:
    """One service with all that was said of it. note: what was written for the worker.

    rated_by: whose the face is, "" where it is one's own.
    """

    service: OwnService
    note: str
    rated_words: str
    rated_by: str
    complaints: tuple[Said, ...]
    organization: Organization | None


def has_own(actor: Actor) -> bool:
    """Tell whether the actor has anybody whose services are her own; no query."""
    return bool(own_people(actor))


def persons(actor: Actor) -> list[PersonView]:
    """Return the living for whom the actor may order, by name; 1 query."""
    rows = people.list_persons(actor, action=people.VIEW).filter(pk__in=own_people(actor))
    return [people.view_of(actor, row) for row in rows]


def centre_of(person: PersonView, *, at: datetime) -> tuple[str, Organization | None]:
    """Return the region where a person lives and which organisation serves it; 2 queries."""
    home = people.home_of(person.id, at=at)
    region = home.region_code if home else person.region_code
    return region, organizations.serving(region)


def ahead(actor: Actor, *, at: datetime, limit: int = 50) -> list[OwnService]:
    """Return what comes next, the nearest first; the read is audited. 8 queries at most."""
    begins = Coalesce(Lower("window"), F("asked_at"))
    rows = _own(actor).filter(state__in=terms.OPEN_ORDERS).order_by(begins, "id")
    return _services(actor, list(rows[:limit]), at=at)


def latest(actor: Actor, *, at: datetime, limit: int = 3) -> tuple[list[OwnService], bool]:
    """Return the last that were, and whether there is more; 6 queries at most.

    Those of the last 14 days about which nobody has said a word yet come first: what was called
    off since does not push them away.
    """
    said = Exists(Rating.objects.filter(order=OuterRef("pk")))
    due = Q(kind=OrderKind.SERVICE, state__in=_RATED, ended_at__gte=at - _WAITS)
    waits = Case(When(due & ~said, then=1), default=0)
    rows = _own(actor).exclude(state__in=terms.OPEN_ORDERS).alias(waits=waits)
    rows = rows.order_by("-waits", "-ended_at", "-id")
    return _first(actor, rows, at=at, limit=limit)


def past(actor: Actor, *, at: datetime, limit: int = 20) -> tuple[list[OwnService], bool]:
    """Return what was, the newest first, and whether there is more; 6 queries at most."""
    rows = _own(actor).exclude(state__in=terms.OPEN_ORDERS).order_by("-ended_at", "-id")
    return _first(actor, rows, at=at, limit=limit)


def sheet(actor: Actor, order_id: UUID, *, at: datetime) -> OwnSheet:
    """Return one service of one's own people; the read is audited. Raises NoSuchOrder."""
    order = _own(actor).filter(pk=order_id).first()
    if order is None:
        raise NoSuchOrder
    (service,) = _services(actor, [order], at=at)
    rating = Rating.objects.filter(order=order).first()
    complaints = list(Complaint.objects.filter(order=order).order_by("-told_at"))
    said_by = {row.told_by for row in complaints} | ({rating.told_by} if rating else set())
    others = User.objects.filter(pk__in=said_by - {actor.user_id, None})
    names: dict[UUID | None, str] = {user.pk: user.display_name for user in others}
    return OwnSheet(
        service=service,
        note=opened(order.note_sealed, Order.NOTE, order.pk),
        rated_words=opened(rating.words_sealed, Rating.WORDS, rating.pk) if rating else "",
        rated_by=names.get(rating.told_by, "") if rating else "",
        complaints=tuple(
            Said(
                row,
                opened(row.words_sealed, Complaint.WORDS, row.pk),
                opened(row.answer_sealed, Complaint.ANSWER, row.pk),
                names.get(row.told_by, ""),
            )
            for row in complaints
        ),
        organization=order.organization,
    )


def help_of(actor: Actor, alarm_id: UUID, *, at: datetime) -> OwnService | None:
    """Return the help that goes to one of one's own for an alarm, None while nobody was asked."""
    rows = _own(actor).filter(kind=OrderKind.RESCUE, source_ref=f"monitoring.Alarm/{alarm_id}")
    order = rows.order_by("-asked_at").first()
    return None if order is None else _services(actor, [order], at=at)[0]


def last_worker(actor: Actor, person_id: UUID, *, at: datetime) -> Comer | None:
    """Return who came last to one of one's own and still works there; 3 queries."""
    came = Visit.objects.filter(
        order__in=_own(actor).filter(person=person_id, kind=OrderKind.SERVICE),
        state=VisitState.DONE,
    ).select_related("worker")
    visit = came.order_by("-ended_at").first()
    if visit is None:
        return None
    found = _comers([visit], at=at)
    works = organizations.worker_lines([visit.worker_id], at=at)
    return found[visit.worker_id] if visit.worker_id in works else None


def last_item(actor: Actor, person_id: UUID, kind: str) -> str:
    """Return the code of what was done or is planned last of a kind for one's own, ""; 1 query."""
    rows = _own(actor).filter(person=person_id, kind=OrderKind.SERVICE, item__item__kind=kind)
    rows = rows.filter(state__in=(*_RATED, *terms.OPEN_ORDERS)).order_by("-asked_at")
    return rows.values_list("item__item__code", flat=True).first() or ""


def _first(
    actor: Actor, rows: QuerySet[Order], *, at: datetime, limit: int
) -> tuple[list[OwnService], bool]:
    found = list(rows[: limit + 1])
    return _services(actor, found[:limit], at=at), len(found) > limit


def _own(actor: Actor) -> QuerySet[Order]:
    rows = Order.objects.filter(person__in=own_people(actor))
    rows = policies.scope(actor, rows, terms.VIEW)
    return rows.select_related("home", "organization", "item__item")


def _services(actor: Actor, orders: list[Order], *, at: datetime) -> list[OwnService]:
    if not orders:
        return []
    seen = people.person_views(actor, [order.person_id for order in orders])
    visits = Visit.objects.filter(order__in=orders).exclude(state=VisitState.CANCELLED)
    rows = list(visits.select_related("worker").order_by("period", "id"))
    comers = _comers(rows, at=at)
    away = _away(orders, rows, at=at)
    faces = dict(Rating.objects.filter(order__in=orders).values_list("order", "face"))
    said = dict(
        Complaint.objects.filter(order__in=orders).order_by("told_at").values_list("order", "state")
    )
    refs = sorted({f"people.Person/{order.person_id}" for order in orders})
    audit.record_reads(actor=actor, action=terms.VIEW, refs=refs, at=at)
    found = []
    for order in orders:
        mine = tuple(
            OwnVisit(row, comers[row.worker_id], away.get(row.pk))
            for row in rows
            if row.order_id == order.pk
        )
        told = [(one.visit, one.comer.name, one.minutes) for one in mine]
        is_service = order.kind == OrderKind.SERVICE
        found.append(
            OwnService(
                order=order,
                person=seen.get(order.person_id),
                title=own_words.title(order),
                icon=ICONS[order.item.item.kind] if order.item is not None else "siren",
                when=own_words.when(order, told, at=at),
                words=own_words.state(order, told, at=at),
                visits=mine,
                may_call_off=is_service and order.state in _CALLED_OFF and actor.may(terms.CANCEL),
                face=Face(faces[order.pk]) if order.pk in faces else None,
                may_rate=is_service and order.state in _RATED and order.pk not in faces,
                complaint=ComplaintState(said[order.pk]) if order.pk in said else None,
            )
        )
    return found


def _comers(rows: Iterable[Visit], *, at: datetime) -> dict[UUID, Comer]:
    """Return who comes as her people may know her; 2 queries, none for nobody."""
    workers = {row.worker_id: row.worker for row in rows}
    lines = organizations.worker_lines(workers, at=at) if workers else {}
    found = {}
    for pk, worker in workers.items():
        line = lines.get(pk)
        found[pk] = Comer(
            user_id=pk,
            name=worker.display_name,
            title=line.title if line else "",
            about=line.about if line else "",
            photo=line.photo if line else None,
        )
    return found


def _away(orders: list[Order], rows: list[Visit], *, at: datetime) -> dict[UUID, int]:
    """Return how many minutes away those are who set out; 2 queries for each of them.

    Where a worker is, is for the desk alone; how long she needs is for who waits for her.
    """
    by_id = {order.pk: order for order in orders}
    found = {}
    for row in rows:
        if row.state != VisitState.ON_WAY:
            continue
        with lifted():
            minutes = helpers.minutes_left(by_id[row.order_id], row, at=at)
        if minutes is not None:
            found[row.pk] = minutes
    return found


def opened(sealed: bytes | memoryview | None, field: str, pk: UUID) -> str:
    """Return sealed words, "" where there are none."""
    return "" if sealed is None else vault.unseal(sealed, field=field, pk=pk)
