"""Own shares that were paid or paid back, and the receipts for them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from songhe.domains.billing import terms
from songhe.domains.billing.models.charges import ChargeShare
from songhe.kernel.ids import uuid7


class Payment(models.Model):
    """A person pays own shares to a provider (fen); negative where money goes back to her.

    order_id: the order at the payment provider, of what is not cash. entry_id: the ledger's, once
    it is paid. by: who noted or began it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    organization = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    region_code = models.CharField(max_length=12)
    fen = models.BigIntegerField()
    way = models.CharField(max_length=8, choices=terms.Way)
    state = models.CharField(
        max_length=8, choices=terms.PaymentState, default=terms.PaymentState.PENDING
    )
    at = models.DateTimeField()
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=64, blank=True)
    order_id = models.UUIDField(null=True, unique=True)
    entry_id = models.UUIDField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(fen=0), name="payment_is_something"),
            models.CheckConstraint(
                condition=Q(state="paid", entry_id__isnull=False, ended_at__isnull=False)
                | Q(state="failed", entry_id__isnull=True, ended_at__isnull=False)
                | Q(state="pending", entry_id__isnull=True, ended_at__isnull=True),
                name="payment_paid_is_posted",
            ),
        ]
        indexes = [models.Index(fields=["person", "-at"], name="payment_person")]

    def __str__(self) -> str:
        return f"{self.way} {self.fen} {self.state}"


class PaymentLine(models.Model):
    """An own share that a payment pays, or pays back. is_void: the payment failed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="lines")
    share = models.ForeignKey(ChargeShare, models.PROTECT, related_name="paid_by")
    is_back = models.BooleanField(default=False)
    is_void = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["share", "is_back"], name="share_paid_once", condition=Q(is_void=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} {self.share_id}"


class ReceiptNumber(models.Model):
    """The last number that an organisation gave out in a year; who gives one locks the row."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "year"], name="receipt_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.last}"


class Receipt(models.Model):
    """That a payment was made. number counts from 1 an organisation and year, without gaps."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.OneToOneField(Payment, models.PROTECT, related_name="receipt")
    organization = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()
    fen = models.BigIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "year", "number"], name="receipt_numbered_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.year}-{self.number:06d}"
