"""Orders, and the visits that carry them out."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import Q

from songhe.domains.dispatch import terms
from songhe.kernel.ids import uuid7


class Order(models.Model):
    """That somebody is to come to a person, for help at once or for a service.

    source_ref: the alarm, series or plan it came from, or the call's own words. home and region
    are those of the moment it was made. window: when it may begin, None at once. item: the version
    of the catalogue that was ordered, with its price then and who was to pay which part of it
    (each {"payer", "programme", "fen"}); None for help at once.
    """

    NOTE: ClassVar[str] = "dispatch.Order.note"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=8, choices=terms.OrderKind)
    source = models.CharField(max_length=8, choices=terms.Source)
    source_ref = models.CharField(max_length=120, blank=True)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    home = models.ForeignKey("people.Home", models.PROTECT, null=True, related_name="+")
    region_code = models.CharField(max_length=12)
    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, null=True, related_name="+"
    )
    state = models.CharField(
        max_length=10, choices=terms.OrderState, default=terms.OrderState.ASKED
    )
    window = DateTimeRangeField(null=True)
    worker_wish = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    sex_wish = models.CharField(max_length=8, blank=True)
    item = models.ForeignKey("catalog.ItemVersion", models.PROTECT, null=True, related_name="+")
    gross_fen = models.BigIntegerField(null=True)
    shares = models.JSONField(default=list)
    note_sealed = models.BinaryField(null=True)
    asked_at = models.DateTimeField()
    asked_by = models.UUIDField(null=True)
    asked_by_name = models.CharField(max_length=64, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source_ref"],
                name="order_one_rescue_an_alarm",
                condition=Q(source="alarm", state__in=terms.OPEN_ORDERS),
            ),
            models.UniqueConstraint(
                fields=["source_ref"],
                name="order_once_a_turn_of_a_series",
                condition=Q(source="series") & ~Q(state="cancelled"),
            ),
            models.CheckConstraint(
                condition=Q(kind="rescue") | Q(item__isnull=False, window__isnull=False),
                name="order_of_a_service_names_it",
            ),
            models.CheckConstraint(
                condition=Q(state__in=terms.OPEN_ORDERS, ended_at__isnull=True)
                | (~Q(state__in=terms.OPEN_ORDERS) & Q(ended_at__isnull=False)),
                name="order_ends",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-asked_at"], name="order_person"),
            models.Index(
                fields=["organization", "-asked_at"],
                name="order_open",
                condition=Q(state__in=terms.OPEN_ORDERS),
            ),
            models.Index(
                fields=["region_code"], name="order_region", opclasses=["text_pattern_ops"]
            ),
            models.Index(fields=["source_ref"], name="order_source"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class Visit(models.Model):
    """One worker comes once. Its clocks are the worker's, as the happenings tell them.

    period: when it is planned. distance_m: how far from the home the arrival was told, None where
    either place is unknown. code: what the family tells the worker at the door, six digits.
    missing: required steps that were not proven, each with the reason that was given.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, related_name="visits")
    worker = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    state = models.CharField(
        max_length=10, choices=terms.VisitState, default=terms.VisitState.PLANNED
    )
    is_rescue = models.BooleanField(default=False)
    period = DateTimeRangeField()
    code = models.CharField(max_length=6)
    told_at = models.DateTimeField(null=True)
    set_off_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    arrived_by = models.CharField(max_length=4, choices=terms.Way, blank=True)
    distance_m = models.FloatField(null=True)
    place_reason = models.CharField(max_length=200, blank=True)
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    why_not = models.CharField(max_length=8, choices=terms.WhyNot, blank=True)
    missing = models.JSONField(default=list)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="worker_is_in_one_place",
                expressions=[
                    ("worker", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
                condition=Q(is_rescue=False, state__in=terms.OPEN_VISITS),
            ),
        ]
        indexes = [
            models.Index(fields=["order"], name="visit_order"),
            GistIndex(fields=["worker", "period"], name="visit_worker_day"),
            models.Index(
                fields=["worker"], name="visit_open", condition=Q(state__in=terms.OPEN_VISITS)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.order_id}"
