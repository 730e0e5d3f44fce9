"""Where persons live: homes, rooms and regions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from songhe.domains.people.models import Home, Person, Residency, Room

Rooms = list[Room]  # as the selectors below return them


@dataclass(frozen=True, slots=True)
class RegionSpan:
    """In which region a person lived, half-open; None where the stretch has no known end."""

    person_id: UUID
    region_code: str
    since: datetime | None
    until: datetime | None


def home_of(person_id: UUID, *, at: datetime) -> Home | None:
    """Return where a person lives at a moment, with rooms fetched."""
    row = (
        Residency.objects.filter(person=person_id, period__contains=at)
        .select_related("home")
        .first()
    )
    return row.home if row else None


def rooms_of(home: Home) -> list[Room]:
    """Return the rooms of a home in their order of making."""
    return list(Room.objects.filter(home=home).order_by("id"))


def rooms_in(home_id: UUID) -> list[Room]:
    """Return the rooms of a home, by its id, in their order of making."""
    return list(Room.objects.filter(home=home_id).order_by("id"))


def rooms_for(person_id: UUID, home_id: UUID, *, at: datetime) -> list[Room]:
    """Return the rooms where sensors speak of a person: the home's; in an institution her own."""
    own = Residency.objects.filter(person=person_id, period__contains=at).values("room")
    rows = Room.objects.filter(Q(home__is_institution=False) | Q(pk__in=own), home=home_id)
    return list(rows.order_by("id"))


def residents_by_home(home_ids: Iterable[UUID], *, at: datetime) -> dict[UUID, list[UUID]]:
    """Return who lives in homes at a moment, the oldest residency first; 1 query."""
    found: dict[UUID, list[UUID]] = {}
    rows = Residency.objects.filter(home__in=list(home_ids), period__contains=at).order_by("id")
    for home_id, person_id in rows.values_list("home", "person"):
        found.setdefault(home_id, []).append(person_id)
    return found


def homes_by_id(home_ids: Iterable[UUID]) -> dict[UUID, Home]:
    """Return homes by id; the caller has narrowed what they are looked at for."""
    return {home.pk: home for home in Home.objects.filter(pk__in=list(home_ids))}


def homes_by_person(person_ids: Iterable[UUID], *, at: datetime) -> dict[UUID, Home]:
    """Return where persons live now; 1 query."""
    rows = Residency.objects.filter(person__in=list(person_ids), period__contains=at)
    return {row.person_id: row.home for row in rows.select_related("home")}


def rooms_by_id(ids: Iterable[UUID]) -> dict[UUID, Room]:
    """Return rooms with their homes, by id; 1 query."""
    return {row.pk: row for row in Room.objects.filter(pk__in=list(ids)).select_related("home")}


def region_of(*, person_id: UUID | None, room_id: UUID | None) -> str:
    """Return the region code of a person, or else of the home of a room; one must be given."""
    if person_id is not None:
        return Person.objects.values_list("region_code", flat=True).get(pk=person_id)
    if room_id is None:
        raise ValueError("a person or a room is needed")
    return Room.objects.values_list("home__region_code", flat=True).get(pk=room_id)


def region_spans(*, since: datetime, until: datetime) -> Iterator[RegionSpan]:
    """Yield where every person lived in a stretch of time, for counts by region; 2 queries.

    By the homes of that time; a person without any home then counts where she is registered.
    """
    rows = Residency.objects.filter(period__overlap=(since, until))
    housed = set()
    for person_id, region, period in rows.values_list(
        "person", "home__region_code", "period"
    ).iterator():
        housed.add(person_id)
        yield RegionSpan(person_id, region, period.lower, period.upper)
    for person_id, region in Person.objects.values_list("id", "region_code").iterator():
        if person_id not in housed:
            yield RegionSpan(person_id, region, None, None)
