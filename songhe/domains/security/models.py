"""Requests about personal data, and the certificates of erasures."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from songhe.domains.security import terms
from songhe.kernel.ids import uuid7


class DataRequest(models.Model):
    """What a person asked about her own data. What she wrote and the answer are sealed.

    region_code: where she lived when she asked; it says who handles this, also after an erasure.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    region_code = models.CharField(max_length=12)
    kind = models.CharField(max_length=12, choices=terms.RequestKind)
    channel = models.CharField(max_length=12, choices=terms.RequestChannel)
    state = models.CharField(
        max_length=12, choices=terms.RequestState, default=terms.RequestState.MADE
    )
    words_sealed = models.BinaryField(null=True)
    answer_sealed = models.BinaryField(null=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    due_on = models.DateField()
    handled_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "kind"],
                name="request_once_at_a_time",
                condition=Q(state__in=["made", "working"]) & Q(kind__in=["copy", "erasure"]),
            )
        ]
        indexes = [
            models.Index(fields=["person", "-made_at"], name="request_person"),
            models.Index(
                fields=["due_on"], name="request_due", condition=Q(state__in=["made", "working"])
            ),
            models.Index(fields=["-ended_at"], name="request_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    @property
    def source(self) -> str:
        """Return the reference on which the grants of who handles it rest."""
        return f"security.DataRequest/{self.pk}"


class Erasure(models.Model):
    """One erasure: what was done by table, what is kept and why, what a search found after it.

    certificate: canonical JSON without any personal data, signed by the install's Ed25519 key.
    found: why it failed: columns in which words of the person would have been left.
    kept_until: when the legal duty ends by which something was locked away; erased again then.
    """

    class State(models.TextChoices):
        ASKED = "asked"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    request = models.OneToOneField(DataRequest, models.PROTECT, related_name="erasure")
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    certificate = models.TextField(blank=True)
    signature = models.CharField(max_length=128, blank=True)
    key = models.CharField(max_length=64, blank=True)
    found = models.JSONField(default=dict)
    kept_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"erasure {self.state}"
