"""That her people do not accept a refusal, and what was answered."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from songhe.domains.homecare import terms
from songhe.domains.homecare.models.beds import HomeBed
from songhe.kernel.ids import uuid7


class Objection(models.Model):
    """An objection to a refused application: open until somebody else than who refused answers.

    answer_by: the day until which it is answered; overdue_told_on: that day, once all were told
    that it has passed.
    """

    WORDS: ClassVar[str] = "homecare.Objection.words"
    ANSWER: ClassVar[str] = "homecare.Objection.answer"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bed = models.ForeignKey(HomeBed, models.PROTECT, related_name="objections")
    words_sealed = models.BinaryField(null=True)
    told_at = models.DateTimeField()
    told_by = models.UUIDField(null=True)
    answer_by = models.DateField()
    overdue_told_on = models.DateField(null=True)
    outcome = models.CharField(max_length=8, choices=terms.Outcome, blank=True)
    answer_sealed = models.BinaryField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by_name = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bed"], name="objection_open_once", condition=Q(answered_at=None)
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None, outcome="")
                | Q(answered_at__isnull=False, outcome__in=terms.Outcome.values),
                name="objection_answered_with_an_outcome",
            ),
        ]
        indexes = [
            models.Index(fields=["answer_by"], name="objection_due", condition=Q(answered_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.bed_id} {self.outcome or 'open'}"
