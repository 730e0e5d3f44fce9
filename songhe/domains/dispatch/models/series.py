"""Services that come again and again."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import F, Q

from songhe.domains.dispatch import terms
from songhe.kernel.ids import uuid7


class Series(models.Model):
    """A person gets an item of the catalogue again and again, until somebody ends it.

    rule: an RRULE of RFC 5545 (DAILY, WEEKLY or MONTHLY). begins, ends: between which local times
    a visit may begin. period: the days from which until which it holds, without the last.
    source_ref: the care plan it comes from. made_until: orders are made as far as this day.
    """

    NOTE: ClassVar[str] = "dispatch.Series.note"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    organization = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    region_code = models.CharField(max_length=12)
    item_code = models.CharField(max_length=40)
    rule = models.CharField(max_length=120)
    begins = models.TimeField()
    ends = models.TimeField()
    rests_on_holidays = models.BooleanField(default=False)
    worker_wish = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    sex_wish = models.CharField(max_length=8, blank=True)
    note_sealed = models.BinaryField(null=True)
    period = DateRangeField()
    state = models.CharField(
        max_length=8, choices=terms.SeriesState, default=terms.SeriesState.ACTIVE
    )
    source_ref = models.CharField(max_length=120, blank=True)
    made_until = models.DateField(null=True)
    asked_at = models.DateTimeField()
    asked_by = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(begins__lt=F("ends")), name="series_ends_later")
        ]
        indexes = [
            models.Index(fields=["person", "-asked_at"], name="series_person"),
            models.Index(
                fields=["organization"], name="series_active", condition=Q(state="active")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_code} {self.rule}"
