"""Builders for tests and the demo county: findings as the gateway writes them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from songhe.domains.monitoring.models import Finding, RuleSuggestion
from songhe.domains.monitoring.terms import SuggestionState
from songhe.domains.monitoring.tuning import Effect
from songhe.kernel import ids
from songhe.kernel.detectors.rules import spec
from songhe.kernel.time import to_us
from songhe.kernel.wire import SubjectKind


def make_finding(
    *,
    rule: str,
    subject: UUID,
    at: datetime,
    subject_kind: SubjectKind = SubjectKind.PERSON,
    phase: str = "raised",
    of: UUID | None = None,
    person: UUID | None = None,
    device: UUID | None = None,
    late: bool = False,
    summary: dict[str, Any] | None = None,
    evidence: list[dict[str, Any]] | None = None,
) -> Finding:
    """Write one finding as the gateway does, waiting to be taken."""
    row = spec(rule)
    return Finding.objects.create(
        id=ids.derived(rule, "test", subject, to_us(at), phase),
        rule=rule,
        rule_version="test",
        phase=phase,
        of=of,
        level=row.level,
        subject_kind=subject_kind,
        subject=subject,
        person=person or (subject if subject_kind == SubjectKind.PERSON else None),
        device=device or (subject if subject_kind == SubjectKind.DEVICE else None),
        onset_at=at,
        decided_at=at + timedelta(milliseconds=5),
        late=late,
        summary=summary or {},
        evidence=evidence or [],
        params=row.params | {"status": row.status, "source": row.source},
    )


def make_suggestion(person: UUID, at: datetime, rule: str = "bp-high") -> UUID:
    """Write one open suggestion for a person, as a night's look would, and return its id."""
    held: dict[str, Any] = {"enabled": True, "params": dict(spec(rule).params)}
    row = RuleSuggestion.objects.create(
        scope=f"person:{person}",
        rule=rule,
        params={"repeat": held["params"]["repeat"] + 1},
        before=held,
        effect=asdict(Effect(6, 1, 1, 1, 8, 3)),
        ratings={"false": 6, "true": 1},
        state=SuggestionState.OPEN,
        made_at=at,
    )
    return row.pk
