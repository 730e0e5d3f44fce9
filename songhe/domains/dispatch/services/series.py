"""Series: asked for, paused, ended; their orders are made some days ahead, each turn once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from songhe.base import vault
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.audit import services as audit
from songhe.base.regions.days import day_of
from songhe.domains.catalog import selectors as catalog
from songhe.domains.dispatch import terms
from songhe.domains.dispatch.models import Order, Series
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.selectors import NoSuchOrder
from songhe.domains.dispatch.services import orders
from songhe.domains.dispatch.terms import OrderKind, OrderState, SeriesState, Source
from songhe.domains.people import selectors as people
from songhe.engines.booking.recurrence import Recurrence
from songhe.engines.booking.terms import Calendar
from songhe.kernel.errors import Conflict, Invalid


class BadTimes(Invalid):
    code = "dispatch.bad_times"
    message = "A visit may begin between two times of one day; the second is later."


class BadState(Invalid):
    code = "dispatch.bad_state"
    message = "Please say whether the series rests, goes on or ends."


class SeriesEnded(Conflict):
    code = "dispatch.series_ended"
    message = "This series has ended."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What comes again and again: days as an RRULE of RFC 5545, and between which local times."""

    item_code: str
    rule: str
    begins: time
    ends: time
    since: date
    until: date | None = None
    rests_on_holidays: bool = False
    worker_wish: UUID | None = None
    sex_wish: str = ""
    note: str = ""


@transaction.atomic
def make_series(
    *,
    actor: Actor,
    person_id: UUID,
    organization_id: UUID,
    wanted: Wanted,
    at: datetime,
    source_ref: str = "",
) -> Series:
    """Begin a series for a person.

    Raises what `Recurrence.check` does, BadTimes, NotInCatalog, NoSuchPerson, Denied.
    """
    person = people.choose_person(actor, people.VIEW, person_id)
    people.all_live([person.id])
    _checked(wanted)
    catalog.version_at(wanted.item_code, at)
    home = people.home_of(person.id, at=at)
    row = Series(
        person_id=person.id,
        organization_id=organization_id,
        region_code=home.region_code if home else person.region_code,
        item_code=wanted.item_code,
        rule=wanted.rule,
        begins=wanted.begins,
        ends=wanted.ends,
        rests_on_holidays=wanted.rests_on_holidays,
        worker_wish_id=wanted.worker_wish,
        sex_wish=wanted.sex_wish,
        period=(wanted.since, wanted.until),
        source_ref=source_ref,
        asked_at=at,
        asked_by=actor.user_id,
    )
    if wanted.note.strip():
        row.note_sealed = vault.seal(wanted.note.strip(), field=Series.NOTE, pk=row.pk)
    orders.may_order(actor, row)
    row.save(force_insert=True)
    _noted(actor, row, "made", at)
    row = Series.objects.get(pk=row.pk)
    _make(row, at)
    return row


def _checked(wanted: Wanted) -> None:
    Recurrence(wanted.rule, wanted.since, wanted.until).check()
    if wanted.begins >= wanted.ends:
        raise BadTimes(field="ends")


@transaction.atomic
def set_series_state(
    *, actor: Actor, series_id: UUID, state: SeriesState | str, at: datetime
) -> Series:
    """Pause, take up again or end a series; what is ahead and nobody set out for goes with it.

    Raises NoSuchOrder, BadState, SeriesEnded.
    """
    row = orders.locked_series(actor, series_id)
    if state not in SeriesState.values:
        raise BadState(field="state")
    if row.state == SeriesState.ENDED:
        raise SeriesEnded
    if state == row.state:
        return row
    row.state = state
    if state != SeriesState.ACTIVE:
        row.made_until = day_of(at)
    row.save(update_fields=["state", "made_until"])
    _noted(actor, row, state, at)
    if state == SeriesState.ACTIVE:
        _make(row, at)
    else:
        ahead = Order.objects.filter(
            source=Source.SERIES,
            source_ref__startswith=f"dispatch.Series/{row.pk}/",
            state__in=("asked", "accepted", "planned"),
            window__startswith__gt=at,
        )
        for order in ahead:
            orders.cancel_order(actor=SYSTEM, order_id=order.pk, reason=f"series {state}", at=at)
    return row


def _noted(actor: Actor, row: Series, what: str, at: datetime) -> None:
    audit.record_change(
        actor=actor,
        action=terms.MAKE,
        ref=f"dispatch.Series/{row.pk}",
        at=at,
        detail={"state": what},
    )


def make_turns(*, at: datetime) -> int:
    """Make the orders of every series as far ahead as is planned; return how many were made."""
    made = 0
    for pk in Series.objects.filter(state=SeriesState.ACTIVE).values_list("pk", flat=True):
        with transaction.atomic():
            row = Series.objects.select_for_update(of=("self",)).filter(pk=pk).first()
            if row is not None and row.state == SeriesState.ACTIVE:
                made += _make(row, at)
    return made


def turns(row: Series) -> Recurrence:
    """Return the days on which a series comes."""
    rests = Calendar.RESTS if row.rests_on_holidays else Calendar.EVERY
    return Recurrence(row.rule, row.period.lower, row.period.upper, rests)


def _make(row: Series, at: datetime) -> int:
    today = day_of(at)
    until = today + timedelta(days=params()["series"]["ahead_days"])
    since = max(today, row.made_until or today)
    made = 0
    for day in turns(row).days(since, until):
        made += _one(row, day, at)
    row.made_until = until
    row.save(update_fields=["made_until"])
    return made


def _one(row: Series, day: date, at: datetime) -> int:
    zone = timezone.get_default_timezone()
    window: Any = (
        datetime.combine(day, row.begins, zone),
        datetime.combine(day, row.ends, zone),
    )
    ref = f"dispatch.Series/{row.pk}/{day:%Y%m%d}"
    standing = Order.objects.filter(source_ref=ref).exclude(state=OrderState.CANCELLED)
    if window[1] <= at or standing.exists():
        return 0
    note = ""
    if row.note_sealed is not None:
        note = vault.unseal(row.note_sealed, field=Series.NOTE, pk=row.pk)
    try:
        with transaction.atomic():
            orders.make_order(
                actor=SYSTEM,
                kind=OrderKind.SERVICE,
                source=Source.SERIES,
                source_ref=ref,
                person_id=row.person_id,
                organization_id=row.organization_id,
                item_code=row.item_code,
                window=window,
                worker_wish=row.worker_wish_id,
                sex_wish=row.sex_wish,
                note=note,
                at=at,
            )
    except IntegrityError:
        return 0  # made meanwhile by somebody else
    except (people.PersonHasDied, people.NoSuchPerson, catalog.NotInCatalog, NoSuchOrder):
        return 0
    return 1
