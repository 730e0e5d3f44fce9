"""How far a visit's records bear it out, as it was worked out last; and marks for a case."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from songhe.domains.dispatch.models.orders import Visit
from songhe.kernel.ids import uuid7


class Evidence(models.Model):
    """The score of a visit, 0 to 100, with its reasons, rules and inputs; worked out anew.

    reasons: [{"code", "takes", …figures}]. inputs: how many happenings and photographs, the clocks.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    visit = models.OneToOneField(Visit, models.PROTECT, related_name="evidence")
    score = models.SmallIntegerField()
    reasons = models.JSONField(default=list)
    rules = models.CharField(max_length=40)
    status = models.CharField(max_length=4)
    inputs = models.JSONField(default=dict)
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["score"], name="evidence_score")]

    def __str__(self) -> str:
        return str(self.score)


class Mark(models.Model):
    """Who supervises holds a visit for a case, with a reason; one at a time, taken back or not.

    score and reasons are those of the moment it was marked, for both may be worked out anew.
    """

    WHY: ClassVar[str] = "dispatch.Mark.why"
    BACK: ClassVar[str] = "dispatch.Mark.back"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="marks")
    why_sealed = models.BinaryField(null=True)
    score = models.SmallIntegerField(null=True)
    reasons = models.JSONField(default=list)
    marked_at = models.DateTimeField()
    marked_by = models.UUIDField(null=True)
    marked_by_name = models.CharField(max_length=64, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_by_name = models.CharField(max_length=64, blank=True)
    back_sealed = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["visit"], name="mark_once_a_visit", condition=Q(ended_at=None)
            )
        ]
        indexes = [models.Index(fields=["-marked_at"], name="mark_newest")]

    def __str__(self) -> str:
        return f"{self.visit_id} {self.marked_at}"
