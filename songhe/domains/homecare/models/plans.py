"""Care plans with goals and services, and the monthly look at them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from songhe.domains.homecare import terms
from songhe.domains.homecare.models.beds import HomeBed
from songhe.kernel.ids import uuid7


class CarePlan(models.Model):
    """One version of what is to be reached and what is done for it; the highest counts."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bed = models.ForeignKey(HomeBed, models.PROTECT, related_name="plans")
    version = models.PositiveSmallIntegerField()
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bed", "version"], name="plan_version_once")]

    def __str__(self) -> str:
        return f"{self.bed_id} v{self.version}"


class Goal(models.Model):
    """What is to be reached, by which measure one sees it, and until which day."""

    WORDS: ClassVar[str] = "homecare.Goal.words"
    MEASURE: ClassVar[str] = "homecare.Goal.measure"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    plan = models.ForeignKey(CarePlan, models.PROTECT, related_name="goals")
    place = models.PositiveSmallIntegerField()
    words_sealed = models.BinaryField()
    measure_sealed = models.BinaryField()
    reach_on = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plan", "place"], name="goal_place")]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.place}"


class PlanService(models.Model):
    """A service of a plan: an item of the catalogue and its days (RRULE), between local times.

    series: what dispatch makes the orders from; None until the bed is in use.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    plan = models.ForeignKey(CarePlan, models.PROTECT, related_name="services")
    place = models.PositiveSmallIntegerField()
    item_code = models.CharField(max_length=40)
    rule = models.CharField(max_length=120)
    begins = models.TimeField()
    ends = models.TimeField()
    series = models.ForeignKey("dispatch.Series", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "place"], name="plan_service_place"),
            models.CheckConstraint(condition=Q(begins__lt=F("ends")), name="plan_service_ends"),
        ]

    def __str__(self) -> str:
        return f"{self.item_code} {self.rule}"


class Review(models.Model):
    """The monthly look at a bed. month: its first day; goals_met: ids of the plan's goals."""

    WORDS: ClassVar[str] = "homecare.Review.words"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bed = models.ForeignKey(HomeBed, models.PROTECT, related_name="reviews")
    plan = models.ForeignKey(CarePlan, models.PROTECT, related_name="+")
    month = models.DateField()
    goals_met = models.JSONField(default=list)
    words_sealed = models.BinaryField()
    next = models.CharField(max_length=10, choices=terms.Next)
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bed", "month"], name="review_once_a_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="review_month_begins"),
        ]

    def __str__(self) -> str:
        return f"{self.bed_id} {self.month}"
