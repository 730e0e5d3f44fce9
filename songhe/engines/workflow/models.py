"""The history of every life cycle, in one table."""

from __future__ import annotations

from django.db import models

from songhe.kernel.ids import uuid7


class Transition(models.Model):
    """That an object went from one state to another: who, when, why. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    ref = models.CharField(max_length=120)
    name = models.CharField(max_length=40)
    source = models.CharField(max_length=24)
    target = models.CharField(max_length=24)
    user_id = models.UUIDField(null=True)
    user_name = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    note = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["ref", "at"], name="transition_ref")]

    def __str__(self) -> str:
        return f"{self.ref} {self.source} → {self.target}"
