"""Reading suggestions to re-tune rules: who may change the rule may see what is suggested."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.monitoring import bounds, rule_access, rule_words, tuning, words
from songhe.domains.monitoring.models import RuleSuggestion
from songhe.domains.monitoring.terms import SuggestionState
from songhe.domains.people import selectors as people
from songhe.kernel.errors import NotFound


class NoSuchSuggestion(NotFound):
    code = "monitoring.no_such_suggestion"
    message = "This suggestion does not exist, or is not open to you."


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggestion as a page shows it. changes: (what, now, then); beyond: what must be confirmed.

    effect is None where no change was found that helps.
    """

    row: RuleSuggestion
    person: str
    rule: str
    changes: list[tuple[str, str, str]]
    effect: tuning.Effect | None
    beyond: list[str]

    @property
    def false(self) -> int:
        return int(self.row.ratings.get("false", 0))

    @property
    def rated(self) -> int:
        return self.false + int(self.row.ratings.get("true", 0))

    @property
    def is_open(self) -> bool:
        return bool(self.row.state == SuggestionState.OPEN)


def list_suggestions(actor: Actor, *, at: datetime, limit: int = 100) -> list[Suggestion]:
    """Return the suggestions that the actor may decide, open ones first, then the newest.

    Whom they name is a read of the person.
    """
    newest = RuleSuggestion.objects.order_by("-made_at")[: limit * 3]
    persons = _persons(actor, newest)
    found = [_shown(actor, row, persons) for row in newest]
    held = sorted((one for one in found if one is not None), key=lambda one: not one.is_open)
    refs = [f"people.Person/{one.row.scope.removeprefix('person:')}" for one in held[:limit]]
    if refs:
        audit.record_reads(actor=actor, action=rule_access.CHANGE, refs=refs, at=at)
    return held[:limit]


def get_suggestion(actor: Actor, suggestion_id: UUID) -> Suggestion:
    """Return one suggestion that the actor may decide. Raises NoSuchSuggestion."""
    row = RuleSuggestion.objects.filter(pk=suggestion_id).first()
    found = _shown(actor, row, _persons(actor, [row])) if row is not None else None
    if found is None:
        raise NoSuchSuggestion
    return found


def _persons(actor: Actor, rows: Iterable[RuleSuggestion]) -> dict[UUID, Any]:
    ids = [UUID(row.scope.removeprefix("person:")) for row in rows]
    found = people.list_persons(actor).order_by().filter(pk__in=ids)
    return {person.pk: person for person in found}


def _shown(actor: Actor, row: RuleSuggestion, persons: dict[UUID, Any]) -> Suggestion | None:
    person_id = UUID(row.scope.removeprefix("person:"))
    person = persons.get(person_id)
    if person is None or not rule_access.may_for_person(
        actor, rule_access.CHANGE, row.rule, person_id, person.region_code
    ):
        return None
    before = row.before
    after = {"enabled": True, "params": before["params"] | row.params}
    departures = bounds.departures(row.rule, after["params"], enabled=True)
    return Suggestion(
        row=row,
        person=person.name,
        rule=words.rule_name(row.rule),
        changes=rule_words.differences(row.rule, before, after),
        effect=tuning.Effect(**row.effect) if row.effect else None,
        beyond=rule_words.departure_words(row.rule, departures),
    )
