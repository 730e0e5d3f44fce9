"""What is watched of a person outside: the safe area, coming home in time, wandering."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from django.db import transaction

from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.audit import services as audit
from songhe.domains.monitoring import rule_access, rule_scopes
from songhe.domains.monitoring.services.rules import (
    ReasonForRule,
    override_rule,
    write_person_scope,
)
from songhe.domains.monitoring.terms import (
    BACK_RULE,
    FENCE_FACT,
    FENCE_RULE,
    LEAST_RADIUS_M,
    MOST_RADIUS_M,
    WANDER_RULE,
)
from songhe.domains.people import selectors as people
from songhe.domains.people import services as people_services
from songhe.domains.people.selectors import PersonView
from songhe.domains.people.terms import FactKind
from songhe.kernel import geo
from songhe.kernel.errors import Denied, Invalid

_RANK = 70


class BadRadius(Invalid):
    code = "monitoring.bad_radius"
    message = "A safe area reaches from 50 m to 20 km."


class NeedsArea(Invalid):
    code = "monitoring.needs_area"
    message = "Coming home can only be watched with a safe area: choose its middle."


@dataclass(frozen=True, slots=True)
class Watched:
    """What is to be watched. centre and radius_m of the safe area, centre None for no area.

    back_by: the local time of day by which she is home, None for not watched.
    """

    centre: geo.Point | None
    radius_m: int
    back_by: time | None
    wandering: bool


def may_set_outdoors(actor: Actor, person: PersonView) -> bool:
    """Tell whether the actor may set what is watched of a person outside."""
    return "location" in person.fields and all(
        rule_access.may_for_person(actor, rule_access.CHANGE, rule, person.id, person.region_code)
        for rule in (FENCE_RULE, BACK_RULE, WANDER_RULE)
    )


@transaction.atomic
def set_outdoors(
    *, actor: Actor, person_id: UUID, watched: Watched, reason: str, at: datetime
) -> None:
    """Set the safe area and switch the rules on or off for a person, with a reason.

    Rules that stay as they hold get no version. Raises NoSuchPerson, Denied, ReasonForRule,
    BadRadius, NeedsArea.
    """
    person = people.get_person(actor, person_id, at=at)
    if not may_set_outdoors(actor, person):
        raise Denied(action=rule_access.CHANGE)
    if not reason.strip():
        raise ReasonForRule(field="reason")
    if watched.centre is None and watched.back_by is not None:
        raise NeedsArea(field="centre")
    if watched.centre is not None and not LEAST_RADIUS_M <= watched.radius_m <= MOST_RADIUS_M:
        raise BadRadius(field="radius_m")
    _set_area(actor, person_id, watched, at)
    back = {} if watched.back_by is None else {"from": f"{watched.back_by:%H:%M}"}
    _switch(actor, person_id, BACK_RULE, back, watched.back_by is not None, reason, at)
    _switch(actor, person_id, WANDER_RULE, {}, watched.wandering, reason, at)
    write_person_scope(person_id=person_id, at=at)


def _set_area(actor: Actor, person_id: UUID, watched: Watched, at: datetime) -> None:
    """Write the fact that rules read; who may set rules may, even where facts are others' work."""
    before = people.rule_data_of(person_id, at=at).get(FENCE_FACT)
    after = None
    if watched.centre is not None:
        lat, lon = (round(degrees, 6) for degrees in watched.centre)
        after = {"lat": lat, "lon": lon, "radius_m": watched.radius_m}
    if after == before:
        return
    if after is None:
        people_services.end_fact(actor=SYSTEM, person_id=person_id, code=FENCE_FACT, at=at)
    else:
        people_services.replace_fact(
            actor=SYSTEM,
            person_id=person_id,
            kind=FactKind.NEED,
            code=FENCE_FACT,
            text_zh=f"安全区 {watched.radius_m} 米",
            text_en=f"Safe area of {watched.radius_m} m",
            at=at,
            rank=_RANK,
            data={FENCE_FACT: after},
        )
    audit.record_change(
        actor=actor,
        action="monitoring.set_safe_area",
        ref=f"people.Person/{person_id}",
        at=at,
        detail={"radius_m": None if after is None else watched.radius_m},
    )


def _switch(
    actor: Actor,
    person_id: UUID,
    rule: str,
    params: dict[str, str],
    enabled: bool,
    reason: str,
    at: datetime,
) -> None:
    """Let a rule hold for a person, as a version of it, where it does not hold so already."""
    scope = f"person:{person_id}"
    base, base_on = rule_scopes.base_below(scope, rule)
    newest = rule_scopes.newest(scope, rule)
    held = rule_scopes.holding(base, base_on, newest)
    own = {} if newest is None or newest.is_back else dict(newest.params)
    wanted = own | params
    if held == {"enabled": enabled, "params": base | wanted}:
        return
    override_rule(
        actor=actor,
        scope=scope,
        rule=rule,
        params={name: value for name, value in wanted.items() if base.get(name) != value},
        enabled=enabled,
        reason=reason,
        at=at,
    )
