"""The audit trail: one row a read of personal data, a change, or a refusal; and their chain."""

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
            models.Index(fields=["ref", "-at", "-id"], name="audit_ref"),
            models.Index(fields=["user_id", "-at", "-id"], name="audit_user"),
            models.Index(fields=["action", "-at", "-id"], name="audit_action"),
            models.Index(  # nearly everything is a read: what is none is found by itself
                fields=["kind", "-at", "-id"],
                name="audit_kind",
                condition=~models.Q(kind="read"),
            ),
            models.Index(fields=["-at", "-id"], name="audit_at"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.action} {self.ref}"


class Pending(models.Model):
    """What was committed and is not in the chain yet; a trigger writes it, sealing empties it."""

    id = models.BigAutoField(primary_key=True)
    source = models.CharField(max_length=8)
    entry = models.UUIDField()

    def __str__(self) -> str:
        return f"{self.source} {self.entry}"


class AuditLink(models.Model):
    """One link of the chain: ids and digests only. Append-only."""

    position = models.BigIntegerField(primary_key=True)
    source = models.CharField(max_length=8)
    entry = models.UUIDField(unique=True)
    digest = models.BinaryField(max_length=32)
    link = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.position} {self.entry}"


class AuditCheckpoint(models.Model):
    """The signed sum of one UTC day of links. Append-only; digests in hexadecimal."""

    day = models.DateField(primary_key=True)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    root = models.CharField(max_length=64)
    link = models.CharField(max_length=64)
    previous = models.CharField(max_length=64, blank=True)
    key = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.day)


class AuditCut(models.Model):
    """That records up to a position were destroyed by time; their links stand. Append-only.

    kept: positions up to there whose records are still there, or were found missing or altered
    before. destroyed: how many are gone in all. Signed by the install's key.
    """

    id = models.BigAutoField(primary_key=True)
    day = models.DateField()
    last = models.BigIntegerField(db_index=True)
    link = models.CharField(max_length=64)
    destroyed = models.BigIntegerField()
    kept = models.JSONField(default=list)
    key = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"up to {self.last} ({self.day})"


class ChainCheck(models.Model):
    """One look over the whole chain that somebody asked for, with how far it is."""

    class State(models.TextChoices):
        ASKED = "asked"
        RUNNING = "running"
        GOOD = "good"
        WRONG = "wrong"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    asked_by = models.UUIDField(null=True)
    asked_at = models.DateTimeField()
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    wrong = models.BigIntegerField(default=0)
    findings = models.JSONField(default=list)
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.asked_at} {self.state}"
