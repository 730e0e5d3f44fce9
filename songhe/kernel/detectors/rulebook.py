"""The rules as they hold for one person: default, then organisation, then person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec

from songhe.kernel.detectors.kinds import KINDS
from songhe.kernel.detectors.program import RuleSet
from songhe.kernel.detectors.rules import (
    Rule,
    Spec,
    Variant,
    catalogue,
    check_params,
    limits_of,
)
from songhe.kernel.errors import Invalid
from songhe.kernel.wire import DeviceSnapshot, RuleChange, RuleScope

DEFAULT_SCOPE = "*"
_CACHED = 4096
_AS_USUAL: Mapping[str, Any] = {}
_MARKS = ("g", "o", "p")


class Profile(msgspec.Struct, frozen=True):
    """All that is judged by for one person, or for a place where nobody is known to live."""

    rules: RuleSet
    facts: dict[str, Any] = {}
    away: tuple[tuple[int, int], ...] = ()
    zone: str = "Asia/Shanghai"


class RuleBook:
    """Resolves default ← `*` ← organisation ← person from RuleScope snapshots.

    A change that its rule cannot have (unknown rule or parameter, no number) is left out and noted
    in `problems`: the rule keeps judging as it did without the change.
    """

    def __init__(self, scopes: Iterable[RuleScope] = ()) -> None:
        self.problems: dict[str, list[Invalid]] = {}
        self._given: dict[str, RuleScope] = {}
        self._scopes: dict[str, RuleScope] = {}
        self._profiles: dict[int, Profile] = {}
        self._rulesets: dict[bytes, RuleSet] = {}
        self._personal: dict[tuple[int, ...], bool] = {}
        self._mountings: dict[int, dict[str, Any]] = {}
        for scope in scopes:
            self.put(scope)

    def put(self, scope: RuleScope) -> list[Invalid]:
        """Take over a new or changed scope and return what could not be taken.

        With an evaluator running use `Evaluator.put_scope`, which also looks after deadlines.
        """
        self._given[scope.scope] = scope
        good, problems = [], []
        for change in scope.changes:
            try:
                check_params(change.rule, change.params)
                good.append(change)
            except Invalid as problem:
                problems.append(problem)
        self._scopes[scope.scope] = msgspec.structs.replace(scope, changes=good)
        self.problems[scope.scope] = problems
        self._stale(scope.scope)
        return problems

    def holds(self, scope: RuleScope) -> bool:
        """Tell whether a scope was given as it is before."""
        return self._given.get(scope.scope) == scope

    def remove(self, scope: str) -> None:
        """Forget a scope (`*`, `org:<uuid>`, `person:<uuid>`)."""
        self._given.pop(scope, None)
        self._scopes.pop(scope, None)
        self.problems.pop(scope, None)
        self._stale(scope)

    def mount(self, device: DeviceSnapshot) -> None:
        """Take over how a device hangs: its detectors are told so, before any rule's parameters."""
        if device.mounting:
            self._mountings[device.id.int] = device.mounting
        else:
            self._mountings.pop(device.id.int, None)

    def mounting(self, device: int) -> Mapping[str, Any]:
        """Return how a device hangs, by the number of its id; empty where nobody has said so."""
        return self._mountings.get(device, _AS_USUAL)

    def _stale(self, scope: str) -> None:
        if scope.startswith("person:"):
            self._profiles.pop(UUID(scope.removeprefix("person:")).int, None)
        else:
            self._profiles.clear()

    def resolve(self, person: UUID | None) -> Profile:
        """Return what a person (None: nobody in particular) is judged by."""
        key = 0 if person is None else person.int
        found = self._profiles.get(key)
        if found is None:
            found = self._profiles[key] = self._profile(person)
        return found

    def personal(self, codes: tuple[int, ...]) -> bool:
        """Say whether a message with these codes may concern rules that span a person's places."""
        found = self._personal.get(codes)
        if found is None:
            judged = (
                KINDS[spec.kind].codes(spec.params)
                for spec in catalogue().rules.values()
                if spec.key == "person"
            )
            found = any(not rule.isdisjoint(codes) for rule in judged)
            if len(self._personal) < _CACHED:
                self._personal[codes] = found
        return found

    def rule(self, rule: str, person: UUID | None = None) -> Rule | None:
        """Return one rule as it holds for a person; None when it is off."""
        return self.resolve(person).rules.by_id.get(rule)

    def _profile(self, person: UUID | None) -> Profile:
        own = self._scopes.get(f"person:{person}") if person else None
        organization = own.organization if own else None
        scopes = [
            self._scopes.get(DEFAULT_SCOPE),
            self._scopes.get(f"org:{organization}") if organization else None,
            own,
        ]
        facts: dict[str, Any] = {}
        changes: list[tuple[str, RuleChange]] = []
        for mark, scope in zip(_MARKS, scopes, strict=True):
            if scope is not None:
                facts |= scope.facts
                changes += [(mark, change) for change in scope.changes]
        known = {name: facts[name] for name in sorted(_variant_facts() & facts.keys())}
        key = msgspec.json.encode([changes, known])
        rules = self._rulesets.get(key)
        if rules is None:
            rules = self._rulesets[key] = RuleSet(_resolved(changes, known))
        away = tuple((int(start), int(end)) for start, end in facts.get("away", ()))
        if not facts:
            return Profile(rules)
        return Profile(rules, facts, away, str(facts.get("time_zone", "Asia/Shanghai")))


def _variant_facts() -> set[str]:
    return {v.fact for spec in catalogue().rules.values() for v in spec.variants}


def _resolved(changes: list[tuple[str, RuleChange]], facts: dict[str, Any]) -> list[Rule]:
    """Return the rules that are on, with their limits and those of the worse rules."""
    shipped = catalogue()
    settled: dict[str, tuple[Spec, dict[str, Any], str]] = {}
    for spec in shipped.rules.values():
        params, enabled, version = dict(spec.params), spec.enabled, f"{spec.id}@{shipped.version}"
        for variant in spec.variants:
            if _holds(variant, facts):
                params |= variant.params
                enabled = enabled if variant.enabled is None else variant.enabled
                version += f"+{variant.name}"
        for mark, change in changes:
            if change.rule == spec.id:
                params |= change.params
                enabled = change.enabled
                version += f"+{mark}{change.version}"
        if enabled:
            settled[spec.id] = (spec, params, version)
    return [
        _rule(spec, params, version, [settled[i][1] for i in spec.unless if i in settled])
        for spec, params, version in settled.values()
    ]


def _holds(variant: Variant, facts: dict[str, Any]) -> bool:
    return variant.fact in facts and facts[variant.fact] == variant.equals


def _rule(spec: Spec, params: dict[str, Any], version: str, worse: list[dict[str, Any]]) -> Rule:
    from_codes = KINDS[spec.kind].codes(params)
    limits = limits_of(params)
    show = [limit for limit in limits_of({f"{key}_ge": 0 for key in spec.show})]
    told = {**params, "source": spec.source, "status": spec.status, "basis": spec.basis}
    return Rule(
        id=spec.id,
        version=version,
        kind=spec.kind,
        level=spec.level,
        key=spec.key,
        away=spec.away,
        codes=from_codes,
        params=params,
        limits=limits,
        worse=tuple(limit for other in worse for limit in limits_of(other)),
        show=tuple(limit.code for limit in show),
        told=told,
    )
