"""Overriding rules with a reason, and what the gateway reads of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.monitoring.models import GatewayRules, RuleOverride
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.kernel.detectors.rules import check_params
from songhe.kernel.errors import Denied, Invalid
from songhe.kernel.time import to_us
from songhe.kernel.wire import CHANNEL_SNAPSHOT, RuleChange, RuleScope


class ReasonForRule(Invalid):
    code = "monitoring.reason_for_rule"
    message = "A change of a rule needs a reason."


class BadScope(Invalid):
    code = "monitoring.bad_scope"
    message = "A rule can be changed for an organisation or for a person."


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
) -> RuleOverride:
    """Change a rule for `org:<uuid>` or `person:<uuid>`; history stays, the newest holds.

    Empty params with enabled=True takes the change back. Raises ReasonForRule, BadScope,
    UnknownRule, BadParameter, Denied.
    """
    _may_change(actor, scope)
    if not reason.strip():
        raise ReasonForRule(field="reason")
    check_params(rule, params)
    row = RuleOverride.objects.create(
        scope=scope,
        rule=rule,
        params=params,
        enabled=enabled,
        reason=reason.strip(),
        made_by=actor.user_id,
        made_by_name=actor.display_name,
        made_at=at,
    )
    audit.record_change(
        actor=actor,
        action="monitoring.override_rule",
        ref=f"monitoring.RuleOverride/{row.pk}",
        at=at,
        detail={"scope": scope, "rule": rule},
    )
    kind, _, key = scope.partition(":")
    if kind == "person":
        write_person_scope(person_id=UUID(key), at=at)
    else:
        _write(RuleScope(scope=scope, changes=_changes(scope)), at)
    return row


def _may_change(actor: Actor, scope: str) -> None:
    kind, _, key = scope.partition(":")
    try:
        pk = UUID(key)
    except ValueError:
        raise BadScope(field="scope") from None
    if kind == "person":
        region = (
            people.get_person(actor, pk, at=actor.at).region_code
            if actor.at
            else (people.region_of(person_id=pk, room_id=None))
        )
    elif kind == "org":
        region = organizations.get_organization(pk).region_code
    else:
        raise BadScope(field="scope")
    if not actor.is_system and not actor.covers("monitoring.override_rule", region):
        raise Denied(action="monitoring.override_rule")


def _changes(scope: str) -> list[RuleChange]:
    newest: dict[str, RuleOverride] = {}
    for row in RuleOverride.objects.filter(scope=scope).order_by("made_at", "id"):
        newest[row.rule] = row
    return [
        RuleChange(rule=row.rule, version=str(row.pk)[-6:], enabled=row.enabled, params=row.params)
        for row in newest.values()
        if row.params or not row.enabled
    ]


@transaction.atomic
def write_person_scope(*, person_id: UUID, at: datetime) -> None:
    """Write what rules must know of a person: overrides, facts, the organisation that serves."""
    scope = f"person:{person_id}"
    region = people.region_of(person_id=person_id, room_id=None)
    serving = organizations.serving(region)
    _write(
        RuleScope(
            scope=scope,
            changes=_changes(scope),
            facts=people.rule_data_of(person_id, at=at),
            organization=serving.pk if serving else None,
        ),
        at,
    )


def _write(scope: RuleScope, at: datetime) -> None:
    GatewayRules.objects.update_or_create(
        scope=scope.scope, defaults={"body": msgspec.to_builtins(scope), "version": to_us(at)}
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL_SNAPSHOT, f"rules:{scope.scope}"])
