"""A worker's own call for help as the desk sees it: who, where, and which colleague could go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.access.wall import lifted
from songhe.base.regions import selectors as regions
from songhe.base.regions.models import Region
from songhe.domains.dispatch import (
    helpers,
    map_reads,
    notices,
    own_calls,
    places,
    ringing_reads,
)
from songhe.domains.dispatch.helpers import Helper
from songhe.domains.dispatch.models import Position, Visit
from songhe.domains.dispatch.params import params
from songhe.domains.monitoring.panels import facts, local_name
from songhe.domains.organizations import selectors as organizations
from songhe.kernel.errors import NotFound
from songhe.kernel.geo import Point, haversine_m

_COMMUNITY = 12
_THERE = ("arrived", "working")


class NoSuchCall(NotFound):
    code = "dispatch.no_such_call"
    message = "This worker has not called for help, or is not yours to help."


@dataclass(frozen=True, slots=True)
class Nearest:
    """The community whose middle is nearest to a place.

    away_km: how far it is, where that is too far for the place to be relied on.
    """

    community: Region
    away_km: float | None


@dataclass(frozen=True, slots=True)
class AtWork:
    """The visit she is at or on the way to. where: as far as the reader may know it."""

    order_id: UUID
    where: str
    is_there: bool


@dataclass(frozen=True, slots=True)
class WorkerCall:
    """Who calls since when; place: where her phone is, None where that is not known now.

    away_km: so far from every community, where that is too far for it to be relied on.
    """

    user_id: UUID
    name: str
    phone: str
    since: datetime
    place: Point | None
    place_at: datetime | None
    accuracy_m: float | None
    near: str
    near_code: str
    away_km: float | None
    at_work: AtWork | None
    colleagues: list[tuple[Helper, str]]
    told: list[ringing_reads.Line]
    drawn: SafeString

    @property
    def ref(self) -> str:
        return own_calls.ref_of(self.user_id, self.since)

    @property
    def asked(self) -> set[str]:
        """Return the names of those who were asked to go."""
        return {one.name for one in self.told}


def opened(
    actor: Actor, user_id: UUID, *, at: datetime
) -> tuple[organizations.Organization, datetime]:
    """Return the organisation of a worker who called, and since when she calls.

    Raises NoSuchCall where she has not called within 12 hours, or the actor sends nobody there.
    """
    organization = organizations.organization_of_user(user_id, at=at)
    if organization is None or not own_calls.is_at_desk(actor, organization):
        raise NoSuchCall
    calls = own_calls.calls_of(user_id, at=at)
    if not calls:
        raise NoSuchCall
    return organization, calls[0].made_at


def call_of(actor: Actor, user_id: UUID, *, at: datetime) -> WorkerCall:
    """Return a worker's call with who could go to her. Raises NoSuchCall."""
    organization, since = opened(actor, user_id, at=at)
    oldest = at - timedelta(seconds=params()["position"]["stale_s"])
    known = Position.objects.filter(user=user_id, at__gte=oldest).first()
    place = places.point(known.lat, known.lon) if known is not None else None
    nearest = nearest_community(organization.region_code, place)
    away_km = nearest.away_km if nearest is not None else None
    visit = (
        Visit.objects.filter(worker=user_id, state__in=("on_way", *_THERE))
        .select_related("order__home")
        .first()
    )
    here = place if away_km is None else None
    if here is None and visit is not None and visit.state in _THERE:
        here = helpers.where_of(visit.order).place
    others = [
        one
        for one in helpers.near(helpers.Where(here, organization.pk), at=at)
        if one.user_id != user_id
    ]
    phones = organizations.phones_of([user_id, *(one.user_id for one in others)], at=at)
    staff = organizations.staff_of(SYSTEM, organization.pk, at=at)
    name = next((one.name for one in staff if one.user_id == user_id), "")
    with lifted():
        told = ringing_reads.told_of(
            own_calls.ref_of(user_id, since), {notices.GO_TO_WORKER: _("asked")}, at=at
        )
    community = nearest.community if nearest is not None else None
    return WorkerCall(
        user_id=user_id,
        name=name,
        phone=phones.get(user_id, ""),
        since=since,
        place=place,
        place_at=known.at if known is not None else None,
        accuracy_m=known.accuracy_m if known is not None else None,
        near=local_name(community.name, community.name_en) if community is not None else "",
        near_code=community.code if community is not None and away_km is None else "",
        away_km=away_km,
        at_work=_at_work(actor, visit),
        colleagues=[(one, phones.get(one.user_id, "")) for one in others],
        told=told,
        drawn=map_reads.worker_map(user_id, name, place, others, community.code)
        if community is not None and place is not None and away_km is None
        else SafeString(""),
    )


def _at_work(actor: Actor, visit: Visit | None) -> AtWork | None:
    """Return where she is at work: the community, and the address where the actor may know it."""
    if visit is None:
        return None
    code = visit.order.region_code
    address = notices.address_of(actor, str(visit.order_id))
    where = [regions.names([code]).get(code, ""), address]
    return AtWork(visit.order_id, facts(filter(None, where)), visit.state in _THERE)


def nearest_community(region_code: str, place: Point | None) -> Nearest | None:
    """Return the community of a county whose middle is nearest to a place, None where none is."""
    if place is None:
        return None
    found = [
        (haversine_m(place, middle), one.code, one)
        for one in regions.below(region_code[:6], _COMMUNITY)
        if (middle := places.point(one.lat, one.lon)) is not None
    ]
    if not found:
        return None
    away_m, _code, community = min(found)
    is_far = away_m > params()["position"]["far_m"]
    return Nearest(community, away_m / 1000 if is_far else None)
