"""What is known of a person outside: what is watched, and where she was; actor first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import fence_plan, rule_scopes
from songhe.domains.monitoring.terms import BACK_RULE, FENCE_FACT, WANDER_RULE
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry import selectors as telemetry
from songhe.domains.telemetry.terms import VIEW_READINGS
from songhe.kernel import geo
from songhe.kit import formats

TRACK = timedelta(hours=24)
MOST_FIXES = 200


@dataclass(frozen=True, slots=True)
class Outdoors:
    """What is watched now, and the fixes of the last day, oldest first.

    area: the safe area as rules read it, None without one; home: where the home lies, if known.
    """

    area: Any
    back_by: time | None
    wandering: bool
    home: geo.Point | None
    fixes: tuple[fence_plan.Fix, ...]
    last_at: datetime | None

    @property
    def circle(self) -> Mapping[str, Any] | None:
        """Return the safe area where it is one circle."""
        one = self.area[0] if isinstance(self.area, list) and len(self.area) == 1 else self.area
        return one if isinstance(one, Mapping) and "radius_m" in one else None


def is_open_to(actor: Actor, person: PersonView) -> bool:
    """Tell whether the actor may see where a person is outside."""
    return actor.may(VIEW_READINGS) and "location" in person.fields


def outdoors_of(actor: Actor, person: PersonView, *, at: datetime) -> Outdoors:
    """Return it; the read of positions is told to the audit. 8 queries."""
    telemetry.opened(actor, [person.id], at=at)
    home = people.home_of(person.id, at=at)
    point = None
    if home is not None and home.lat is not None and home.lon is not None:
        point = (home.lat, home.lon)
    found = telemetry.series(
        actor, person, ("lat", "lon", "accuracy"), at - TRACK, at, max_points=MOST_FIXES
    )
    told = [
        (sample.at, fence_plan.Fix(lat, lon, accuracy or 0.0, formats.clock(sample.at)))
        for sample in found.samples
        for lat, lon, accuracy in [sample.values]
        if lat is not None and lon is not None
    ]
    back, wander = (_holds(person, rule) for rule in (BACK_RULE, WANDER_RULE))
    return Outdoors(
        area=people.rule_data_of(person.id, at=at).get(FENCE_FACT),
        back_by=time.fromisoformat(back["params"]["from"]) if back["enabled"] else None,
        wandering=bool(wander["enabled"]),
        home=point,
        fixes=tuple(fix for _at, fix in told),
        last_at=told[-1][0] if told else None,
    )


def _holds(person: PersonView, rule: str) -> dict[str, Any]:
    scope = f"person:{person.id}"
    base, base_on = rule_scopes.base_below(scope, rule)
    return rule_scopes.holding(base, base_on, rule_scopes.newest(scope, rule))
