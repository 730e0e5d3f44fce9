"""Reading daily life: what is usual, today beside it, the night in a line; actor first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import life_source
from songhe.domains.monitoring.models import LifeDay, LifeRhythm
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry.terms import VIEW_READINGS
from songhe.kernel.night.summary import NightSummary
from songhe.kernel.rhythm import Day, Profile, facts

NIGHTS_BEFORE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Life:
    """What is known of a person's daily life. Each part is None where it is unknown or not open.

    today: the day under way, as far as it is; night: the last one, earlier: those before it.
    """

    profile: Profile | None
    today: Day | None
    until_minute: int
    night: NightSummary | None
    earlier: tuple[NightSummary, ...]
    shows_home: bool
    shows_health: bool


def is_open_to(actor: Actor, person: PersonView) -> bool:
    """Tell whether the actor may see anything of a person's daily life."""
    return actor.may(VIEW_READINGS) and bool({"home", "health"} & person.fields)


def life_of(actor: Actor, person: PersonView, *, at: datetime) -> Life:
    """Return a person's daily life up to now, only what is open to the actor; 6 queries."""
    home, health = "home" in person.fields, "health" in person.fields
    on = life_source.local_day(at)
    source = life_source.source_of(person.id, since=at - timedelta(days=1), until=at)
    rhythm = LifeRhythm.objects.filter(person=person.id).first() if home else None
    profile = None if rhythm is None else msgspec.convert(rhythm.profile, Profile)
    today = source.today(at) if home and source.sensors else None
    night = source.night(on, at) if health else None
    return Life(
        profile=profile,
        today=today,
        until_minute=round((at - life_source.midnight(on)).total_seconds() / 60),
        night=night if night is not None and night.bed else None,
        earlier=_earlier(person.id, on) if health else (),
        shows_home=home,
        shows_health=health,
    )


def night_of(person: PersonView, *, at: datetime) -> Life:
    """Return the last night with those before it and nothing else; the caller asked for health."""
    on = life_source.local_day(at)
    source = life_source.source_of(person.id, since=at - timedelta(days=1), until=at)
    night = source.night(on, at)
    if not night.bed:
        return Life(None, None, 0, None, (), shows_home=False, shows_health=True)
    earlier = _earlier(person.id, on)
    return Life(None, None, 0, night, earlier, shows_home=False, shows_health=True)


def _earlier(person_id: UUID, on: date) -> tuple[NightSummary, ...]:
    rows = LifeDay.objects.filter(
        person=person_id, on__gte=on - NIGHTS_BEFORE, on__lt=on, night__isnull=False
    )
    return tuple(msgspec.convert(row.night, NightSummary) for row in rows.order_by("on"))


def days_before(person_id: UUID, on: date, count: int) -> list[Day]:
    """Return a person's last days in order; the caller has asked what is open."""
    rows = LifeDay.objects.filter(person=person_id, on__lt=on, day__isnull=False)
    return [msgspec.convert(row.day, Day) for row in reversed(rows.order_by("-on")[:count])]


def facts_for_rules(person_id: UUID) -> dict[str, Any]:
    """Return what rules are to know of what is usual for a person; nothing while learning."""
    row = LifeRhythm.objects.filter(person=person_id).first()
    if row is None:
        return {}
    return facts(msgspec.convert(row.profile, Profile), row.sensors)


def is_stale(profile: Profile, at: datetime) -> bool:
    """Tell whether a profile was not learned anew for days: what it says may be old."""
    return at - life_source.midnight(date.fromisoformat(profile.as_of)) > timedelta(days=4)
