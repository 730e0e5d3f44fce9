"""At which times somebody can come: shifts, leave, papers, wishes, and what is taken already.

Times are whole quarters of an hour. What stands in visits is taken, with a way before and after it.
Orders that wait for the week's plan are laid into what is left, the most pressing first, so that
nothing is offered twice; the plan may lay them better, never worse than that they fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

import numpy as np
from django.db.models import Q
from django.utils import timezone
from numpy.typing import NDArray

from songhe.base.access import selectors as access
from songhe.base.access.wall import lifted
from songhe.domains.dispatch import ordering, terms
from songhe.domains.dispatch.models import Leave, Order, Visit, WeeklyShift
from songhe.domains.dispatch.ordering import QUARTER, Part
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.terms import OrderKind
from songhe.domains.organizations import selectors as organizations
from songhe.engines.booking import times
from songhe.engines.booking.terms import Span

_QUARTER_S = QUARTER.total_seconds()
Slots = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done: for how long, by how many, which papers it takes.

    gender: of whom the person wishes, "" where it does not matter.
    """

    minutes: int
    workers: int
    requires: tuple[str, ...]
    gender: str = ""


@dataclass(frozen=True, slots=True)
class Free:
    """When somebody can come. is_known: the provider keeps shifts; without them nobody can tell.

    parts: by day the parts in which a visit can begin, each from its first to its last beginning.
    """

    is_known: bool
    parts: dict[date, tuple[Part, ...]]

    @property
    def days(self) -> list[date]:
        """Return the days on which somebody can come, the nearest first."""
        return sorted(day for day, some in self.parts.items() if some)


def free_for(organization_id: UUID | None, wanted: Wanted, *, at: datetime) -> Free:
    """Return when a provider has somebody for what is wanted; 9 queries whatever the number.

    Names nobody, and works as the owner: who orders sees neither shifts nor leave. A provider
    without any shift offers every part of every day, as it did: there is nothing to judge by.
    """
    days = ordering.days(at=at)
    everything = {day: tuple(ordering.parts(day, at=at)) for day in days}
    if organization_id is None or not days:
        return Free(False, everything)
    with lifted():
        book = _book(organization_id, days, wanted.requires, at=at)
    if book is None:
        return Free(False, everything)
    starts = book.starts(wanted) & book.from_moment(
        at + timedelta(minutes=int(params()["ordering"]["lead_minutes"]))
    )
    return Free(
        True,
        {day: tuple(_narrowed(book, day, some, starts)) for day, some in everything.items()},
    )


def _narrowed(book: _Book, day: date, some: Iterable[Part], starts: Slots) -> Iterator[Part]:
    for part in some:
        first, last = (book.slot(ordering.moment(day, one)) for one in (part.begins, part.ends))
        found = np.flatnonzero(starts[first:last])
        if found.size:
            begins, ends = book.moment(first + found[0]), book.moment(first + found[-1]) + QUARTER
            yield Part(part.code, _clock(begins), _clock(ends))


def _clock(moment: datetime) -> time:
    return timezone.localtime(moment).time()


class _Book:
    """Who is free in which quarter of the days that are offered, from the first midnight on.

    free: bool (n_workers, n_quarters).
    """

    def __init__(
        self,
        days: list[date],
        users: list[UUID],
        lacks: dict[UUID, set[str]],
        genders: dict[UUID, str],
    ) -> None:
        self.zero = ordering.moment(days[0], time(0))
        end = ordering.moment(days[-1] + timedelta(days=1), time(0))
        self.size = self.slot(end)
        self.rows = {user: row for row, user in enumerate(users)}
        self.lacks, self.genders = lacks, genders
        self.free: Slots = np.zeros((len(users), self.size), dtype=np.bool_)

    def slot(self, moment: datetime, *, up: bool = False) -> int:
        """Return the quarter in which a moment lies; up: the first that begins no earlier."""
        quarters = (moment - self.zero).total_seconds() / _QUARTER_S
        return int(np.ceil(quarters) if up else np.floor(quarters))

    def moment(self, slot: int) -> datetime:
        return self.zero + int(slot) * QUARTER

    def from_moment(self, moment: datetime) -> Slots:
        """Return which quarters begin no earlier than a moment."""
        return np.arange(self.size) >= self.slot(moment, up=True)

    def open(self, user: UUID, begins: datetime, ends: datetime) -> None:
        first, last = max(0, self.slot(begins, up=True)), max(0, self.slot(ends))
        self.free[self.rows[user], first:last] = True

    def take(self, user: UUID, begins: datetime, ends: datetime) -> None:
        if user in self.rows:
            first, last = max(0, self.slot(begins)), max(0, self.slot(ends, up=True))
            self.free[self.rows[user], first:last] = False

    def able(self, wanted: Wanted) -> list[int]:
        """Return the rows of who holds the papers and is whom the person wishes."""
        papers = set(wanted.requires)
        return [
            row
            for user, row in self.rows.items()
            if not papers & self.lacks[user] and wanted.gender in ("", self.genders.get(user, ""))
        ]

    def runs(self, rows: list[int], minutes: int) -> Slots:
        """Return by row and quarter whether a visit of so many minutes fits from there."""
        length = -(-minutes // int(_QUARTER_S // 60))
        fits: Slots = self.free[rows].copy()
        for ahead in range(1, length):
            fits[:, :-ahead] &= self.free[rows][:, ahead:]
            fits[:, self.size - ahead :] = False
        return fits

    def starts(self, wanted: Wanted) -> Slots:
        """Return in which quarters enough workers can begin."""
        fits = self.runs(self.able(wanted), wanted.minutes)
        found: Slots = fits.sum(axis=0) >= wanted.workers
        return found

    def lay(self, wanted: Wanted, begins: datetime, ends: datetime, way: timedelta) -> bool:
        """Lay an order that waits into what is left; where it fits nowhere, nothing is taken."""
        rows = self.able(wanted)
        first, last = max(0, self.slot(begins, up=True)), min(self.size, self.slot(ends, up=True))
        if not rows or first >= last:
            return False
        fits = self.runs(rows, wanted.minutes)[:, first:last]
        enough = np.flatnonzero(fits.sum(axis=0) >= wanted.workers)
        if not enough.size:
            return False
        begin = self.moment(first + enough[0])
        users = {row: user for user, row in self.rows.items()}
        for number in np.flatnonzero(fits[:, enough[0]])[: wanted.workers]:
            end = begin + timedelta(minutes=wanted.minutes)
            self.take(users[rows[number]], begin - way, end + way)
        return True


def _book(
    organization_id: UUID, days: list[date], requires: Iterable[str], *, at: datetime
) -> _Book | None:
    """Return the book of a provider's workers, None where it keeps no shifts."""
    shifts = list(
        WeeklyShift.objects.filter(organization=organization_id).filter(
            Q(period__endswith__isnull=True) | Q(period__endswith__gte=days[0]),
            period__startswith__lte=days[-1],
        )
    )
    if not shifts:
        return None
    waiting = _waiting(organization_id, at=at)
    users = sorted(
        {row.worker_id for row in shifts}
        & access.carrying(terms.WORK, organization_id=organization_id, at=at)
    )
    codes = {code for one, _begins, _ends in waiting for code in one.requires} | set(requires)
    lines = organizations.worker_lines(users, at=at)
    genders = {user: line.gender for user, line in lines.items()}
    book = _Book(days, users, organizations.lacking(users, codes, at), genders)
    _open(book, shifts, days)
    way = timedelta(minutes=int(params()["ordering"]["way_minutes"]))
    span = (book.zero, book.moment(book.size))
    for worker, period in Leave.objects.filter(worker__in=users, period__overlap=span).values_list(
        "worker", "period"
    ):
        book.take(worker, period.lower or book.zero, period.upper or span[1])
    for worker, period in Visit.objects.filter(
        worker__in=users, state__in=terms.OPEN_VISITS, period__overlap=span
    ).values_list("worker", "period"):
        if period is not None and period.lower and period.upper:
            book.take(worker, period.lower - way, period.upper + way)
    for worker, spans in times.taken(users, Span(*span), at=at).items():
        for one in spans:
            book.take(worker, one.begins - way, one.ends + way)
    for wanted, begins, ends in waiting:
        # Where the wish cannot be met the plan may send another: some time is taken either way.
        if not book.lay(wanted, max(begins, at), ends, way) and wanted.gender:
            book.lay(replace(wanted, gender=""), max(begins, at), ends, way)
    return book


def _open(book: _Book, shifts: Iterable[WeeklyShift], days: Iterable[date]) -> None:
    wanted = list(days)
    for row in shifts:
        if row.worker_id in book.rows:
            for day in (wanted[0] - timedelta(days=1), *wanted):
                span = row.on(day)
                if span is not None:
                    book.open(row.worker_id, *span)


def _waiting(organization_id: UUID, *, at: datetime) -> list[tuple[Wanted, datetime, datetime]]:
    """Return the orders that nobody is planned for yet, the most pressing first."""
    rows = Order.objects.filter(
        organization=organization_id,
        kind=OrderKind.SERVICE,
        state__in=terms.OPEN_ORDERS,
        window__endswith__gt=at,
    ).exclude(visits__state__in=terms.OPEN_VISITS)
    values = rows.values_list(
        "window", "item__duration_minutes", "item__workers_needed", "item__requires", "sex_wish"
    )
    found = [
        (Wanted(minutes, workers, tuple(requires), gender), window.lower, window.upper)
        for window, minutes, workers, requires, gender in values
        if window is not None
    ]
    return sorted(found, key=lambda one: (one[2], -one[0].minutes))
