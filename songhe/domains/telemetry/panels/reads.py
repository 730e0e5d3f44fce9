"""What all panels of one page share: the person's last values and home, read once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone

from songhe.base.access.actor import Actor
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry import selectors
from songhe.domains.telemetry.policies import open_classes
from songhe.domains.telemetry.selectors import Baseline, LatestValue
from songhe.domains.telemetry.terms import class_of
from songhe.kernel import geo


@dataclass(frozen=True, slots=True)
class Reads:
    """The page's moment, where the person lives, and the last values; classes say what is open."""

    actor: Actor
    person: PersonView
    classes: frozenset[str]
    home_id: UUID | None
    home_name: str
    home_point: geo.Point | None
    plan: dict[str, Any]
    latest: list[LatestValue]
    usual: dict[int, Baseline]
    at: datetime

    def newest(self, key: str) -> LatestValue | None:
        """Return the person's last value of a code by our key."""
        own = (v for v in self.latest if v.code.key == key and v.subject == self.person.id)
        return next(own, None)


def reads_of(request: HttpRequest, person: PersonView) -> Reads:
    """Return what the page's panels share; the first to ask reads it and tells the audit."""
    kept: dict[UUID, Reads] = request.__dict__.setdefault("telemetry_reads", {})
    if person.id not in kept:
        kept[person.id] = _read(request, person)
    return kept[person.id]


def _read(request: HttpRequest, person: PersonView) -> Reads:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    at = timezone.now()
    classes = open_classes(actor, person)
    home = people.home_of(person.id, at=at) if classes & {"home", "location"} else None
    home_id = home.pk if home is not None and "home" in classes else None
    point = None
    if home is not None and home.lat is not None and home.lon is not None:
        point = (home.lat, home.lon)
    latest = selectors.latest_of(actor, person, home_id, at=at)
    if classes:
        selectors.opened(actor, [person.id], at=at)
    own_numbers = [
        value.code.number
        for value in latest
        if value.subject == person.id and class_of(value.code) == "health"
    ]
    return Reads(
        actor=actor,
        person=person,
        classes=classes,
        home_id=home_id,
        home_name=home.address if home is not None else "",
        home_point=point,
        plan=home.plan if home is not None and not home.is_institution else {},
        latest=latest,
        usual=selectors.baselines(person.id, own_numbers, at=at) if own_numbers else {},
        at=at,
    )
