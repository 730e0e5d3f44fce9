"""Messages that left for a system outside, or would have left in the demo; orders to pay."""

from __future__ import annotations

from django.db import models

from songhe.kernel.ids import uuid7


class OutsideMessage(models.Model):
    """One message by SMS or voice. The number is kept by its tail only; the text is a template.

    key: who sends twice with one key has sent once. told_at: when its receipt came;
    receipt_due_at: when the fake gives it.
    """

    class Channel(models.TextChoices):
        SMS = "sms"
        VOICE = "voice"

    class State(models.TextChoices):
        """What the gateway told last. answered: somebody took the call; confirmed: pressed 1."""

        SENT = "sent"
        DELIVERED = "delivered"
        UNDELIVERED = "undelivered"
        ANSWERED = "answered"
        CONFIRMED = "confirmed"
        UNANSWERED = "unanswered"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.CharField(max_length=8, choices=Channel)
    to_tail = models.CharField(max_length=4)
    text = models.TextField()
    ref = models.CharField(max_length=120)
    sent_at = models.DateTimeField()
    key = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001 - none is not ""
    state = models.CharField(max_length=12, choices=State, default=State.SENT)
    told_at = models.DateTimeField(null=True)
    receipt_due_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-sent_at"]
        indexes = [
            models.Index(fields=["-sent_at", "-id"], name="outside_sent"),
            models.Index(fields=["ref"], opclasses=["varchar_pattern_ops"], name="outside_ref"),
            models.Index(
                fields=["receipt_due_at"],
                condition=models.Q(receipt_due_at__isnull=False),
                name="outside_receipt_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} …{self.to_tail}"


class OutsidePayment(models.Model):
    """An order at the payment provider. ref: ours, once. fen: the amount.

    tells_at: when the fake tells how it ended; told_at: when it did.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        PAID = "paid"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    ref = models.CharField(max_length=120, unique=True)
    fen = models.BigIntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    opened_at = models.DateTimeField()
    tells_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(fen__gte=1), name="outside_pays_something")
        ]
        indexes = [
            models.Index(
                fields=["tells_at"],
                condition=models.Q(state="pending"),
                name="outside_payment_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.fen} {self.state}"
