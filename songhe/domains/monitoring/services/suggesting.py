"""Suggestions to re-tune a rule for a person: measured on the past first, held only if accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Count, Q

from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.audit import services as audit
from songhe.domains.monitoring import (
    rule_access,
    rule_scopes,
    signal_trials,
    suggestion_reads,
    tuning,
)
from songhe.domains.monitoring.models import Alarm, RuleOverride, RuleSuggestion, RuleTrial
from songhe.domains.monitoring.services import trials
from songhe.domains.monitoring.services.rules import override_rule
from songhe.domains.monitoring.terms import SuggestionState
from songhe.kernel.detectors.rules import UnknownRule, spec
from songhe.kernel.errors import Conflict, Invalid

log = structlog.get_logger(__name__)
RATED_WITHIN = timedelta(days=90)
REPLAYED = timedelta(days=30)
# What was changed, refused or found hopeless is left alone for so long.
LET_BE = timedelta(days=30)
TUNED_KINDS = frozenset({"threshold", "companion", "bed", "signal"})
Clock = Callable[[], datetime]


class SuggestionDecided(Conflict):
    code = "monitoring.suggestion_decided"
    message = "This suggestion was decided already."


class ReasonForRefusal(Invalid):
    code = "monitoring.reason_for_refusal"
    message = "Please say why the rule shall stay as it is."


def make_suggestions(*, clock: Clock, should_stop: Callable[[], bool], limit: int = 50) -> int:
    """Look at rules whose rated alarms of a person were mostly false; return how many were made.

    Each is replayed over the last 30 days with the least changes first. A run that is stopped has
    kept what it made.
    """
    made = 0
    for person, rule in _poor(clock())[:limit]:
        if should_stop():
            break
        made += _suggest(person, rule, clock)
    return made


def _poor(at: datetime) -> list[tuple[UUID, str]]:
    """Return (person, rule) where alarms that people rated were mostly false, the worst first."""
    rated = Alarm.objects.filter(
        resolved_at__gte=at - RATED_WITHIN, resolved_by__isnull=False, person__isnull=False
    )
    counted = (
        rated.values("person", "rule")
        .annotate(
            true=Count("pk", filter=Q(outcome="true")), false=Count("pk", filter=Q(outcome="false"))
        )
        .filter(false__gt=0)
        .order_by("-false", "rule")
    )
    return [
        (row["person"], row["rule"])
        for row in counted
        if tuning.is_poor(row["true"], row["false"])
        and _is_tuned(row["rule"])
        and not _let_be(f"person:{row['person']}", row["rule"], at)
    ]


def _is_tuned(rule: str) -> bool:
    try:
        return spec(rule).kind in TUNED_KINDS
    except UnknownRule:
        return False


def _let_be(scope: str, rule: str, at: datetime) -> bool:
    since = at - LET_BE
    said = RuleSuggestion.objects.filter(scope=scope, rule=rule)
    if said.filter(Q(state=SuggestionState.OPEN) | Q(made_at__gte=since)).exists():
        return True
    return RuleOverride.objects.filter(scope=scope, rule=rule, made_at__gte=since).exists()


def _suggest(person: UUID, rule: str, clock: Clock) -> int:
    """Measure the changes of a rule for a person and keep the first that helps."""
    scope, at = f"person:{person}", clock()
    base, base_on = rule_scopes.base_below(scope, rule)
    holding = rule_scopes.holding(base, base_on, rule_scopes.newest(scope, rule))
    if not holding["enabled"]:
        return 0
    own = {k: v for k, v in holding["params"].items() if base.get(k) != v}
    found = _by_certainty(person, rule, holding["params"], at) or _by_replay(
        scope, rule, own, holding["params"], clock
    )
    state = SuggestionState.OPEN if found else SuggestionState.NOTHING_HELPS
    change, effect = found or ({}, None)
    RuleSuggestion.objects.create(
        scope=scope,
        rule=rule,
        params=own | change,
        before=holding,
        effect={} if effect is None else asdict(effect),
        ratings=_ratings(person, rule, at),
        state=state,
        made_at=at,
    )
    log.info("suggestion_made", rule=rule, state=state)
    return int(found is not None)


def _ratings(person: UUID, rule: str, at: datetime) -> dict[str, int]:
    rows = Alarm.objects.filter(
        person=person, rule=rule, resolved_at__gte=at - RATED_WITHIN, resolved_by__isnull=False
    )
    return dict(Counter(rows.values_list("outcome", flat=True)))


def _by_certainty(
    person: UUID, rule: str, params: dict[str, Any], at: datetime
) -> tuple[dict[str, Any], tuning.Effect] | None:
    """Ask for more certainty of a rule on a signal: its alarms say how sure it was."""
    if spec(rule).kind != "signal":
        return None
    rows = Alarm.objects.filter(
        person=person,
        rule=rule,
        resolved_at__gte=at - RATED_WITHIN,
        resolved_by__isnull=False,
        outcome__in=("true", "false"),
    )
    said = [
        (float(summary["certainty"]), outcome)
        for summary, outcome in rows.values_list("summary", "outcome")
        if "certainty" in summary
    ]
    return tuning.surer(said, float(params["least"]))


def _by_replay(
    scope: str, rule: str, own: dict[str, Any], params: dict[str, Any], clock: Clock
) -> tuple[dict[str, Any], tuning.Effect] | None:
    for change in tuning.candidates(rule, params):
        at = clock()
        trial = RuleTrial(
            rule=rule, scope=scope, params=own | change, since=at - REPLAYED, until=at, asked_at=at
        )
        trials.judge(trial, SYSTEM, clock, lambda share: None, signal_trials.NIGHTLY_BUDGET_S)
        effect = tuning.effect_of(trial.result)
        if effect.helps:
            return change, effect
    return None


@transaction.atomic
def accept_suggestion(
    *, actor: Actor, suggestion_id: UUID, reason: str, at: datetime, confirmed: bool = False
) -> RuleOverride:
    """Let a suggested change hold, as a version of the rule with its reason.

    Raises NoSuchSuggestion, SuggestionDecided, and what override_rule raises.
    """
    row = _open(actor, suggestion_id)
    version = override_rule(
        actor=actor,
        scope=row.scope,
        rule=row.rule,
        params=row.params,
        enabled=True,
        reason=reason,
        at=at,
        confirmed=confirmed,
    )
    _decide(actor, row, SuggestionState.ACCEPTED, reason, at)
    return version


@transaction.atomic
def refuse_suggestion(*, actor: Actor, suggestion_id: UUID, reason: str, at: datetime) -> None:
    """Leave a rule as it is, with a reason. Raises as accept_suggestion, and ReasonForRefusal."""
    row = _open(actor, suggestion_id)
    if not reason.strip():
        raise ReasonForRefusal(field="reason")
    _decide(actor, row, SuggestionState.REFUSED, reason, at)


def _open(actor: Actor, suggestion_id: UUID) -> RuleSuggestion:
    suggestion_reads.get_suggestion(actor, suggestion_id)
    row = RuleSuggestion.objects.select_for_update().get(pk=suggestion_id)
    if row.state != SuggestionState.OPEN:
        raise SuggestionDecided
    return row


def _decide(actor: Actor, row: RuleSuggestion, state: str, reason: str, at: datetime) -> None:
    row.state, row.decided_at, row.reason = state, at, reason.strip()
    row.decided_by, row.decided_by_name = actor.user_id, actor.display_name
    row.save(update_fields=["state", "decided_at", "reason", "decided_by", "decided_by_name"])
    audit.record_change(
        actor=actor,
        action=rule_access.CHANGE,
        ref=f"monitoring.RuleSuggestion/{row.pk}",
        at=at,
        detail={"scope": row.scope, "rule": row.rule, "state": state},
    )
