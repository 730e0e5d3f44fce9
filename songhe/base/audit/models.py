"""The audit trail: one row a read of personal data, a change, or a refusal."""

from __future__ import annotations

from django.db import models

from songhe.kernel.ids import uuid7


class AuditEntry(models.Model):
    """Append-only; a database trigger refuses update and delete. Holds ids, never values."""

    class Kind(models.TextChoices):
        READ = "read"
        CHANGE = "change"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField()
    kind = models.CharField(max_length=8, choices=Kind)
    user_id = models.UUIDField(null=True)
    action = models.CharField(max_length=80)
    ref = models.CharField(max_length=120, blank=True)
    purpose = models.CharField(max_length=32, blank=True)
    request_id = models.CharField(max_length=40, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["ref", "-at"], name="audit_ref"),
            models.Index(fields=["user_id", "-at"], name="audit_user"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.action} {self.ref}"
