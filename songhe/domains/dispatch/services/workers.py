"""When workers work: weekly shifts, and leave."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, time
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q
from django.utils import timezone

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.dispatch import terms
from songhe.domains.dispatch.models import Leave, WeeklyShift
from songhe.domains.dispatch.terms import LeaveKind
from songhe.domains.organizations import selectors as organizations
from songhe.kernel.errors import Conflict, Denied, Invalid, NotFound


class ShiftTaken(Conflict):
    code = "dispatch.shift_taken"
    message = "At this time the worker has a shift already, of this day or of the day beside it."


class LeaveTaken(Conflict):
    code = "dispatch.leave_taken"
    message = "For this time the worker is away already."


class NoSuchLeave(NotFound):
    code = "dispatch.no_such_leave"
    message = "This leave does not exist, or is not yours to end."


class LeaveIsOver(Conflict):
    code = "dispatch.leave_is_over"
    message = "This leave has ended already, or ends earlier."


class BadShift(Invalid):
    code = "dispatch.bad_shift"
    message = "A shift ends at another time than it begins."


class LeaveBackwards(Invalid):
    code = "dispatch.leave_backwards"
    message = "The last day cannot be before the first."


def keeps_hours(actor: Actor, worker_id: UUID, at: datetime) -> UUID:
    """Return the worker's organisation, where the actor keeps its shifts. Raises Denied."""
    organization = organizations.organization_of_user(worker_id, at=at)
    if organization is None:
        raise Denied
    if not (
        actor.is_system
        or actor.covers(terms.KEEP_SHIFTS, organization.region_code)
        or organization.pk in actor.organizations(terms.KEEP_SHIFTS)
    ):
        raise Denied
    return organization.pk


@transaction.atomic
def set_shift(
    *,
    actor: Actor,
    worker_id: UUID,
    weekday: int,
    begins: time | None,
    ends: time | None,
    since: date,
    at: datetime,
) -> None:
    """Let a worker work on a weekday from a day on; without times it is a day off from then on.

    A shift that ends earlier than it begins ends on the next day. Raises BadShift, ShiftTaken
    (also where it meets the shift of the day before or after), Denied.
    """
    organization_id = keeps_hours(actor, worker_id, at)
    if begins is not None and (ends is None or begins == ends):
        raise BadShift(field="ends")
    standing = WeeklyShift.objects.select_for_update().filter(
        lasting(since), worker=worker_id, weekday=weekday
    )
    for row in standing:
        if row.period.lower >= since:
            row.delete()
        else:
            row.period = (row.period.lower, since)
            row.save(update_fields=["period"])
    if begins is not None and ends is not None:
        try:
            with transaction.atomic():
                WeeklyShift.objects.create(
                    worker_id=worker_id,
                    organization_id=organization_id,
                    weekday=weekday,
                    begins=begins,
                    ends=ends,
                    period=(since, None),
                )
        except IntegrityError:
            raise ShiftTaken(field="weekday") from None
        _check_nights(worker_id, weekday, since)
    audit.record_change(
        actor=actor,
        action=terms.KEEP_SHIFTS,
        ref=f"accounts.User/{worker_id}",
        at=at,
        detail={"weekday": weekday, "begins": str(begins or ""), "ends": str(ends or "")},
    )


def _check_nights(worker_id: UUID, weekday: int, since: date) -> None:
    """Make sure that a night's shift ends before the next day's begins. Raises ShiftTaken."""
    rows = WeeklyShift.objects.filter(worker=worker_id, period__overlap=(since, None))
    by_day: dict[int, list[WeeklyShift]] = defaultdict(list)
    for row in rows:
        by_day[row.weekday].append(row)
    for before, after in ((weekday, (weekday + 1) % 7), ((weekday - 1) % 7, weekday)):
        for one in by_day[before]:
            for other in by_day[after]:
                if one.is_overnight and one.ends > other.begins:
                    raise ShiftTaken(field="ends")


@transaction.atomic
def set_hours(
    *,
    actor: Actor,
    worker_id: UUID,
    hours: Mapping[int, tuple[time, time] | None],
    since: date,
    at: datetime,
) -> int:
    """Say when a worker works on the days of the week from a day on; return how many changed.

    hours: by weekday, 0 is Monday, None where she is off; days that are missing stay. A day that
    is so already is left alone. Raises as `set_shift`; then nothing has changed.
    """
    organization_id = keeps_hours(actor, worker_id, at)
    rows = WeeklyShift.objects.filter(
        lasting(since), worker=worker_id, organization=organization_id
    )
    standing: dict[int, list[WeeklyShift]] = defaultdict(list)
    for row in rows:
        standing[row.weekday].append(row)
    changed = {
        weekday: wanted
        for weekday, wanted in hours.items()
        if not _is_so(standing[weekday], wanted, since)
    }
    for weekday in changed:  # first what falls away, so that nights and days do not meet it
        _set(actor, worker_id, weekday, None, since, at)
    for weekday, wanted in changed.items():
        if wanted is not None:
            _set(actor, worker_id, weekday, wanted, since, at)
    return len(changed)


def lasting(since: date) -> Q:
    """Return which shifts hold on a day or from a later one on."""
    return Q(period__endswith=None) | Q(period__endswith__gt=since)


def _is_so(rows: list[WeeklyShift], wanted: tuple[time, time] | None, since: date) -> bool:
    """Tell whether nothing else than what is wanted holds from a day on without end."""
    if wanted is None or len(rows) != 1:
        return wanted is None and not rows
    [row] = rows
    begins_by_then = row.period.lower <= since and row.period.upper is None
    return begins_by_then and (row.begins, row.ends) == wanted


def _set(
    actor: Actor,
    worker_id: UUID,
    weekday: int,
    hours: tuple[time, time] | None,
    since: date,
    at: datetime,
) -> None:
    begins, ends = hours or (None, None)
    set_shift(
        actor=actor, worker_id=worker_id, weekday=weekday, begins=begins, ends=ends, since=since,
        at=at,
    )  # fmt: skip


@transaction.atomic
def take_leave(
    *,
    actor: Actor,
    worker_id: UUID,
    kind: LeaveKind,
    begins_at: datetime,
    ends_at: datetime,
    at: datetime,
) -> Leave:
    """Note that a worker is not there. Raises LeaveBackwards, LeaveTaken, Denied.

    What was planned for the time is not moved by this: planning anew is.
    """
    keeps_hours(actor, worker_id, at)
    if begins_at >= ends_at:
        raise LeaveBackwards(field="until")
    try:
        with transaction.atomic():
            row = Leave.objects.create(
                worker_id=worker_id,
                kind=kind,
                period=(begins_at, ends_at),
                told_at=at,
                told_by=actor.user_id,
            )
    except IntegrityError:
        raise LeaveTaken(field="begins") from None
    audit.record_change(
        actor=actor, action=terms.KEEP_SHIFTS, ref=f"dispatch.Leave/{row.pk}", at=at
    )
    return row


@transaction.atomic
def end_leave(*, actor: Actor, leave_id: UUID, back_on: date, at: datetime) -> Leave:
    """Let a worker be back from a day on, earlier than was said; return the leave.

    Back before it began, it counts as never taken: its row stays, without any time. What was
    planned otherwise meanwhile is not moved back. Raises NoSuchLeave, LeaveIsOver.
    """
    row = Leave.objects.select_for_update().filter(pk=leave_id, period__isempty=False).first()
    if row is None:
        raise NoSuchLeave
    try:
        keeps_hours(actor, row.worker_id, at)
    except Denied:
        raise NoSuchLeave from None
    period = row.period
    ends_at = datetime.combine(back_on, time(), timezone.get_default_timezone())
    if period.upper <= at or ends_at >= period.upper:
        raise LeaveIsOver(field="back_on")
    begun = ends_at > period.lower
    row.period = DateTimeTZRange(period.lower, ends_at) if begun else DateTimeTZRange(empty=True)
    row.save(update_fields=["period"])
    audit.record_change(
        actor=actor,
        action=terms.KEEP_SHIFTS,
        ref=f"dispatch.Leave/{row.pk}",
        at=at,
        detail={"back_on": back_on.isoformat()},
    )
    return row
