"""Which visits are arranged for a bed, who could come, and when she is free."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from songhe.base.access import giving
from songhe.base.access.actor import Actor
from songhe.base.accounts.models import User
from songhe.domains.dispatch import selectors as dispatch
from songhe.domains.homecare import terms
from songhe.domains.homecare.models import HomeBed
from songhe.domains.homecare.params import params
from songhe.domains.homecare.terms import Purpose
from songhe.domains.organizations import selectors as organizations
from songhe.engines.booking import selectors as bookings
from songhe.engines.booking import times
from songhe.engines.booking.openings import Open, spans_of
from songhe.engines.booking.recurrence import Recurrence
from songhe.engines.booking.seating import long_enough, without
from songhe.engines.booking.selectors import BookingView
from songhe.engines.booking.terms import Calendar, Span
from songhe.kit import formats

VISITOR = "homecare.visitor"
ACTION = {Purpose.ASSESS: terms.ASSESS, Purpose.FIT: terms.FIT}
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class VisitLine:
    """A visit that lies ahead, or goes on now."""

    visitor_id: UUID
    visitor: str
    span: Span

    @property
    def when(self) -> str:
        """Return the day and from when until when."""
        return when(self.span)


@dataclass(frozen=True, slots=True)
class FreeLine:
    """When somebody is free in the days ahead, in words."""

    visitor: str
    times: list[str]


def when(span: Span) -> str:
    """Return a time of one day in words."""
    return f"{formats.moment(span.begins)}–{formats.clock(span.ends)}"


def holder_of(bed: HomeBed) -> str:
    """Return how bookings name a bed."""
    return f"homecare.HomeBed/{bed.pk}"


def ref_of(visitor_id: UUID) -> str:
    """Return how bookings name who comes."""
    return times.ref_of(visitor_id)


def office_hours() -> Open:
    """Return when visits are arranged for (data/homecare.yaml)."""
    given = params()["visits"]
    days = Recurrence(given["days"], given["since"], calendar=Calendar(given["calendar"]))
    return Open(days, time.fromisoformat(given["begins"]), time.fromisoformat(given["ends"]))


def length_of(purpose: Purpose) -> timedelta:
    """Return how long a visit is planned for."""
    return timedelta(minutes=params()["visits"]["minutes"][purpose.value])


def ahead(bed: HomeBed, purpose: Purpose, *, at: datetime) -> BookingView | None:
    """Return the visit of a bed that is not over; 1 query."""
    found = bookings.bookings_of([holder_of(bed)], kind=purpose.value)
    return next((one for one in found if one.span.ends > at), None)


def visits_of(bed: HomeBed, *, at: datetime) -> dict[str, VisitLine]:
    """Return the visits of a bed that are not over by their purpose; 2 queries."""
    found = [one for one in bookings.bookings_of([holder_of(bed)]) if one.span.ends > at]
    ids = {one.id: UUID(one.resource.rpartition("/")[2]) for one in found}
    names = dict(User.objects.filter(pk__in=ids.values()).values_list("pk", "display_name"))
    return {one.kind: VisitLine(ids[one.id], names.get(ids[one.id], ""), one.span) for one in found}


def visitors(
    actor: Actor, bed: HomeBed, purpose: Purpose, *, at: datetime
) -> list[tuple[UUID, str]]:
    """Return who could come, with her title: who asks, and who works for the provider; 3 queries.

    First who asks, then those whose role writes down what such a visit finds.
    """
    staff = organizations.staff_of(actor, bed.organization_id, at=at)
    found = {one.user_id: f"{one.name} · {one.title}" if one.title else one.name for one in staff}
    if actor.user_id is not None:
        found.setdefault(actor.user_id, actor.display_name)
    able = giving.who_may(
        ACTION[purpose],
        region_code=bed.region_code,
        organization_id=bed.organization_id,
        at=at,
    )
    return sorted(found.items(), key=lambda one: (one[0] != actor.user_id, one[0] not in able))


def free_lines(
    visitors: Iterable[tuple[UUID, str]], purpose: Purpose, *, at: datetime
) -> list[FreeLine]:
    """Return when each is free for a visit within the days that are looked ahead."""
    between = Span(at, at + timedelta(days=params()["visits"]["look_ahead_days"]))
    length = length_of(purpose)
    some = list(visitors)
    elsewhere = dispatch.taken([visitor_id for visitor_id, _name in some], between)
    lines = []
    for visitor_id, name in some:
        resource = bookings.resource_of(kind=VISITOR, ref=ref_of(visitor_id))
        if resource is None:  # nothing was arranged with her yet
            spans = spans_of([office_hours()], between)
        else:
            spans = bookings.free(resource, between, length=length, at=at)
        spans = long_enough(without(spans, elsewhere.get(visitor_id, ())), length)
        lines.append(FreeLine(name, [when(span) for span in spans[:_SHOWN]]))
    return lines


def in_the_way(ids: Iterable[UUID]) -> list[str]:
    """Return the times of the visits in the way that the reader may know of."""
    return [when(one.span) for one in bookings.bookings_by_id(ids)]
