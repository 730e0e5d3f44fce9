"""Messages that left for a system outside, or would have left in the demo."""

from __future__ import annotations

from django.db import models

from songhe.kernel.ids import uuid7


class OutsideMessage(models.Model):
    """One message by SMS or voice. The number is kept by its tail only; the text is a template."""

    class Channel(models.TextChoices):
        SMS = "sms"
        VOICE = "voice"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.CharField(max_length=8, choices=Channel)
    to_tail = models.CharField(max_length=4)
    text = models.TextField()
    ref = models.CharField(max_length=120)
    sent_at = models.DateTimeField()

    class Meta:
        ordering = ["-sent_at"]
        indexes = [
            models.Index(fields=["-sent_at", "-id"], name="outside_sent"),
            models.Index(fields=["ref"], opclasses=["varchar_pattern_ops"], name="outside_ref"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} …{self.to_tail}"
