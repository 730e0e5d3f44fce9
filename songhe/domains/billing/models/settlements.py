"""What a payer owes a provider for a month, line by line, and what is disputed of it.

The total is the sum of the lines (migration 0002).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from songhe.domains.billing import terms
from songhe.domains.billing.models.charges import ChargeShare
from songhe.kernel.ids import uuid7


class Settlement(models.Model):
    """One provider, one programme, one month (its first day). Amounts in fen.

    total_fen may be negative, where more is taken back than was given. entry_id: the ledger's, once
    it is paid; paid_note: the bank's reference.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    funder = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    region_code = models.CharField(max_length=12)
    payer = models.CharField(max_length=10, choices=terms.Payer)
    programme = models.CharField(max_length=20)
    month = models.DateField()
    state = models.CharField(
        max_length=10, choices=terms.SettlementState, default=terms.SettlementState.DRAFT
    )
    total_fen = models.BigIntegerField(default=0)
    made_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    paid_note = models.CharField(max_length=80, blank=True)
    entry_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "programme", "month"], name="settled_once_a_month"
            ),
            models.CheckConstraint(
                condition=Q(state="paid", paid_at__isnull=False)
                | (~Q(state="paid") & Q(paid_at__isnull=True, entry_id__isnull=True)),
                name="settlement_paid_is_posted",
            ),
        ]
        indexes = [
            models.Index(fields=["-month", "organization"], name="settlement_month"),
            models.Index(
                fields=["region_code"], name="settlement_region", opclasses=["text_pattern_ops"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.programme} {self.month:%Y-%m} {self.state}"


class SettlementLine(models.Model):
    """A share in a settlement; is_back: what a reversal takes back of an earlier one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    settlement = models.ForeignKey(Settlement, models.PROTECT, related_name="lines")
    share = models.ForeignKey(ChargeShare, models.PROTECT, related_name="settled_in")
    is_back = models.BooleanField(default=False)
    fen = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["share", "is_back"], name="share_settled_once"),
            models.CheckConstraint(
                condition=Q(is_back=False, fen__gte=1) | Q(is_back=True, fen__lte=-1),
                name="settlement_line_sign",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fen:+d}"


class Dispute(models.Model):
    """The payer does not agree with a line. due_on: until when the provider answers."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    settlement = models.ForeignKey(Settlement, models.PROTECT, related_name="disputes")
    share = models.ForeignKey(ChargeShare, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=14, choices=terms.DisputeReason)
    text = models.CharField(max_length=200, blank=True)
    state = models.CharField(
        max_length=10, choices=terms.DisputeState, default=terms.DisputeState.OPEN
    )
    due_on = models.DateField()
    made_at = models.DateTimeField()
    made_by = models.UUIDField(null=True)
    made_by_name = models.CharField(max_length=64, blank=True)
    answer = models.CharField(max_length=200, blank=True)
    answered_at = models.DateTimeField(null=True)
    answered_by_name = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["share"], name="disputed_once_at_a_time", condition=Q(state="open")
            ),
            models.CheckConstraint(
                condition=Q(state="open", answered_at__isnull=True)
                | (~Q(state="open") & Q(answered_at__isnull=False)),
                name="dispute_answered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason} {self.state}"
