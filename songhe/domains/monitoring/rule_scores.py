"""How rules and device types did: outcomes that people gave, and how long it took to answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Aggregate, Count, F, FloatField, Q

from songhe.base.access import policies, wall
from songhe.base.access.actor import Actor
from songhe.domains.monitoring import words
from songhe.domains.monitoring.models import Alarm
from songhe.domains.people import selectors as people


@dataclass(frozen=True, slots=True)
class RuleScore:
    """How a rule did: alarms closed by people, by outcome; seconds to take; unanswered share.

    precision is true / (true + false), None with nobody's rating.
    """

    rule: str
    name: str
    group: str
    raised: int
    true: int
    false: int
    test: int
    unknown: int
    escalated: int
    median_taken_s: float | None

    @property
    def precision(self) -> float | None:
        rated = self.true + self.false
        return self.true / rated if rated else None


_SCORES = """
SELECT {group} AS grp,
       count(*),
       count(*) FILTER (WHERE outcome = 'true' AND resolved_by_id IS NOT NULL),
       count(*) FILTER (WHERE outcome = 'false' AND resolved_by_id IS NOT NULL),
       count(*) FILTER (WHERE outcome = 'test' AND resolved_by_id IS NOT NULL),
       count(*) FILTER (WHERE outcome = 'unknown' AND resolved_by_id IS NOT NULL),
       count(*) FILTER (WHERE told_leader),
       percentile_cont(0.5) WITHIN GROUP (
         ORDER BY extract(epoch FROM acknowledged_at - raised_at)
       ) FILTER (WHERE acknowledged_at IS NOT NULL)
  FROM monitoring_alarm a
  LEFT JOIN devices_device d ON d.id = a.device_id
 WHERE a.raised_at >= %s AND ({where})
 GROUP BY 1 ORDER BY 2 DESC
"""


class _Median(Aggregate):
    """The middle of durations, in seconds."""

    function = "PERCENTILE_CONT"
    template = "EXTRACT(epoch FROM %(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s))"
    output_field = FloatField()


def home_scores(actor: Actor, *, since: datetime, limit: int = 30) -> list[RuleScore]:
    """Return how rules did in homes where they were rated, most false alarms first.

    Homes have names here, so only those whose alarms the actor may list; group is the address.
    """
    rows = policies.scope(actor, Alarm.objects.all(), "monitoring.list_alarms")
    by_person = Q(resolved_by__isnull=False)
    outcomes = {
        name: Count("pk", filter=by_person & Q(outcome=name))
        for name in ("true", "false", "test", "unknown")
    }
    counted = (
        rows.filter(raised_at__gte=since, home__isnull=False)
        .values("home", "rule")
        .annotate(
            **outcomes,
            raised=Count("pk"),
            escalated=Count("pk", filter=Q(told_leader=True)),
            taken_s=_Median(F("acknowledged_at") - F("raised_at")),
        )
        .filter(Q(true__gt=0) | Q(false__gt=0))
        .order_by("-false", "-raised", "rule")
    )
    found = list(counted[:limit])
    homes = people.homes_by_id({row["home"] for row in found})
    return [
        RuleScore(
            rule=row["rule"],
            name=words.rule_name(row["rule"]),
            group=homes[row["home"]].address,
            raised=row["raised"],
            true=row["true"],
            false=row["false"],
            test=row["test"],
            unknown=row["unknown"],
            escalated=row["escalated"],
            median_taken_s=row["taken_s"],
        )
        for row in found
        if row["home"] in homes
    ]


def scores(actor: Actor, *, since: datetime, by: str = "rule") -> list[RuleScore]:
    """Return the score of rules (by="rule") or device types (by="device") since a moment.

    Counts only, within the regions where the actor may view statistics.
    """
    prefixes = actor.prefixes("monitoring.view_statistics")
    if not prefixes:
        return []
    group = {"rule": "a.rule", "device": "coalesce(d.type, '')"}[by]
    where = " OR ".join(["a.region_code LIKE %s"] * len(prefixes))
    params: list[Any] = [since, *(f"{prefix}%" for prefix in prefixes)]
    with wall.lifted(), connection.cursor() as cursor:
        cursor.execute(_SCORES.format(group=group, where=where), params)
        rows = cursor.fetchall()
    return [
        RuleScore(
            rule=row[0] if by == "rule" else "",
            name=words.rule_name(row[0]) if by == "rule" else row[0],
            group=row[0],
            raised=row[1],
            true=row[2],
            false=row[3],
            test=row[4],
            unknown=row[5],
            escalated=row[6],
            median_taken_s=row[7],
        )
        for row in rows
    ]
