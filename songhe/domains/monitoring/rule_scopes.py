"""For whom a rule is changed: everybody, an organisation, a person; what holds there already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import phrases, rule_access, selectors
from songhe.domains.monitoring.models import RuleOverride
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.kernel.detectors.rules import spec
from songhe.kernel.errors import NotFound

CHANGE = rule_access.CHANGE
EVERYBODY = rule_access.EVERYBODY


class NoSuchScope(NotFound):
    code = "monitoring.no_such_scope"
    message = "There is no such organisation or person, or it is not open to you."


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a change is for. base are the parameters that hold without it."""

    text: str
    kind: str
    id: UUID | None
    name: str
    region_code: str
    below: tuple[str, ...]


def find(actor: Actor, text: str, *, at: datetime) -> Scope:
    """Return the scope that `*`, `org:<uuid>` or `person:<uuid>` names; NoSuchScope, NotFound."""
    if text == EVERYBODY:
        return everybody()
    kind, _sep, key = text.partition(":")
    try:
        pk = UUID(key)
    except ValueError:
        raise NoSuchScope from None
    if kind == "person":
        person = people.get_person(actor, pk, at=at)
        return Scope(text, kind, pk, person.name, person.region_code, below(text))
    found = organizations.organizations_by_id({pk}).get(pk) if kind == "org" else None
    if found is None:
        raise NoSuchScope
    name = phrases.local_name(found.name, found.name_en)
    return Scope(text, kind, pk, name, found.region_code, below(text))


def everybody() -> Scope:
    """Return the scope of all persons of this installation."""
    return Scope(EVERYBODY, "all", None, _("everybody"), "", ())


def below(scope: str) -> tuple[str, ...]:
    """Return the scopes that hold before this one does, the widest first."""
    kind, _sep, key = scope.partition(":")
    if kind != "person":
        return (EVERYBODY,) if kind == "org" else ()
    serving = organizations.serving(people.region_of(person_id=UUID(key), room_id=None))
    return (EVERYBODY, f"org:{serving.pk}") if serving is not None else (EVERYBODY,)


def base_of(scope: Scope, rule: str) -> tuple[dict[str, Any], bool]:
    """Return the parameters and whether the rule is on, as they are without this scope's change."""
    return _holding(list(scope.below), rule)


def base_below(scope: str, rule: str) -> tuple[dict[str, Any], bool]:
    """Return what base_of returns, for a scope by its text."""
    return _holding(list(below(scope)), rule)


def _holding(scopes: list[str], rule: str) -> tuple[dict[str, Any], bool]:
    row = spec(rule)
    params, enabled = dict(row.params), row.enabled
    for change in selectors.effective(scopes).get(rule, []):
        params |= change.params
        enabled = change.enabled
    return params, enabled


def holding(base: dict[str, Any], base_on: bool, change: RuleOverride | None) -> dict[str, Any]:
    """Return {"enabled", "params"} as they hold with a change above a base."""
    if change is None or change.is_back:
        return {"enabled": base_on, "params": base}
    return {"enabled": change.enabled, "params": base | change.params}


def newest(scope: str, rule: str) -> RuleOverride | None:
    """Return the newest version of a scope's change, taken back or not; None without any."""
    rows = RuleOverride.objects.filter(scope=scope, rule=rule)
    return rows.order_by("-number").first()


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
              row.region_code, (EVERYBODY,))
        for row in rows if actor.covers(CHANGE, row.region_code)
    ]  # fmt: skip


class NoSuchVersion(NotFound):
    code = "monitoring.no_such_version"
    message = "There is no such version of this rule."


def now_and_then(
    scope: Scope, rule: str, number: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return how a rule holds for a scope now, and how with an earlier version (0: without any).

    Raises NoSuchVersion.
    """
    base, base_on = base_of(scope, rule)
    wanted = None
    if number:
        rows = RuleOverride.objects.filter(scope=scope.text, rule=rule, number=number)
        wanted = rows.first()
        if wanted is None:
            raise NoSuchVersion
    now = newest(scope.text, rule)
    return holding(base, base_on, now), holding(base, base_on, wanted)


def changeable(actor: Actor, rule: str) -> list[Scope]:
    """Return for whom, besides single persons, the actor may change a rule."""
    whole = [everybody()] if rule_access.may_for_all(actor, CHANGE) else []
    return [*whole, *organizations_of(actor)]


def may_change(actor: Actor, action: str, rule: str, scope: Scope) -> bool:
    """Tell whether the actor may change (or take back) a rule for a scope."""
    if scope.kind == "all":
        return rule_access.may_for_all(actor, action)
    if scope.kind == "org" or scope.id is None:
        return actor.covers(action, scope.region_code)
    return rule_access.may_for_person(actor, action, rule, scope.id, scope.region_code)


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a rule's history, with the name of whom it is for; empty name is masked away."""

    made: RuleOverride
    name: str
    kind: str
    scope: Scope | None = None


def history(actor: Actor, rule: str) -> list[Change]:
    """Return a rule's changes, newest first; those of persons only where the person is open."""
    rows = selectors.overrides_of_rule(rule)
    persons = people.person_views(actor, _ids(rows, "person"))
    known = organizations.organizations_by_id(set(_ids(rows, "org")))
    found = []
    for row in rows:
        kind, _sep, key = row.scope.partition(":")
        if row.scope == EVERYBODY:
            found.append(Change(row, _("everybody"), "all", everybody()))
            continue
        pk = UUID(key)
        if kind == "person" and pk in persons and "identity" in persons[pk].fields:
            one = persons[pk]
            scope = Scope(row.scope, kind, pk, one.name, one.region_code, ())
            found.append(Change(row, one.name, kind, scope))
        elif kind == "org" and pk in known:
            name = phrases.local_name(known[pk].name, known[pk].name_en)
            scope = Scope(row.scope, kind, pk, name, known[pk].region_code, ())
            found.append(Change(row, name, kind, scope))
    return found


def _ids(rows: Iterable[RuleOverride], kind: str) -> list[UUID]:
    prefix = f"{kind}:"
    return [UUID(row.scope.removeprefix(prefix)) for row in rows if row.scope.startswith(prefix)]
