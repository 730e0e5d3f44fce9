"""The outbox: every fact that was announced, and which handler has heard of it."""

from __future__ import annotations

from django.db import models


class OutboxEvent(models.Model):
    """A fact as it was published, in the transaction that made it true."""

    id = models.UUIDField(primary_key=True, editable=False)
    name = models.CharField(max_length=80)
    payload = models.JSONField()
    published_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.name} {self.id}"


class HandledEvent(models.Model):
    """That a handler has heard of an event: a repeated delivery is a no-op."""

    event = models.ForeignKey(OutboxEvent, models.PROTECT, related_name="+")
    handler = models.CharField(max_length=120)
    handled_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "handler"], name="event_handled_once")
        ]

    def __str__(self) -> str:
        return f"{self.handler} {self.event_id}"
