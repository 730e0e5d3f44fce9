"""Legal holds, the periods that the operator sets, and the runs of destruction."""

from __future__ import annotations

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import Q

from songhe.kernel.ids import uuid7


class Hold(models.Model):
    """A legal hold (依法留存) on one person or on one class of data; nothing of it goes by time.

    person_id is a reference upwards to people.Person. region_code: where the person lived when it
    was placed; it says who may see it. Without an upper end of period it stands until lifted.
    """

    PAPER = "retention.Hold.paper"
    REASON = "retention.Hold.reason"
    LIFTED = "retention.Hold.lifted_reason"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person_id = models.UUIDField(null=True)
    data_class = models.CharField(max_length=40, blank=True)
    region_code = models.CharField(max_length=12, blank=True)
    paper_sealed = models.BinaryField(null=True)
    reason_sealed = models.BinaryField(null=True)
    period = DateTimeRangeField()
    placed_at = models.DateTimeField()
    placed_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    lifted_reason_sealed = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="hold_on_a_person_or_a_class",
                condition=Q(person_id__isnull=False, data_class="")
                | (Q(person_id__isnull=True) & ~Q(data_class="")),
            )
        ]
        indexes = [
            models.Index(fields=["person_id"], name="hold_person"),
            models.Index(fields=["-placed_at"], name="hold_placed"),
        ]

    def __str__(self) -> str:
        return f"hold on {self.data_class or self.person_id}"


class Period(models.Model):
    """A period as the operator set it, in days; the newest of a class holds. Only added to."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    data_class = models.CharField(max_length=40)
    days = models.IntegerField()
    reason = models.CharField(max_length=200)
    set_at = models.DateTimeField()
    set_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["data_class", "-set_at"], name="retention_period_newest")]

    def __str__(self) -> str:
        return f"{self.data_class}: {self.days}"


class Destruction(models.Model):
    """One run over all classes, or a trial that only counts; counts alone, nobody's data.

    found: {"classes": {name: what happened}, "holds": …}. certificate: canonical JSON of the same,
    signed by the install's Ed25519 key; empty for a trial.
    """

    class State(models.TextChoices):
        ASKED = "asked"
        RUNNING = "running"
        DONE = "done"
        STOPPED = "stopped"
        FAILED = "failed"
        LEFT = "left"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    is_trial = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField(null=True)
    moved_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    done = models.IntegerField(default=0)
    total = models.IntegerField(default=0)
    stop_asked_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    found = models.JSONField(default=dict)
    certificate = models.TextField(blank=True)
    signature = models.CharField(max_length=128, blank=True)
    key = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-asked_at"], name="destruction_asked")]

    def __str__(self) -> str:
        return f"destruction {self.state}"
