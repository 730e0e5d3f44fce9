"""Items of the catalogue, their versions and prices. The database keeps what was published.

Of versions and prices a trigger lets nothing change but the end of a period that is cut short and
the moment of withdrawal (migration 0002).
"""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import Value
from django.db.models.functions import Coalesce
from django.utils.translation import get_language

from songhe.domains.catalog import terms
from songhe.kernel.ids import uuid7

NOBODY = "00000000-0000-0000-0000-000000000000"


class Item(models.Model):
    """A service that is offered. region_prefix: where it is offered, and whose admin keeps it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.SlugField(max_length=40, unique=True)
    kind = models.CharField(max_length=20, choices=terms.ItemKind)
    region_prefix = models.CharField(max_length=12, blank=True)
    since_on = models.DateField()
    retired_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=terms.ItemKind.values), name="catalog_item_kind"
            ),
            models.CheckConstraint(
                condition=models.Q(retired_on__isnull=True)
                | models.Q(retired_on__gte=models.F("since_on")),
                name="catalog_item_retired_after",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class ItemVersion(models.Model):
    """What an item is in a period: words, time, steps (`terms.Step`), checks (`terms.Check`).

    period: days, without the last. withdrawn_at: it was planned, and another came before it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey(Item, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    name_zh = models.CharField(max_length=40)
    name_en = models.CharField(max_length=80)
    text_zh = models.CharField(max_length=200, blank=True)
    text_en = models.CharField(max_length=400, blank=True)
    duration_minutes = models.PositiveSmallIntegerField()
    workers_needed = models.PositiveSmallIntegerField(default=1)
    requires = ArrayField(models.CharField(max_length=32), default=list)
    steps = models.JSONField()
    checks = models.JSONField(default=list)
    period = DateRangeField()
    reason = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField()
    made_by = models.UUIDField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "number"], name="catalog_version_number"),
            ExclusionConstraint(
                name="catalog_one_version_a_day",
                expressions=[("item", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
                condition=models.Q(withdrawn_at__isnull=True),
            ),
            models.CheckConstraint(
                condition=models.Q(
                    duration_minutes__gte=1, workers_needed__gte=1, period__isempty=False
                ),
                name="catalog_version_sound",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name_zh} {self.number}"

    @property
    def name(self) -> str:
        """Return the name in the reader's language."""
        return self.name_en if (get_language() or "zh").startswith("en") else self.name_zh


class Price(models.Model):
    """What a unit of an item costs in a region and period: an organisation's, or the guide price.

    A change is a new row from a day on.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey(Item, models.PROTECT, related_name="prices")
    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, null=True, related_name="+"
    )
    region_prefix = models.CharField(max_length=12, blank=True)
    amount_fen = models.PositiveIntegerField()
    per = models.CharField(max_length=8, choices=terms.Unit)
    period = DateRangeField()
    made_at = models.DateTimeField()
    made_by = models.UUIDField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="catalog_one_price_a_day",
                expressions=[
                    ("item", RangeOperators.EQUAL),
                    (
                        Coalesce("organization", Value(NOBODY, output_field=models.UUIDField())),
                        RangeOperators.EQUAL,
                    ),
                    ("region_prefix", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
                condition=models.Q(withdrawn_at__isnull=True),
            ),
            models.CheckConstraint(
                condition=models.Q(per__in=terms.Unit.values, period__isempty=False),
                name="catalog_price_sound",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_fen} / {self.per}"
