"""What people say of a service: a face, words, a complaint and its answer."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from songhe.domains.dispatch import terms
from songhe.domains.dispatch.models.orders import Order
from songhe.kernel.ids import uuid7


class Rating(models.Model):
    """How a service was: one face an order, by the person or somebody of hers."""

    WORDS: ClassVar[str] = "dispatch.Rating.words"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.OneToOneField(Order, models.PROTECT, related_name="rating")
    face = models.SmallIntegerField(choices=terms.Face)
    words_sealed = models.BinaryField(null=True)
    told_at = models.DateTimeField()
    told_by = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(face__in=terms.Face.values), name="rating_face")
        ]

    def __str__(self) -> str:
        return str(self.face)


class Complaint(models.Model):
    """Something was wrong. answer_by: the day until which the provider answers.

    overdue_told_on: that day, once the county and who complained were told that it has passed.
    """

    WORDS: ClassVar[str] = "dispatch.Complaint.words"
    ANSWER: ClassVar[str] = "dispatch.Complaint.answer"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, related_name="complaints")
    about = models.CharField(max_length=10, choices=terms.About)
    words_sealed = models.BinaryField(null=True)
    state = models.CharField(
        max_length=10, choices=terms.ComplaintState, default=terms.ComplaintState.OPEN
    )
    answer_by = models.DateField()
    overdue_told_on = models.DateField(null=True)
    answer_sealed = models.BinaryField(null=True)
    told_at = models.DateTimeField()
    told_by = models.UUIDField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by_name = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order"], name="complaint_open_once", condition=Q(state="open")
            )
        ]
        indexes = [
            models.Index(fields=["answer_by"], name="complaint_due", condition=Q(state="open"))
        ]

    def __str__(self) -> str:
        return f"{self.about} {self.state}"
