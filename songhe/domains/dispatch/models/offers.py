"""Who was asked to go, and what they answered."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from songhe.domains.dispatch import terms
from songhe.domains.dispatch.models.orders import Order
from songhe.kernel.ids import uuid7


class Offer(models.Model):
    """A worker was asked to help at once. deadline_at is its timer: it survives every restart.

    travel_minutes: how far away the worker was taken to be; place_at: how old that place was.
    asked_by: who sent, None where the chain went on by itself. is_second: asked to go as well,
    while somebody goes already.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, related_name="offers")
    worker = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    sent_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    travel_minutes = models.FloatField(null=True)
    place_at = models.DateTimeField(null=True)
    asked_by = models.UUIDField(null=True)
    is_second = models.BooleanField(default=False)
    answer = models.CharField(
        max_length=9, choices=terms.OfferAnswer, default=terms.OfferAnswer.OPEN
    )
    answered_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "worker"], name="offer_open_once", condition=Q(answer="open")
            ),
            models.CheckConstraint(
                condition=Q(answer="open", answered_at__isnull=True)
                | (~Q(answer="open") & Q(answered_at__isnull=False)),
                name="offer_answered",
            ),
        ]
        indexes = [
            models.Index(fields=["deadline_at"], name="offer_timer", condition=Q(answer="open")),
            models.Index(fields=["order", "sent_at"], name="offer_order"),
        ]

    def __str__(self) -> str:
        return f"{self.answer} {self.order_id}"
