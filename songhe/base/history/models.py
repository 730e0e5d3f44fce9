"""Changes of rows: as triggers queue them for a second, and as they are kept."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from songhe.kernel.ids import uuid7


class Queued(models.Model):
    """A change as its trigger wrote it; the sealing loop empties this within a second."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    table = models.CharField(max_length=63)
    row = models.UUIDField()
    holder = models.UUIDField(null=True)
    operation = models.CharField(max_length=1)
    user_id = models.UUIDField(null=True)
    request_id = models.CharField(max_length=40, blank=True)
    columns = ArrayField(models.CharField(max_length=63), default=list)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"{self.operation} {self.table}/{self.row}"


class Change(models.Model):
    """One change of one row. Append-only, and in the chain of the audit.

    holder: whose history it is, a person for nearly all. body: old and new values sealed under
    the holder's key; null where there are none (an insertion) or the key was destroyed before.
    """

    class Operation(models.TextChoices):
        INSERT = "I"
        UPDATE = "U"
        DELETE = "D"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField()
    table = models.CharField(max_length=63)
    row = models.UUIDField()
    holder = models.UUIDField()
    operation = models.CharField(max_length=1, choices=Operation)
    user_id = models.UUIDField(null=True)
    request_id = models.CharField(max_length=40, blank=True)
    columns = ArrayField(models.CharField(max_length=63), default=list)
    body = models.BinaryField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["holder", "-at", "-id"], name="change_holder"),
            models.Index(fields=["user_id", "-at", "-id"], name="change_user"),
            models.Index(fields=["-at", "-id"], name="change_at"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.table}/{self.row}"
