"""Learning daily life: every night the day that is over, the night, and what is usual."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import structlog
from django.db import transaction
from django.db.models import Max

from songhe.domains.monitoring import life_source
from songhe.domains.monitoring.models import LifeDay, LifeRhythm
from songhe.domains.monitoring.services.rules import write_person_scope
from songhe.kernel.rhythm import Day, learn

log = structlog.get_logger(__name__)
# Learned from so many days, a season later still known; looked back so far at first.
REMEMBERED = timedelta(days=400)
FIRST_LOOK = timedelta(days=90)
_PERSONS_AT_ONCE = 200
_NOBODY = UUID(int=0)
Clock = Callable[[], datetime]


def learn_lives(*, clock: Clock, should_stop: Callable[[], bool]) -> int:
    """Learn what is over of the days of everybody with sensors; return how many persons.

    A person is one transaction: a run that is stopped goes on with the others the next time. One
    that fails is logged and keeps nobody else from being learned.
    """
    learned, after = 0, _NOBODY
    while found := life_source.persons(at=clock(), after=after, limit=_PERSONS_AT_ONCE):
        for person in found:
            if should_stop():
                return learned
            try:
                learned += learn_life(person_id=person, at=clock())
            except Exception:
                log.exception("life_not_learned", person=str(person))
        after = found[-1]
    return learned


@transaction.atomic
def learn_life(*, person_id: UUID, at: datetime) -> bool:
    """Learn a person's days up to yesterday; tell whether there was one more.

    Rules read what is usual from her facts; they are written when it changed.
    """
    today = life_source.local_day(at)
    done: date | None = LifeDay.objects.filter(person=person_id).aggregate(on=Max("on"))["on"]
    first = today - FIRST_LOOK if done is None else done + timedelta(days=1)
    if first >= today:
        return False
    source = life_source.source_of(person_id, since=life_source.midnight(first), until=at)
    rows = _rows(source, first, today, at)
    if done is None:
        rows = _from_the_first_that_tells(rows)
    LifeDay.objects.bulk_create(rows, ignore_conflicts=True)
    _learn_rhythm(person_id, source, today, at)
    return bool(rows)


def _rows(source: life_source.Source, first: date, until: date, at: datetime) -> list[LifeDay]:
    days = {day.date: day for day in source.days(first, until)} if source.sensors else {}
    rows = []
    on = first
    while on < until:
        day, night = days.get(on), source.night(on)
        rows.append(
            LifeDay(
                person_id=source.person,
                on=on,
                day=None if day is None else msgspec.to_builtins(day),
                night=msgspec.to_builtins(night) if night.bed else None,
                made_at=at,
            )
        )
        on += timedelta(days=1)
    return rows


def _from_the_first_that_tells(rows: list[LifeDay]) -> list[LifeDay]:
    """Leave out the days before anything was fitted: nobody lived unseen in them."""
    for place, row in enumerate(rows):
        if row.night is not None or (row.day is not None and row.day["kind"] != "partial"):
            return rows[place:]
    return []


def _learn_rhythm(person_id: UUID, source: life_source.Source, today: date, at: datetime) -> None:
    since = today - REMEMBERED
    kept = LifeDay.objects.filter(person=person_id, on__gte=since, day__isnull=False)
    days = [msgspec.convert(row.day, Day) for row in kept.order_by("on")]
    if not days:
        return
    profile: dict[str, Any] = msgspec.to_builtins(learn(days))
    LifeRhythm.objects.update_or_create(
        person_id=person_id,
        defaults={
            "profile": profile,
            "sensors": source.sensors,
            "as_of": days[-1].date,
            "made_at": at,
        },
    )
    write_person_scope(person_id=person_id, at=at)
