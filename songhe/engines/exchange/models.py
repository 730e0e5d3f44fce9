"""Imports as they go, and their files: sealed, in pieces, gone when they are of no use any more."""

from __future__ import annotations

from django.db import models

from songhe.engines.exchange import terms
from songhe.kernel.ids import uuid7


class ImportRun(models.Model):
    """One uploaded file on its way through a service, row by row.

    done counts the rows that were looked at; a run that was interrupted goes on behind them. total
    is what the file says of itself, for the bar. reason is a refusal of the whole file.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=60)
    state = models.CharField(max_length=12, choices=terms.RunState, default=terms.RunState.WAITING)
    digest = models.CharField(max_length=64)
    locale = models.CharField(max_length=12)
    asked_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    is_cancel_asked = models.BooleanField(default=False)
    total = models.IntegerField(default=0)
    done = models.IntegerField(default=0)
    created = models.IntegerField(default=0)
    changed = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    wrong = models.IntegerField(default=0)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["asked_by", "-asked_at"], name="import_asked_by")]

    def __str__(self) -> str:
        return f"{self.kind} {self.state} {self.done}/{self.total}"


class ImportPiece(models.Model):
    """A piece of an uploaded file, or some of its rows that are wrong, sealed."""

    FIELD = "exchange.ImportPiece.body"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="pieces")
    of = models.CharField(max_length=8, choices=terms.Piece)
    number = models.IntegerField()
    body_sealed = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "of", "number"], name="import_piece_once")
        ]

    def __str__(self) -> str:
        return f"{self.of} {self.number} of {self.run_id}"
