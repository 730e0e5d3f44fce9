"""Programmes, entitlements of persons, and what is set aside for a service.

The amounts themselves lie in the ledger (`purses`). What a programme pays is never edited: another
rule is another row from a day on (migration 0002).
"""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from songhe.domains.subsidies import terms
from songhe.kernel.ids import uuid7


class Programme(models.Model):
    """What a programme pays in a period, of which kinds of services, for whom, in which order.

    share_pct of the price or fixed_fen a service, up to cap_fen and cap_visits a person and month.
    rank: lower pays first. least_age in years, least_level by GB/T 42195. source, status: where the
    rule comes from and how sure that is (V, M, E).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.SlugField(max_length=20)
    payer = models.CharField(max_length=10, choices=terms.Payer)
    name_zh = models.CharField(max_length=40)
    name_en = models.CharField(max_length=80)
    funder = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    region_prefix = models.CharField(max_length=12, blank=True)
    item_kinds = ArrayField(models.CharField(max_length=20))
    share_pct = models.PositiveSmallIntegerField(null=True)
    fixed_fen = models.PositiveIntegerField(null=True)
    cap_fen = models.PositiveIntegerField(null=True)
    cap_visits = models.PositiveSmallIntegerField(null=True)
    least_age = models.PositiveSmallIntegerField(null=True)
    least_level = models.PositiveSmallIntegerField(null=True)
    rank = models.PositiveSmallIntegerField()
    period = DateRangeField()
    source = models.CharField(max_length=200)
    status = models.CharField(max_length=4)
    made_at = models.DateTimeField()
    made_by = models.UUIDField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="programme_one_rule_a_day",
                expressions=[("code", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
            ),
            models.CheckConstraint(
                condition=Q(payer__in=terms.FUNDED, period__isempty=False),
                name="programme_sound",
            ),
            models.CheckConstraint(
                condition=Q(share_pct__range=(1, 100), fixed_fen__isnull=True)
                | Q(share_pct__isnull=True, fixed_fen__gte=1),
                name="programme_pays_one_way",
            ),
            models.CheckConstraint(
                condition=Q(cap_fen__gte=1) | Q(cap_visits__gte=1), name="programme_has_a_limit"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Entitlement(models.Model):
    """That a programme pays for a person in a period of days.

    ability_level: the level (GB/T 42195) that stood in the register when it was given. cap_fen: a
    limit of her own a month, in place of the programme's.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    programme = models.SlugField(max_length=20)
    period = DateRangeField()
    state = models.CharField(
        max_length=8, choices=terms.EntitlementState, default=terms.EntitlementState.GRANTED
    )
    ability_level = models.PositiveSmallIntegerField(null=True)
    cap_fen = models.PositiveIntegerField(null=True)
    given_at = models.DateTimeField()
    given_by = models.UUIDField(null=True)
    given_by_name = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="entitled_once_at_a_time",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("programme", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
                condition=~Q(state="ended"),
            ),
            models.CheckConstraint(
                condition=Q(period__isempty=False) & (Q(cap_fen__isnull=True) | Q(cap_fen__gte=1)),
                name="entitlement_sound",
            ),
        ]
        indexes = [models.Index(fields=["person"], name="entitlement_person")]

    def __str__(self) -> str:
        return f"{self.programme} {self.state}"


class Hold(models.Model):
    """Money set aside for one service. ref: what for, such as an order; one at a time stands.

    entries: the ledger's entries that set it aside; used_entries: those that used it. since_at:
    since when it is in its state. times: how often it was used, restored ones included.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    ref = models.CharField(max_length=120)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    item_kind = models.CharField(max_length=20)
    gross_fen = models.BigIntegerField()
    shares = models.JSONField()
    on = models.DateField()
    state = models.CharField(max_length=8, choices=terms.HoldState, default=terms.HoldState.HELD)
    since_at = models.DateTimeField()
    times = models.PositiveSmallIntegerField(default=0)
    entries = ArrayField(models.UUIDField(), default=list)
    used_entries = ArrayField(models.UUIDField(), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ref"], name="held_once", condition=~Q(state="released")
            ),
            models.CheckConstraint(condition=Q(gross_fen__gte=0), name="hold_not_negative"),
        ]
        indexes = [
            models.Index(fields=["person"], name="subsidy_hold_person"),
            models.Index(
                fields=["since_at"], name="subsidy_hold_standing", condition=Q(state="held")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.state}"
