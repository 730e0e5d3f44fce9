"""What the family of a person reads of her open alarms: that there is one, and who has it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.domains.monitoring import words
from songhe.domains.monitoring.models import Alarm
from songhe.domains.monitoring.terms import PriorityWord
from songhe.engines.alarms.terms import OPEN_STATES

_OWN = ("guardian", "family")
# What an alarm may tell of: how somebody is, and what happens at home. Both must be open.
_NEEDS = {"health", "home"}
_TOLD = (PriorityWord.HIGH, PriorityWord.MEDIUM)


@dataclass(frozen=True, slots=True)
class OwnAlarm:
    """An open alarm of one of one's own. by: who has it at the desk, "" where nobody has yet."""

    priority: str
    title: str
    since: datetime
    by: str


def own_alarms(actor: Actor, person_ids: Iterable[UUID]) -> dict[UUID, OwnAlarm]:
    """Return the gravest open alarm of each of some persons of one's own family; 1 query.

    Of those alone who opened both health and home to the actor; without any, nothing is asked.
    """
    opened: dict[UUID, set[str]] = {}
    for held in actor.grants:
        if held.subject_type == "people.Person" and held.purpose in _OWN:
            opened.setdefault(held.subject_id, set()).update(held.fields)
    own = [pk for pk in person_ids if opened.get(pk, set()) >= _NEEDS]
    if not own:
        return {}
    found: dict[UUID, OwnAlarm] = {}
    with lifted():
        rows = Alarm.objects.filter(person__in=own, state__in=OPEN_STATES, priority__in=_TOLD)
        named = rows.select_related("device", "acknowledged_by")
        for row in named.order_by("priority_rank", "-raised_at"):
            by = row.acknowledged_by
            if row.person_id is not None and row.person_id not in found:
                found[row.person_id] = OwnAlarm(
                    row.priority, words.title(row), row.raised_at, by.display_name if by else ""
                )
    return found
