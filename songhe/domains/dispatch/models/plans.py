"""Plans of a week as they were asked for, worked out, and taken over."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import Q

from songhe.domains.dispatch import terms
from songhe.kernel.ids import uuid7


class WeekPlan(models.Model):
    """A week of an organisation's visits, worked out in the background.

    kind week: its drafts stand as visits once it is done. kind repair: what would change because a
    worker is away; nothing has changed until somebody takes it over (taken_at). reasons: by order,
    [{"worker", "start", "why", "second", "more", "way", "late"}] (minutes). asides: by order, why
    it could not be planned at all. unserved: by order, {"reason", "able"}. changes: of a repair,
    [{"order", "before", "after"}], each side [{"worker", "begins", "ends"}]. figures: of
    `engines.routing.Figures`, with seconds it took. facts: version and status of the planner's
    figures. trouble: a code of `terms.Trouble`, why it failed. permille is the progress.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    monday = models.DateField()
    kind = models.CharField(max_length=8, choices=terms.PlanKind, default=terms.PlanKind.WEEK)
    aim = models.CharField(max_length=8, choices=terms.PlanAim, default=terms.PlanAim.WAYS)
    state = models.CharField(
        max_length=10, choices=terms.PlanState, default=terms.PlanState.WAITING
    )
    trouble = models.CharField(max_length=12, choices=terms.Trouble, blank=True)
    permille = models.SmallIntegerField(default=0)
    is_cancel_asked = models.BooleanField(default=False)
    asked_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    worker_away = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    away = DateTimeRangeField(null=True)
    figures = models.JSONField(default=dict)
    reasons = models.JSONField(default=dict)
    asides = models.JSONField(default=dict)
    unserved = models.JSONField(default=dict)
    changes = models.JSONField(default=list)
    stand = models.CharField(max_length=64, blank=True)
    facts = models.CharField(max_length=40, blank=True)
    taken_at = models.DateTimeField(null=True)
    taken_by = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "monday"],
                name="plan_one_at_a_time",
                condition=Q(kind="week", state__in=("waiting", "running")),
            ),
            models.CheckConstraint(
                condition=Q(kind="week", worker_away__isnull=True)
                | Q(kind="repair", worker_away__isnull=False, away__isnull=False),
                name="plan_repair_names_who",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "monday", "-asked_at"], name="plan_week"),
        ]

    @property
    def asks(self) -> tuple[Any, Any]:
        """Return what a repair is about: who is away, and when."""
        return self.worker_away_id, self.away

    def __str__(self) -> str:
        return f"{self.kind} {self.monday} {self.state}"
