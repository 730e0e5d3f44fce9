"""Doors and their codes: which home has one, which not, and whereto a sheet belongs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import segno
from django.db.models import Q
from django.utils.safestring import SafeString, mark_safe

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.base.audit import services as audit
from songhe.base.regions import selectors as regions
from songhe.domains.dispatch import places, selectors, terms
from songhe.domains.dispatch.models import Order, Visit
from songhe.domains.dispatch.services.doors import MadeCode, NoSuchHome, kept_homes
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.kernel.errors import Denied

_LATELY = timedelta(days=60)
A_TIME = 60  # sheets a press: ten pages of six; the next press makes the next


@dataclass(frozen=True, slots=True)
class Door:
    """A home's door. where: its address as far as that is open, else its community.

    code_id: of the code that counts now; next_at, next_by: the next visit, who can take the sheet.
    """

    home_id: UUID
    region_code: str
    where: str
    code_id: UUID | None
    made_at: datetime | None
    next_at: datetime | None
    next_by: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is printed for a door. number: its place in the list beside; phone: of who helps."""

    door: Door
    number: int
    square: SafeString
    code: str
    phone: str
    organization: str


@dataclass(frozen=True, slots=True)
class Centre:
    """The doors of the homes to which an organisation goes."""

    doors: int
    coded: int
    waiting: tuple[Door, ...]

    @property
    def left(self) -> int:
        return self.doors - self.coded


def door(actor: Actor, home_id: UUID, *, at: datetime) -> Door:
    """Return one door; the read is audited. Raises Denied, NoSuchHome."""
    if not actor.may(terms.KEEP_DOORS):
        raise Denied(action=terms.KEEP_DOORS)
    if home_id not in kept_homes(actor, [home_id]):
        raise NoSuchHome
    (found,) = doors(actor, [home_id], at=at)
    return found


def doors(actor: Actor, home_ids: Iterable[UUID], *, at: datetime) -> list[Door]:
    """Return doors that the actor keeps, in the order asked for; 10 queries for any number."""
    wanted = list(home_ids)
    kept = kept_homes(actor, wanted)
    opened = people.homes_by_id(kept)
    with lifted():
        homes = people.homes_by_id(kept)
        living = people.residents_by_home(kept, at=at)
        upcoming = Visit.objects.filter(
            order__home__in=list(kept), state__in=terms.OPEN_VISITS, period__endswith__gt=at
        ).exclude(state="planned")
        coming: dict[UUID, Visit] = {}
        for visit in upcoming.select_related("order", "worker").order_by("period"):
            coming.setdefault(visit.order.home_id, visit)  # type: ignore[arg-type]
    names = regions.names(sorted(set(kept.values()))) if kept else {}
    views = people.person_views(actor, {one for ids in living.values() for one in ids})
    codes = selectors.door_codes(kept)
    audit.record_reads(
        actor=actor, action=terms.KEEP_DOORS, refs=[f"people.Home/{pk}" for pk in kept], at=at
    )
    found = []
    for pk in wanted:
        if pk not in kept:
            continue
        home, code, visit_next = homes[pk], codes.get(pk), coming.get(pk)
        opens = policies.fields(actor, home).union(
            *(views[one].fields for one in living.get(pk, ()) if one in views)
        )
        shows = pk in opened and "contact" in opens and home.address
        place = names.get(home.region_code, home.region_code)
        found.append(
            Door(
                home_id=pk,
                region_code=home.region_code,
                where=home.address if shows else place,
                code_id=code.pk if code else None,
                made_at=code.made_at if code else None,
                next_at=visit_next.period.lower if visit_next else None,
                next_by=visit_next.worker.display_name if visit_next else "",
            )
        )
    return found


def centre(actor: Actor, organization_id: UUID, *, at: datetime) -> Centre:
    """Return the doors of the homes that an organisation has something to do at.

    These are homes of orders that are open, or were in the last 60 days; without a code first
    those where somebody comes next, as many as one press prints.
    """
    lately = Q(state__in=terms.OPEN_ORDERS) | Q(asked_at__gte=at - _LATELY)
    rows = policies.scope(actor, Order.objects.all(), terms.KEEP_DOORS).filter(
        lately, organization=organization_id, home__isnull=False
    )
    with lifted():  # only which homes: what is ordered there is not for who keeps doors
        homes = list(rows.order_by().values_list("home", flat=True).distinct())
    kept = kept_homes(actor, homes)
    coded = set(selectors.door_codes(kept))
    without = sorted(set(kept) - coded)
    found = doors(actor, without, at=at)
    found.sort(key=lambda one: (one.next_at is None, one.next_at or at, one.where, one.home_id))
    return Centre(len(kept), len(coded), tuple(found[:A_TIME]))


def sheets(made: Iterable[MadeCode], found: Iterable[Door]) -> list[Sheet]:
    """Return what is printed, the code drawn: high correction, for paper gets dirty."""
    by_id = {one.home_id: one for one in found}
    served: dict[str, organizations.Organization | None] = {}
    sheets_made = []
    for number, one in enumerate(made, 1):
        at_door = by_id[one.home_id]
        region = at_door.region_code
        if region not in served:
            served[region] = organizations.serving(region)
        answers = served[region]
        sheets_made.append(
            Sheet(
                door=at_door,
                number=number,
                square=_square(one.code),
                code=places.in_groups(one.code),
                phone=answers.phone if answers else "",
                organization=organizations.name_of(answers) if answers else "",
            )
        )
    return sheets_made


def _square(code: str) -> SafeString:
    drawn = segno.make(places.PREFIX + code, error="h", boost_error=False, micro=False)
    svg = drawn.svg_inline(dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=True)
    return mark_safe(svg)  # noqa: S308 - made of our own code


def centres(actor: Actor) -> list[organizations.Organization]:
    """Return the organisations whose doors the actor keeps, by name."""
    found = {one.pk: one for one in organizations.organizations_for(actor, terms.KEEP_DOORS)}
    missing = set(actor.organizations(terms.KEEP_DOORS)) - found.keys()
    found |= organizations.organizations_by_id(missing) if missing else {}
    return sorted(found.values(), key=organizations.name_of)
