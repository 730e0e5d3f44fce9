"""Who is away from home, and what was done with it."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from songhe.domains.monitoring import terms
from songhe.kernel.ids import uuid7


class Absence(models.Model):
    """A person is away from home (外出): in hospital, with family, travelling.

    period is half-open; without an upper end nobody knows when the person comes back. Rules with
    `away: suspend` hold still in it. Ended by a new upper end, withdrawn when it was a mistake.
    begun_at and over_at: when its beginning and its end were noted on open alarms.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=terms.AbsenceKind)
    place = models.CharField(max_length=80, blank=True)
    contact_name = models.CharField(max_length=60, blank=True)
    contact_phone_sealed = models.BinaryField(null=True)
    note = models.CharField(max_length=400, blank=True)
    told_by = models.CharField(max_length=60)
    period = DateTimeRangeField()
    made_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    over_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="person_is_away_once_at_a_time",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
                condition=Q(withdrawn_at=None),
            ),
            models.CheckConstraint(
                condition=Q(period__isempty=False, period__startswith__isnull=False),
                name="absence_has_begin_and_length",
            ),
        ]
        indexes = [
            models.Index(
                fields=["person"],
                name="absence_to_note",
                condition=Q(withdrawn_at=None, over_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.person_id}"


class AbsenceEntry(models.Model):
    """One line of what was done with an absence, by whom. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    absence = models.ForeignKey(Absence, models.PROTECT, related_name="entries")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=terms.AbsenceAct)
    user_id = models.UUIDField(null=True)
    user_name = models.CharField(max_length=64, blank=True)
    text = models.CharField(max_length=400, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.absence_id}"
