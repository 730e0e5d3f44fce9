"""What workers' phones told: append-only, each once however often it is sent."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from songhe.domains.dispatch import terms
from songhe.domains.dispatch.models.orders import Visit
from songhe.kernel.ids import uuid7


class Happening(models.Model):
    """One thing that happened on a visit. id: given by the phone, so a repeat is the same row.

    device_at: what the phone's clock said; offset_s: how far it was ahead of ours when that was
    last known, None where it never was; at: our best estimate of when it was. received_at: when it
    reached us. accuracy_m: the radius the phone gave with its place. text of notes is sealed.
    """

    TEXT: ClassVar[str] = "dispatch.Happening.text"

    id = models.UUIDField(primary_key=True, editable=False)
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="happenings")
    kind = models.CharField(max_length=10, choices=terms.HappeningKind)
    user_id = models.UUIDField()
    device_at = models.DateTimeField()
    offset_s = models.FloatField(null=True)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    way = models.CharField(max_length=4, choices=terms.Way, default=terms.Way.NONE)
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    accuracy_m = models.FloatField(null=True)
    step = models.CharField(max_length=40, blank=True)
    file = models.CharField(max_length=80, blank=True)
    data = models.JSONField(default=dict)
    text_sealed = models.BinaryField(null=True)

    class Meta:
        indexes = [models.Index(fields=["visit", "at"], name="happening_visit")]

    def __str__(self) -> str:
        return f"{self.kind} {self.at}"


class DoorCode(models.Model):
    """The code at a home's door: who scans it stands there. Only its digest is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    home = models.ForeignKey("people.Home", models.PROTECT, related_name="+")
    digest = models.BinaryField(max_length=32, unique=True)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["home"], name="door_code_once", condition=models.Q(ended_at=None)
            )
        ]

    def __str__(self) -> str:
        return str(self.home_id)


class Position(models.Model):
    """Where a worker on duty was last: for who is near, overwritten, gone after the shift."""

    user = models.OneToOneField("accounts.User", models.CASCADE, primary_key=True, related_name="+")
    lat = models.FloatField()
    lon = models.FloatField()
    accuracy_m = models.FloatField(null=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.user_id)
