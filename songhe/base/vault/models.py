"""How far a rotation of the keys is."""

from __future__ import annotations

from django.db import models

from songhe.kernel.ids import uuid7


class Rotation(models.Model):
    """One change of keys: everything older is sealed anew under `key`.

    unreadable: values that did not open, which keep their key and hold the older keys in the ring.
    """

    class State(models.TextChoices):
        RUNNING = "running"
        ENDED = "ended"
        INCOMPLETE = "incomplete"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.SmallIntegerField(unique=True)
    state = models.CharField(max_length=12, choices=State, default=State.RUNNING)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    unreadable = models.BigIntegerField(default=0)
    started_at = models.DateTimeField()
    moved_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"key {self.key}: {self.state}"


class SubjectKey(models.Model):
    """The key of one person, or of another whose history is kept; id is hers.

    Destroying it leaves what was sealed under it unreadable for ever: key_sealed is null then.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    key_sealed = models.BinaryField(null=True)
    made_at = models.DateTimeField()
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(key_sealed__isnull=True, destroyed_at__isnull=False)
                | models.Q(key_sealed__isnull=False, destroyed_at__isnull=True),
                name="subject_key_there_or_destroyed",
            )
        ]

    def __str__(self) -> str:
        return str(self.id)
