"""Changing rules with a reason, version by version, and what the gateway reads of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.database import locks
from songhe.domains.monitoring import (
    absence_reads,
    bounds,
    life_reads,
    rule_access,
    rule_scopes,
)
from songhe.domains.monitoring.models import GatewayRules, RuleOverride
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.domains.people.terms import FactKind
from songhe.kernel.detectors.rules import catalogue, check_params
from songhe.kernel.errors import Conflict, Denied, Invalid
from songhe.kernel.time import to_us
from songhe.kernel.wire import CHANNEL_SNAPSHOT, RuleChange, RuleScope


class ReasonForRule(Invalid):
    code = "monitoring.reason_for_rule"
    message = "A change of a rule needs a reason."


class BadScope(Invalid):
    code = "monitoring.bad_scope"
    message = "A rule can be changed for everybody, for an organisation or for a person."


class HoldsAlready(Conflict):
    code = "monitoring.holds_already"
    message = "The rule holds like this already."


@transaction.atomic
def override_rule(
    *,
    actor: Actor,
    scope: str,
    rule: str,
    params: dict[str, Any],
    enabled: bool,
    reason: str,
    at: datetime,
    confirmed: bool = False,
) -> RuleOverride:
    """Change a rule for `*`, `org:<uuid>` or `person:<uuid>`; history stays, the newest holds.

    What differs in nothing takes the change back. confirmed: the actor knows that the rule
    would ring later than its source says, or not at all. Raises ReasonForRule, BadScope,
    UnknownRule, BadParameter, BeyondBounds, NotConfirmed, Denied.
    """
    return _write_version(
        actor=actor,
        action=rule_access.CHANGE,
        scope=scope,
        rule=rule,
        params=params,
        enabled=enabled,
        reason=reason,
        at=at,
        confirmed=confirmed,
    )


@transaction.atomic
def revert_rule(
    *,
    actor: Actor,
    scope: str,
    rule: str,
    number: int,
    reason: str,
    at: datetime,
    confirmed: bool = False,
) -> RuleOverride:
    """Let an earlier version of a change hold again, as a new version; 0 is "without a change".

    Raises NoSuchVersion, HoldsAlready, and what override_rule raises.
    """
    _may_change(actor, rule_access.REVERT, scope, rule)
    rows = RuleOverride.objects.filter(scope=scope, rule=rule)
    wanted = rows.filter(number=number).first()
    if number and wanted is None:
        raise rule_scopes.NoSuchVersion
    params = dict(wanted.params) if wanted is not None else {}
    newest = rule_scopes.newest(scope, rule)
    is_back = wanted is None or wanted.is_back
    enabled = rule_scopes.base_below(scope, rule)[1]
    if wanted is not None and not is_back:
        enabled = wanted.enabled
    if newest is None or (newest.is_back, newest.params, newest.enabled) == (
        is_back, params, enabled
    ):  # fmt: skip
        raise HoldsAlready
    return _write_version(
        actor=actor,
        action=rule_access.REVERT,
        scope=scope,
        rule=rule,
        params=params,
        enabled=enabled,
        reason=reason,
        at=at,
        confirmed=confirmed,
        reverts=number,
    )


def _write_version(
    *,
    actor: Actor,
    action: str,
    scope: str,
    rule: str,
    params: dict[str, Any],
    enabled: bool,
    reason: str,
    at: datetime,
    confirmed: bool,
    reverts: int | None = None,
) -> RuleOverride:
    _may_change(actor, action, scope, rule)
    if not reason.strip():
        raise ReasonForRule(field="reason")
    check_params(rule, params)
    bounds.check(rule, params)
    locks.hold(f"{scope} {rule}")
    base, base_on = rule_scopes.base_below(scope, rule)
    newest = rule_scopes.newest(scope, rule)
    before = rule_scopes.holding(base, base_on, newest)
    beyond = bounds.departures(rule, base | params, enabled=enabled)
    if beyond and not confirmed and not actor.is_system:
        raise bounds.NotConfirmed(field="confirmed")
    number = 1 + (newest.number or 0 if newest is not None else 0)
    row = RuleOverride.objects.create(
        scope=scope,
        rule=rule,
        number=number,
        params=params,
        enabled=enabled,
        before=before,
        after={"enabled": enabled, "params": base | params},
        reverts=reverts,
        is_back=not params and enabled == base_on,
        confirmed=confirmed and bool(beyond),
        reason=reason.strip(),
        made_by=actor.user_id,
        made_by_name="" if actor.is_system else actor.display_name,
        made_at=at,
    )
    audit.record_change(
        actor=actor,
        action=action,
        ref=f"monitoring.RuleOverride/{row.pk}",
        at=at,
        detail={"scope": scope, "rule": rule, "version": number}
        | ({"confirmed": True} if row.confirmed else {}),
    )
    kind, _, key = scope.partition(":")
    if kind == "person":
        write_person_scope(person_id=UUID(key), at=at)
    else:
        _write(RuleScope(scope=scope, changes=_changes(scope)), at)
    return row


def _may_change(actor: Actor, action: str, scope: str, rule: str) -> None:
    kind, _, key = scope.partition(":")
    if scope == rule_access.EVERYBODY:
        allowed = rule_access.may_for_all(actor, action)
    else:
        try:
            pk = UUID(key)
        except ValueError:
            raise BadScope(field="scope") from None
        if kind == "person":
            region = (
                people.get_person(actor, pk, at=actor.at).region_code
                if actor.at
                else people.region_of(person_id=pk, room_id=None)
            )
            allowed = rule_access.may_for_person(actor, action, rule, pk, region)
        elif kind == "org":
            region = organizations.get_organization(pk).region_code
            allowed = actor.is_system or actor.covers(action, region)
        else:
            raise BadScope(field="scope")
    if not allowed:
        raise Denied(action=action)


def _changes(scope: str) -> list[RuleChange]:
    newest: dict[str, RuleOverride] = {}
    for row in RuleOverride.objects.filter(scope=scope).order_by("number"):
        newest[row.rule] = row
    return [
        RuleChange(rule=row.rule, version=str(row.number), enabled=row.enabled, params=row.params)
        for row in newest.values()
        if not row.is_back
    ]


@transaction.atomic
def write_person_scope(*, person_id: UUID, at: datetime) -> None:
    """Write what rules must know of a person: overrides, facts, absences, who serves her."""
    scope = f"person:{person_id}"
    region = people.region_of(person_id=person_id, room_id=None)
    serving = organizations.serving(region)
    facts = _conditions(person_id, at) | people.rule_data_of(person_id, at=at)
    facts |= life_reads.facts_for_rules(person_id)
    away = absence_reads.periods_for_rules(person_id, at=at)
    if away:
        facts["away"] = [*facts.get("away", []), *away]
    _write(
        RuleScope(
            scope=scope,
            changes=_changes(scope),
            facts=facts,
            organization=serving.pk if serving else None,
        ),
        at,
    )


def _conditions(person_id: UUID, at: datetime) -> dict[str, Any]:
    """Return those of a person's recorded conditions that some rule asks for, by their codes."""
    asked = {variant.fact for row in catalogue().rules.values() for variant in row.variants}
    known = people.facts_of([person_id], at=at).get(person_id, [])
    found = (line.code for line in known if line.kind == FactKind.CONDITION)
    return {code: True for code in found if code in asked}


def _write(scope: RuleScope, at: datetime) -> None:
    GatewayRules.objects.update_or_create(
        scope=scope.scope, defaults={"body": msgspec.to_builtins(scope), "version": to_us(at)}
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL_SNAPSHOT, f"rules:{scope.scope}"])
