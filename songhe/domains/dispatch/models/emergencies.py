"""That the emergency centre was told, with what."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from songhe.domains.dispatch.models.orders import Order
from songhe.kernel.ids import uuid7


class EmergencyReport(models.Model):
    """The emergency centre (120) was told of an order. case_number: its own, "" where by phone."""

    CARD: ClassVar[str] = "dispatch.EmergencyReport.card"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, related_name="emergencies")
    case_number = models.CharField(max_length=40, blank=True)
    card_sealed = models.BinaryField(null=True)
    told_at = models.DateTimeField()
    told_by = models.UUIDField(null=True)
    told_by_name = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["order", "told_at"], name="emergency_order")]

    def __str__(self) -> str:
        return self.case_number
