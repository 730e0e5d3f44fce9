"""When workers work, and when they do not."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from songhe.domains.dispatch import terms
from songhe.kernel.ids import uuid7


def at_clock(day: date, clock: time) -> datetime:
    """Return the moment of a local time of a day."""
    return datetime.combine(day, clock, timezone.get_default_timezone())


class WeeklyShift(models.Model):
    """A worker works for an organisation on a weekday from one local time to another.

    weekday: 0 is Monday, the day on which it begins; one that ends no later than it begins ends on
    the next day. period: the days from which until which it holds, without the last.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    worker = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    organization = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    weekday = models.SmallIntegerField()
    begins = models.TimeField()
    ends = models.TimeField()
    period = DateRangeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(begins=F("ends")), name="shift_lasts"),
            models.CheckConstraint(
                condition=Q(weekday__gte=0, weekday__lte=6), name="shift_on_a_weekday"
            ),
            ExclusionConstraint(
                name="shift_once_a_day",
                expressions=[
                    ("worker", RangeOperators.EQUAL),
                    ("weekday", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.weekday} {self.begins}-{self.ends}"

    @property
    def is_overnight(self) -> bool:
        return self.ends < self.begins

    def on(self, day: date) -> tuple[datetime, datetime] | None:
        """Return from when until when it lasts that begins on a day; None where it does not."""
        if day.weekday() != self.weekday or day not in self.period:
            return None
        last = day + timedelta(days=1) if self.is_overnight else day
        return at_clock(day, self.begins), at_clock(last, self.ends)


class Leave(models.Model):
    """A worker is not there: ill, on holiday, taught. Ended early by a new end, never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    worker = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=terms.LeaveKind)
    period = DateTimeRangeField()
    told_at = models.DateTimeField()
    told_by = models.UUIDField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="leave_once_a_time",
                expressions=[
                    ("worker", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            )
        ]

    def __str__(self) -> str:
        return self.kind
