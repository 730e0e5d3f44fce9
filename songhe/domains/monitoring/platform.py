"""The platform watches itself: samples of base.health become findings, and so alarms, as any other.

The subject is the platform, which stands in no region: its alarms have the region "" and belong to
who keeps the platform running, never to the list of the care desk.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import override

from songhe.base.access import policies
from songhe.base.access import selectors as access
from songhe.base.access.actor import Actor
from songhe.base.health import figures, selectors
from songhe.base.health.models import Sample
from songhe.domains.monitoring import words
from songhe.domains.monitoring.models import Alarm, Finding
from songhe.domains.monitoring.terms import PLATFORM_REGION
from songhe.domains.organizations import selectors as organizations
from songhe.engines.alarms.terms import OPEN_STATES, Priority, priority_of
from songhe.kernel import ids
from songhe.kernel.detectors.platform import is_beyond
from songhe.kernel.detectors.rules import BadParameter, Spec, catalogue, spec
from songhe.kernel.time import to_us
from songhe.kernel.wire import CHANNEL_FINDING, SubjectKind

PLATFORM = ids.derived("songhe platform")
REGION = PLATFORM_REGION

KEEPERS = ("engineer", "admin")
# A longer silence between two samples says nothing of what was between them.
GAP = timedelta(minutes=5)
_SLACK_S = 60


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says of the newest sample: bad since when; None of it when it is not known."""

    rule: str
    is_bad: bool | None
    since: datetime | None
    lasts_s: float
    value: float | None


def params_of(row: Spec) -> dict[str, Any]:
    """Return a rule's parameters with this install's own limits; raises BadParameter."""
    own: dict[str, float] = settings.HEALTH["limits"].get(row.id, {})
    for name, value in own.items():
        if name not in row.params or name == "figure":
            raise BadParameter(rule=row.id, name=name, value=str(value))
    return row.params | own


def verdict(row: Spec, samples: list[Sample]) -> Verdict:
    """Return what a rule says of samples, newest first."""
    params = params_of(row)
    key = params["figure"]
    newest = samples[0]
    value = newest.figures.get(key)
    now_bad = is_beyond(params, value)
    since = before = newest.at
    for sample in samples:
        if before - sample.at > GAP or is_beyond(params, sample.figures.get(key)) is not now_bad:
            break
        since = before = sample.at
    if now_bad is None:
        return Verdict(row.id, None, None, 0.0, None)
    return Verdict(row.id, now_bad, since, (newest.at - since).total_seconds(), value)


def verdicts(*, at: datetime) -> list[Verdict]:
    """Return what every rule about the platform says of the newest sample; [] without samples."""
    rows = list(catalogue().platform.values())
    longest_s = max(max(p["for_s"], p["clear_s"]) for p in map(params_of, rows))
    since = at - timedelta(seconds=longest_s + _SLACK_S)
    samples = selectors.recent(since=since, until=at)
    return [verdict(row, samples) for row in rows] if samples else []


@transaction.atomic
def judge(at: datetime) -> int:
    """Judge the samples up to a moment and write what is new as findings; return how many.

    Whoever holds the lock judges; a second one finds it done, and a finding's id is derived, so
    that the same finding is written once.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('songhe platform'))")
    last = {
        row.rule: row
        for row in Finding.objects.filter(subject=PLATFORM)
        .order_by("rule", "-decided_at", "-onset_at")
        .distinct("rule")
    }
    new = [
        found
        for one in verdicts(at=at)
        if (found := _finding(one, last.get(one.rule), at)) is not None
    ]
    Finding.objects.bulk_create(new, ignore_conflicts=True)
    if new:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL_FINDING])
    return len(new)


def _finding(one: Verdict, last: Finding | None, at: datetime) -> Finding | None:
    row = spec(one.rule)
    params = params_of(row)
    is_raised = last is not None and last.phase == "raised"
    if one.is_bad is None or one.since is None:
        return None
    if not one.is_bad:
        if not is_raised or one.lasts_s < params["clear_s"]:
            return None
        return _made(row, params, "cleared", one, at, of=last)
    if one.lasts_s < params["for_s"]:
        return None
    if is_raised and last is not None:
        if (at - last.decided_at).total_seconds() < params["again_s"]:
            return None
        return _made(row, params, "raised", one, at, onset=at)
    return _made(row, params, "raised", one, at)


def _made(
    row: Spec,
    params: dict[str, Any],
    phase: str,
    one: Verdict,
    at: datetime,
    *,
    of: Finding | None = None,
    onset: datetime | None = None,
) -> Finding:
    onset = onset or one.since or at
    version = f"{row.id}@{catalogue().version}"
    own = settings.HEALTH["limits"].get(row.id)
    return Finding(
        id=ids.derived(row.id, version, PLATFORM, to_us(onset), phase),
        rule=row.id,
        rule_version=f"{version}+own" if own else version,
        phase=phase,
        of=of.pk if of is not None else None,
        level=row.level,
        subject_kind=SubjectKind.PLATFORM,
        subject=PLATFORM,
        onset_at=onset,
        decided_at=at,
        summary=_summary(params, one.value),
        evidence=[],
        params=params | {"source": row.source, "status": row.status, "basis": row.basis},
    )


def _summary(params: dict[str, Any], value: float | None) -> dict[str, Any]:
    """Return the figure and its limit as numbers and in words of both languages."""
    key = params["figure"]
    limit = params.get("above", params.get("below"))
    said: dict[str, Any] = {"figure": key, "amount": value}
    for name, language in (("zh", "zh-hans"), ("en", "en")):
        with override(language):
            said[f"said_{name}"] = figures.text_of(key, value)
            said[f"limit_{name}"] = figures.text_of(key, limit)
    return said


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong now: its name, why, what one does about it, since when.

    lasted: long enough to be an alarm; before that it may still pass by itself.
    """

    rule: str
    name: str
    priority: Priority
    why: str
    todo: str
    since: datetime
    lasted: bool


def platform_troubles(*, at: datetime) -> list[Trouble]:
    """Return every rule about the platform that is beyond its limit at a moment, worst first."""
    found = [_trouble(one, at) for one in verdicts(at=at) if one.is_bad and one.since is not None]
    return sorted(found, key=lambda one: (one.priority.rank, one.since))


def _trouble(one: Verdict, at: datetime) -> Trouble:
    row = spec(one.rule)
    params = params_of(row)
    finding = _made(row, params, "raised", one, at)
    return Trouble(
        rule=row.id,
        name=words.rule_name(row.id),
        priority=priority_of(row.level) or Priority.UNKNOWN,
        why=words.why(finding),
        todo=row.do_en if words.is_english() else row.do_zh,
        since=one.since or at,
        lasted=one.lasts_s >= params["for_s"],
    )


def organization(at: datetime) -> organizations.Organization | None:
    """Return whose people keep the platform running: where its engineer, else its admin, works."""
    ids_by_role = access.organizations_of_roles(KEEPERS, at=at)
    for role in KEEPERS:
        if ids_by_role.get(role):
            return organizations.get_organization(ids_by_role[role][0])
    return None


def platform_alarms(actor: Actor) -> QuerySet[Alarm]:
    """Return the platform's open alarms for who may see them, worst and newest first."""
    rows = policies.scope(actor, Alarm.objects.filter(region_code=REGION), "monitoring.list_alarms")
    return (
        rows.filter(state__in=OPEN_STATES)
        .select_related("organization", "acknowledged_by", "assigned_to", "device", "home", "room")
        .order_by("priority_rank", "-raised_at", "-id")
    )


def waiting_figures(at: datetime) -> figures.Figures:
    """Return how many findings wait to become alarms, and for how long the oldest does."""
    rows = Finding.objects.filter(handled_at=None)
    oldest_at = rows.order_by("decided_at").values_list("decided_at", flat=True).first()
    waits_s = max(0.0, (at - oldest_at).total_seconds()) if oldest_at is not None else 0.0
    return {"findings_waiting": float(rows.count()), "findings_oldest_s": waits_s}
