"""What the last days say of many persons at once: unusual nights, who came or comes home."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import absence_reads, life_reads
from songhe.domains.monitoring.models import Absence, LifeDay
from songhe.domains.people.selectors import PersonView
from songhe.kernel.night.summary import NIGHTS_FOR_A_USUAL, NightSummary, usual, value_of


@dataclass(frozen=True, slots=True)
class NightExits:
    """How often a person left her bed in the night that ended on a day.

    usual_most: the upper end of what is usual for her; None while too few nights are known.
    """

    on: date
    exits: int
    usual_most: float | None

    @property
    def is_more_than_usual(self) -> bool:
        """Tell whether she left her bed more often than is usual for her."""
        return self.usual_most is not None and self.exits > self.usual_most


def night_exits(
    actor: Actor, persons: Iterable[PersonView], *, on: date, least: int
) -> dict[UUID, NightExits]:
    """Return nights that ended on a day with at least so many exits, where health is open.

    2 queries: the nights of that day, then the earlier ones of those few that had many exits.
    """
    shown = [
        one.id for one in persons if life_reads.is_open_to(actor, one) and "health" in one.fields
    ]
    if not shown:
        return {}
    rows = LifeDay.objects.filter(person__in=shown, night__isnull=False)
    found = {
        pk: exits
        for pk, exits in _exits(rows.filter(on=on))
        if exits is not None and exits >= least
    }
    if not found:
        return {}
    earlier: dict[UUID, list[NightSummary]] = {}
    before = rows.filter(person__in=found, on__gte=on - life_reads.NIGHTS_BEFORE, on__lt=on)
    for pk, night in before.values_list("person_id", "night"):
        earlier.setdefault(pk, []).append(msgspec.convert(night, NightSummary))
    return {
        pk: NightExits(on, exits, _usual_most(earlier.get(pk, []))) for pk, exits in found.items()
    }


def _exits(rows: QuerySet[LifeDay]) -> Iterator[tuple[UUID, int | None]]:
    for pk, night in rows.values_list("person_id", "night"):
        value = value_of("exits", msgspec.convert(night, NightSummary))
        yield pk, None if value is None else round(value)


def _usual_most(nights: list[NightSummary]) -> float | None:
    known = usual("exits", nights)
    return known.high if known is not None and known.nights >= NIGHTS_FOR_A_USUAL else None


def absences_near(
    actor: Actor,
    persons: Iterable[PersonView],
    *,
    at: datetime,
    before: timedelta,
    ahead: timedelta,
) -> list[Absence]:
    """Return absences that ended within `before`, or end within `ahead`, of a moment; 1 query."""
    shown = [one.id for one in persons if absence_reads.is_open_to(actor, one)]
    if not shown:
        return []
    rows = Absence.objects.filter(person__in=shown, withdrawn_at=None).filter(
        Q(period__endswith__gt=at - before) & Q(period__endswith__lte=at + ahead)
    )
    return list(rows.order_by("period"))
