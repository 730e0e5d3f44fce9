"""What a home needs, which device meets it, and what comes back at the end."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from songhe.domains.homecare import terms
from songhe.domains.homecare.models.beds import Assessment, HomeBed
from songhe.kernel.ids import uuid7


class EquipmentNeed(models.Model):
    """A kind of equipment that a home must or should have, from an assessment.

    dropped_at: a later assessment does not ask for it any more.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bed = models.ForeignKey(HomeBed, models.PROTECT, related_name="equipment")
    assessment = models.ForeignKey(Assessment, models.PROTECT, related_name="+")
    code = models.CharField(max_length=24)
    required = models.BooleanField()
    made_at = models.DateTimeField()
    dropped_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bed", "code"],
                name="equipment_once_a_bed",
                condition=Q(dropped_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.code


class Fitting(models.Model):
    """A device of the register meets a need for a time.

    proof: what the test before use was proven by, as the device's own history says it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    need = models.ForeignKey(EquipmentNeed, models.PROTECT, related_name="fittings")
    device = models.ForeignKey("devices.Device", models.PROTECT, related_name="+")
    period = DateTimeRangeField()
    proof = models.CharField(max_length=200)
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_device_meets_a_need",
                expressions=[
                    ("need", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} → {self.need_id}"


class EquipmentReturn(models.Model):
    """A device that is to come back because its bed has ended."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bed = models.ForeignKey(HomeBed, models.PROTECT, related_name="returns")
    device = models.ForeignKey("devices.Device", models.PROTECT, related_name="+")
    state = models.CharField(max_length=5, choices=terms.ReturnState, default=terms.ReturnState.DUE)
    listed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bed", "device"], name="return_once_a_device"),
            models.CheckConstraint(
                condition=Q(state="due", closed_at__isnull=True)
                | (~Q(state="due") & Q(closed_at__isnull=False)),
                name="return_closes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.state}"
