"""A home care bed, and how its person was assessed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from songhe.domains.homecare import terms
from songhe.kernel.ids import uuid7


class HomeBed(models.Model):
    """A person is cared for at home as in an institution: one open bed a person.

    number: region, year and a count, such as 990121-2026-0007. home and region are those of the
    application. active_on: since when it is in use without a break; review_on: by which day the
    next review of a bed in use is due, or the look at a paused one; review_told_on: the due day
    of which was told that it is over;
    entry: the entry of the register that it was opened under, where a merge gave it to another.
    agreed_until: the day on which the last agreement ends, without it.
    as_of (not stored): the moment that the guards of the workflow judge by.
    """

    NOTE: ClassVar[str] = "homecare.HomeBed.note"
    as_of: datetime | None = None

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    entry = models.UUIDField(null=True)
    home = models.ForeignKey("people.Home", models.PROTECT, related_name="+")
    organization = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    region_code = models.CharField(max_length=12)
    number = models.CharField(max_length=24, unique=True)
    state = models.CharField(max_length=10, choices=terms.BedState, default=terms.BedState.APPLIED)
    note_sealed = models.BinaryField(null=True)
    applied_at = models.DateTimeField()
    applied_by = models.UUIDField(null=True)
    applied_by_name = models.CharField(max_length=64, blank=True)
    active_on = models.DateField(null=True)
    review_on = models.DateField(null=True)
    review_told_on = models.DateField(null=True)
    agreed_until = models.DateField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"], name="bed_open_once", condition=Q(state__in=terms.OPEN)
            ),
            models.CheckConstraint(
                condition=Q(state__in=terms.OPEN, ended_at__isnull=True)
                | Q(state__in=terms.OVER, ended_at__isnull=False),
                name="bed_ends",
            ),
            models.CheckConstraint(
                condition=~Q(state="active")
                | Q(active_on__isnull=False, review_on__isnull=False, agreed_until__isnull=False),
                name="bed_in_use_has_its_days",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "number"], name="bed_state"),
            models.Index(fields=["region_code"], name="bed_region", opclasses=["text_pattern_ops"]),
            models.Index(fields=["organization"], name="bed_organization"),
            models.Index(
                fields=["review_on"],
                name="bed_review",
                condition=Q(state__in=["active", "paused"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.state}"

    @property
    def agreed_last(self) -> date | None:
        """Return the last day on which the last agreement holds."""
        return self.agreed_until - timedelta(days=1) if self.agreed_until is not None else None


class Assessment(models.Model):
    """The ability level after a visit at home, and what is needed. Written once; a new one counts.

    level: GB/T 42195-2022, 0 to 4. needs: codes of data/equipment.yaml. visited_on: the home visit.
    """

    BASIS: ClassVar[str] = "homecare.Assessment.words"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bed = models.ForeignKey(HomeBed, models.PROTECT, related_name="assessments")
    visited_on = models.DateField()
    level = models.SmallIntegerField()
    basis = models.CharField(max_length=12, choices=terms.Basis)
    words_sealed = models.BinaryField(null=True)
    needs = ArrayField(models.CharField(max_length=24))
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(level__gte=0, level__lte=4), name="assessment_level_of_the_standard"
            )
        ]
        indexes = [models.Index(fields=["bed", "-made_at"], name="assessment_newest")]

    def __str__(self) -> str:
        return f"{self.bed_id} {self.level}"
