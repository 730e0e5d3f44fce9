"""The ward: a look at a bed, what a shift should mind, and the hand-over."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from songhe.domains.homecare import terms
from songhe.domains.homecare.models.beds import HomeBed
from songhe.kernel.ids import uuid7


class Round(models.Model):
    """Somebody looked at a bed at a time, by its picture or by a call, and found this."""

    WORDS: ClassVar[str] = "homecare.Round.words"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bed = models.ForeignKey(HomeBed, models.PROTECT, related_name="rounds")
    at = models.DateTimeField()
    found = models.CharField(max_length=8, choices=terms.Found)
    words_sealed = models.BinaryField(null=True)
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["bed", "-at"], name="round_newest")]

    def __str__(self) -> str:
        return f"{self.bed_id} {self.found}"


class RiskNote(models.Model):
    """What the next hours should mind at a bed, until a moment."""

    WORDS: ClassVar[str] = "homecare.RiskNote.words"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bed = models.ForeignKey(HomeBed, models.PROTECT, related_name="risks")
    words_sealed = models.BinaryField()
    made_at = models.DateTimeField()
    until_at = models.DateTimeField()
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(until_at__gt=F("made_at")), name="risk_ends_later")
        ]
        indexes = [models.Index(fields=["bed", "-until_at"], name="risk_now")]

    def __str__(self) -> str:
        return f"{self.bed_id} {self.until_at}"


class Handover(models.Model):
    """One shift hands the ward of an area to the next; taken once, by somebody else.

    sheet: what was open at that moment, by bed, as `sheets` wrote it; without a name.
    """

    WORDS: ClassVar[str] = "homecare.Handover.words"
    SHEET: ClassVar[str] = "homecare.Handover.sheet"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    region_code = models.CharField(max_length=12)
    words_sealed = models.BinaryField()
    sheet_sealed = models.BinaryField(null=True)
    given_at = models.DateTimeField()
    given_by = models.UUIDField(null=True)
    given_by_name = models.CharField(max_length=64)
    taken_at = models.DateTimeField(null=True)
    taken_by = models.UUIDField(null=True)
    taken_by_name = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["region_code"],
                name="handover_open_once_an_area",
                condition=Q(taken_at__isnull=True),
            ),
            models.CheckConstraint(
                condition=Q(taken_at__isnull=True)
                | (Q(taken_at__gte=F("given_at")) & ~Q(taken_by=F("given_by"))),
                name="handover_taken_by_another",
            ),
        ]
        indexes = [
            models.Index(
                fields=["region_code"], name="handover_region", opclasses=["text_pattern_ops"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.region_code} {self.given_at}"
