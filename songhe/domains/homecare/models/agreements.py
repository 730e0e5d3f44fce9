"""Agreements about a bed: one after the other, never two at a time."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models

from songhe.domains.homecare import terms
from songhe.domains.homecare.models.beds import HomeBed
from songhe.kernel.ids import uuid7


class Agreement(models.Model):
    """What both sides signed. period: its days, without the last.

    terms_version: which text was signed. file: the scan, or the signature from the screen
    (`base.files`, kind homecare.agreement). text_digest: of the text that stood on the screen
    (`agreement_texts`), None of a paper. is_typed: the name was typed in the place of a signature.
    reminded_at: when its end was told.
    """

    SIGNED_BY: ClassVar[str] = "homecare.Agreement.signed_by"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bed = models.ForeignKey(HomeBed, models.PROTECT, related_name="agreements")
    period = DateRangeField()
    terms_version = models.CharField(max_length=24)
    form = models.CharField(max_length=8, choices=terms.AgreementForm)
    file = models.UUIDField()
    text_digest = models.BinaryField(max_length=32, null=True)
    is_typed = models.BooleanField(default=False)
    signer = models.CharField(max_length=8, choices=terms.Signer)
    signed_by_sealed = models.BinaryField()
    signed_on = models.DateField()
    kept_at = models.DateTimeField()
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=64, blank=True)
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_agreement_at_a_time",
                expressions=[("bed", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bed_id} {self.period}"
