"""What a service cost and who pays which share; the shares sum to the price (migration 0002)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from songhe.domains.billing import terms
from songhe.kernel.ids import uuid7


class Charge(models.Model):
    """The price of one service that was given (fen). ref: which, such as a visit.

    One charge stands for a ref; a wrong one is reversed, and a new one made. item: code and version
    number in the catalogue of that day. entry_id: the ledger's. hold_ref: under which money was set
    aside for it. Nothing but the reversal is ever written into a row.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    ref = models.CharField(max_length=120)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    organization = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    region_code = models.CharField(max_length=12)
    item_code = models.CharField(max_length=40)
    item_number = models.PositiveSmallIntegerField()
    gross_fen = models.BigIntegerField()
    on = models.DateField()
    made_at = models.DateTimeField()
    made_by = models.UUIDField(null=True)
    hold_ref = models.CharField(max_length=120)
    entry_id = models.UUIDField()
    reversed_at = models.DateTimeField(null=True)
    reversed_by = models.UUIDField(null=True)
    reversed_reason = models.CharField(max_length=200, blank=True)
    reversed_entry_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ref"], name="charged_once", condition=Q(reversed_at__isnull=True)
            ),
            models.CheckConstraint(condition=Q(gross_fen__gte=1), name="charge_is_something"),
            models.CheckConstraint(
                condition=Q(
                    reversed_at__isnull=True, reversed_entry_id__isnull=True, reversed_reason=""
                )
                | (
                    Q(reversed_at__isnull=False, reversed_entry_id__isnull=False)
                    & ~Q(reversed_reason="")
                ),
                name="charge_reversed_with_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-on"], name="charge_person"),
            models.Index(fields=["organization", "on"], name="charge_organization"),
            models.Index(
                fields=["region_code"], name="charge_region", opclasses=["text_pattern_ops"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_code} {self.gross_fen}"


class ChargeShare(models.Model):
    """What one payer pays of a charge (fen), and why (`subsidies.terms.Share`)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    charge = models.ForeignKey(Charge, models.PROTECT, related_name="shares")
    rank = models.PositiveSmallIntegerField()
    payer = models.CharField(max_length=10, choices=terms.Payer)
    programme = models.CharField(max_length=20, blank=True)
    fen = models.BigIntegerField()
    why = models.CharField(max_length=12)
    detail = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["charge", "programme"], name="share_once_a_payer"),
            models.CheckConstraint(
                condition=Q(payer="person", programme="", fen__gte=0)
                | (
                    Q(payer__in=("subsidy", "purchase", "insurance"), fen__gte=1) & ~Q(programme="")
                ),
                name="share_names_its_payer",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payer} {self.fen}"
