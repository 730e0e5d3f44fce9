"""What a month came to at a bed, for who looks back at it: visits, and alarms where open."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from songhe.base.access.actor import Actor
from songhe.domains.dispatch import selectors as dispatch
from songhe.domains.dispatch.terms import OPEN_ORDERS, OrderState
from songhe.domains.homecare.models import HomeBed
from songhe.domains.homecare.terms import BedState
from songhe.domains.homecare.ward_reads import is_watched
from songhe.domains.monitoring import selectors as monitoring
from songhe.engines.workflow.engine import history


@dataclass(frozen=True, slots=True)
class MonthLine:
    """A month by its first day. alarms: how many, None where they are not open to the reader."""

    month: date
    done: int
    failed: int
    called_off: int
    ahead: int
    alarms: int | None


def months_of(actor: Actor, bed: HomeBed, *, at: datetime) -> list[MonthLine]:
    """Return the month before and this one, as far as it has gone; 3 queries.

    What was before the bed was first in use is not its own, and is not counted.
    """
    this = timezone.localdate(at).replace(day=1)
    before = (this - timedelta(days=1)).replace(day=1)
    zone = timezone.get_default_timezone()
    since = datetime(before.year, before.month, 1, tzinfo=zone)
    begun = next((one.at for one in history(bed) if one.target == BedState.ACTIVE), at)
    since = max(since, datetime.combine(timezone.localdate(begun), time(), zone))
    after = (this + timedelta(days=31)).replace(day=1)
    until = datetime(after.year, after.month, 1, tzinfo=zone)
    states: Counter[tuple[date, str]] = Counter()
    for order in dispatch.services_of_person(actor, bed.person_id, since, until):
        day = timezone.localdate(order.window.lower)
        states[day.replace(day=1), order.state] += 1
    alarms: Counter[date] | None = None
    if is_watched(actor, bed):
        found = monitoring.history(actor, monitoring.Search(since=since, person=bed.person_id))
        raised = found.values_list("raised_at", flat=True)
        alarms = Counter(timezone.localdate(one).replace(day=1) for one in raised)
    return [
        MonthLine(
            month=month,
            done=states[month, OrderState.DONE] + states[month, OrderState.CLOSED],
            failed=states[month, OrderState.FAILED],
            called_off=states[month, OrderState.CANCELLED],
            ahead=sum(states[month, state] for state in OPEN_ORDERS),
            alarms=alarms[month] if alarms is not None else None,
        )
        for month in (before, this)
        if month >= timezone.localdate(since).replace(day=1)
    ]
