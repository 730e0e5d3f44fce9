"""For whom a rule is changed: an organisation or a person, with what holds there already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import phrases, selectors
from songhe.domains.monitoring.models import RuleOverride
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.kernel.detectors.rules import spec
from songhe.kernel.errors import NotFound

CHANGE = "monitoring.override_rule"


class NoSuchScope(NotFound):
    code = "monitoring.no_such_scope"
    message = "There is no such organisation or person, or it is not open to you."


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a change is for. base are the parameters that hold without it."""

    text: str
    kind: str
    id: UUID
    name: str
    region_code: str
    below: tuple[str, ...]


def find(actor: Actor, text: str, *, at: datetime) -> Scope:
    """Return the scope that `org:<uuid>` or `person:<uuid>` names. Raises NoSuchScope, NotFound."""
    kind, _sep, key = text.partition(":")
    try:
        pk = UUID(key)
    except ValueError:
        raise NoSuchScope from None
    if kind == "person":
        person = people.get_person(actor, pk, at=at)
        serving = organizations.serving(person.region_code)
        below = (f"org:{serving.pk}",) if serving is not None else ()
        return Scope(text, kind, pk, person.name, person.region_code, below)
    found = organizations.organizations_by_id({pk}).get(pk) if kind == "org" else None
    if found is None:
        raise NoSuchScope
    name = phrases.local_name(found.name, found.name_en)
    return Scope(text, kind, pk, name, found.region_code, ())


def base_of(scope: Scope, rule: str) -> tuple[dict[str, Any], bool]:
    """Return the parameters and whether the rule is on, as they are without this scope's change."""
    row = spec(rule)
    params, enabled = dict(row.params), row.enabled
    for change in selectors.effective(list(scope.below)).get(rule, []):
        params |= change.params
        enabled = change.enabled
    return params, enabled


def present(scope: Scope, rule: str) -> RuleOverride | None:
    """Return the change that holds for this scope now, None without one."""
    rows = selectors.effective([scope.text]).get(rule, [])
    return rows[0] if rows else None


def organizations_of(actor: Actor) -> list[Scope]:
    """Return the organisations for which the actor may change rules."""
    ids = {held.organization_id for held in actor.roles
           if held.organization_id is not None and held.carries(CHANGE)}  # fmt: skip
    rows = list(organizations.organizations_by_id(ids).values()) if ids else []
    for prefix in actor.prefixes(CHANGE):
        serving = organizations.serving(prefix) if prefix else None
        if serving is not None and serving.pk not in ids:
            rows.append(serving)
    return [
        Scope(f"org:{row.pk}", "org", row.pk, phrases.local_name(row.name, row.name_en),
              row.region_code, ())
        for row in rows if actor.covers(CHANGE, row.region_code)
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a rule's history, with the name of whom it is for; empty name is masked away."""

    made: RuleOverride
    name: str
    kind: str


def history(actor: Actor, rule: str) -> list[Change]:
    """Return a rule's changes, newest first; those of persons only where the person is open."""
    rows = selectors.overrides_of_rule(rule)
    persons = people.person_views(actor, _ids(rows, "person"))
    known = organizations.organizations_by_id(set(_ids(rows, "org")))
    found = []
    for row in rows:
        kind, _sep, key = row.scope.partition(":")
        pk = UUID(key)
        if kind == "person" and pk in persons and "identity" in persons[pk].fields:
            found.append(Change(row, persons[pk].name, kind))
        elif kind == "org" and pk in known:
            name = phrases.local_name(known[pk].name, known[pk].name_en)
            found.append(Change(row, name, kind))
    return found


def _ids(rows: Iterable[RuleOverride], kind: str) -> list[UUID]:
    prefix = f"{kind}:"
    return [UUID(row.scope.removeprefix(prefix)) for row in rows if row.scope.startswith(prefix)]
