"""Where an order could stand when it cannot stand where somebody put it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import msgspec
from django.utils import timezone

from songhe.domains.dispatch import terms
from songhe.domains.dispatch.models import Order, Visit
from songhe.domains.dispatch.planning.making import Task, standing_week
from songhe.domains.dispatch.planning.weeks import week_of
from songhe.engines import routing
from songhe.engines.routing import Code, Placement
from songhe.engines.routing.terms import DAY_MINUTES

QUARTER = 15
OTHERS, TIMES = 3, 2
_AT_NO_TIME = {Code.SKILL, Code.GENDER, Code.UNKNOWN, Code.WEEK_HOURS}


@dataclass(frozen=True, slots=True)
class Option:
    """A worker and when she would begin; every hard rule of the week is kept there."""

    worker_id: UUID
    begins_at: datetime


def options(order: Order, worker_id: UUID, begins_at: datetime, *, at: datetime) -> list[Option]:
    """Return where an order for one worker fits near to where it was wanted; may be nowhere.

    First others at that time, who has least to do that day first; then, where these are few, others
    at the quarters of an hour next to it; then the worker who was wanted at such a quarter; all
    within what was agreed. Where it stands now is not among them. Reads the whole week: for
    refusals only.
    """
    days = _days_of(order, at=at)
    if days is None:
        return []
    week, start, wanted = days.week, days.week.minute(begins_at), str(worker_id)
    rows = Visit.objects.filter(order=order, state__in=terms.OPEN_VISITS)
    stands = {
        (str(user), week.minute(period.lower))
        for user, period in rows.values_list("worker", "period")
    }
    near = sorted(days.quarters(), key=lambda minute: (abs(minute - start), minute))
    others = sorted(
        (one for one in days.workers if one != wanted),
        key=lambda one: (days.load(one, start), one),
    )
    then = ((one, start) for one in others if (one, start) not in stands)
    found = list(_first(OTHERS, then, days))
    left = [one for one in others if one not in {worker for worker, _minute in found}]
    elsewhen = ((one, minute) for minute in near for one in left if minute != start)
    taken: set[str] = set()
    for worker, minute in elsewhen:
        if len(found) == OTHERS:
            break
        if worker not in taken and (worker, minute) not in stands and days.fits(worker, minute):
            taken.add(worker)
            found.append((worker, minute))
    later = ((wanted, one) for one in near if one != start and (wanted, one) not in stands)
    found += _first(TIMES, later, days)
    return [Option(UUID(worker), week.at(minute)) for worker, minute in found]


def firsts(
    order: Order, *, at: datetime, worker_id: UUID | None = None, day: date | None = None
) -> list[Option]:
    """Return for who has time for an order when she could begin, at the earliest; soonest first.

    At a quarter of an hour within what was agreed, or at its first minute; each rule is kept. Of
    an order for two each is looked at alone. worker_id: of her only. day: only on that day. Who
    could begin at the same time: who has least to do that day first. Reads the whole week.
    """
    days = _days_of(order, at=at)
    if days is None:
        return []
    found = []
    wanted = days.workers if worker_id is None else [str(worker_id)]
    for worker in [one for one in wanted if one in days.workers]:
        for minute in days.quarters():
            if day is not None and timezone.localdate(days.week.at(minute)) != day:
                continue
            if days.fits(worker, minute):
                found.append((minute, days.load(worker, minute), worker))
                break
    return [Option(UUID(worker), days.week.at(minute)) for minute, _load, worker in sorted(found)]


def _first(most: int, tries: Iterator[tuple[str, int]], days: _Days) -> Iterator[tuple[str, int]]:
    for worker, minute in tries:
        if most and days.fits(worker, minute):
            most -= 1
            yield worker, minute


def _days_of(order: Order, *, at: datetime) -> _Days | None:
    window = order.window
    if order.organization_id is None or window is None:
        return None
    week = week_of(order.organization_id, timezone.localdate(window.lower))
    task = standing_week(week, at=at, placing=order.pk, crew=1)
    return _Days(task, str(order.pk), week.minute(at))


class _Days:
    """Each worker's visits of a week as a task of her own: checked in a millisecond or two."""

    def __init__(self, task: Task, name: str, now: int) -> None:
        self.week = task.week
        self._task, self._name, self._now = task, name, now
        self._alone: dict[str, routing.Instance] = {}
        self._never: set[str] = set()

    @property
    def workers(self) -> list[str]:
        return [one.id for one in self._task.instance.workers]

    def quarters(self) -> list[int]:
        """Return when the order may begin: the first minute of a window and its quarters."""
        visit = next(one for one in self._task.instance.visits if one.id == self._name)
        return sorted(
            {
                minute
                for first, last in visit.windows
                for minute in (first, *range(first + -first % QUARTER, last + 1, QUARTER))
            }
        )

    def _placed(self, worker: str) -> list[Placement]:
        return [one for one in self._task.placements if one.worker == worker]

    def load(self, worker: str, start: int) -> int:
        """Return how many visits a worker has on the day of a minute."""
        day = start // DAY_MINUTES
        return sum(one.start // DAY_MINUTES == day for one in self._placed(worker))

    def fits(self, worker: str, minute: int) -> bool:
        """Tell whether the order breaks no rule that was kept before."""
        if minute <= self._now or worker in self._never:
            return False
        here = self._placed(worker)
        if worker not in self._alone:
            kept = {one.visit for one in here} | {self._name}
            whole = self._task.instance
            self._alone[worker] = msgspec.structs.replace(
                whole,
                visits=tuple(
                    msgspec.structs.replace(one, workers=1)
                    for one in whole.visits
                    if one.id in kept
                ),
                workers=tuple(one for one in whole.workers if one.id == worker),
            )
        alone = self._alone[worker]
        before = routing.check(alone, here)
        after = routing.check(alone, [*here, Placement(self._name, worker, minute)])
        broken = [one for one in after if one not in before]
        if any(one.code in _AT_NO_TIME for one in broken):
            self._never.add(worker)
        return not broken
