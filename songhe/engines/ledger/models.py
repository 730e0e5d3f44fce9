"""Accounts, entries and their postings, and the seals over them.

The database holds what must hold: an entry sums to zero in one unit, a reversal mirrors what it
reverses and is the only one, nothing is changed or deleted, a balance is the sum of its postings
and never under the account's least (migration 0002).
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from songhe.engines.ledger.terms import Unit
from songhe.kernel.ids import uuid7


class Account(models.Model):
    """What one holder has, or owes, of one kind in one unit.

    ref: the holder. kind: what the account is for, a word of the domain that opened it. least: the
    smallest balance it may have; null where it may have any. balance is kept by the database.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    ref = models.CharField(max_length=120)
    kind = models.CharField(max_length=40)
    unit = models.CharField(max_length=8, choices=Unit)
    least = models.BigIntegerField(null=True)
    balance = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ref", "kind", "unit"], name="ledger_account_once"),
            models.CheckConstraint(
                condition=Q(least__isnull=True) | Q(balance__gte=F("least")),
                name="ledger_balance_enough",
            ),
            models.CheckConstraint(condition=Q(unit__in=Unit.values), name="ledger_account_unit"),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.kind} {self.balance} {self.unit}"


class Seal(models.Model):
    """One link of the ledger's chain: the Merkle root over some entries, after the seal before.

    number counts from 1. link is SHA-256 over the link before, the number, the count and the root.
    """

    number = models.BigIntegerField(primary_key=True)
    count = models.IntegerField()
    root = models.BinaryField(max_length=32)
    link = models.BinaryField(max_length=32)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.number}: {self.count}"


class Entry(models.Model):
    """One movement between accounts of one unit. key: asked again with the same, it is the same.

    on: the business day it belongs to. ref: what it is about, such as an order. count: how many
    postings it has. digest: SHA-256 over its canonical content with its postings.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=160, unique=True)
    kind = models.CharField(max_length=40)
    ref = models.CharField(max_length=120)
    unit = models.CharField(max_length=8, choices=Unit)
    on = models.DateField()
    at = models.DateTimeField()
    user_id = models.UUIDField(null=True)
    reverses = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversed_by")
    count = models.SmallIntegerField()
    digest = models.BinaryField(max_length=32)
    seal = models.ForeignKey(Seal, models.PROTECT, null=True, related_name="entries")

    class Meta:
        indexes = [
            models.Index(fields=["ref", "at"], name="ledger_entry_ref"),
            models.Index(
                fields=["id"], name="ledger_entry_unsealed", condition=Q(seal__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Posting(models.Model):
    """What an entry adds to one account, or takes from it (negative)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="postings")
    account = models.ForeignKey(Account, models.PROTECT, related_name="postings")
    amount = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry", "account"], name="ledger_posting_once"),
            models.CheckConstraint(condition=~Q(amount=0), name="ledger_posting_moves"),
        ]
        indexes = [models.Index(fields=["account", "entry"], name="ledger_posting_account")]

    def __str__(self) -> str:
        return f"{self.amount:+d}"
