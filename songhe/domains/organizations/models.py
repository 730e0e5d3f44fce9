"""Institutions, the regions they serve, and the people who work for them."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from songhe.domains.organizations import terms
from songhe.kernel.ids import uuid7


class Organization(models.Model):
    """An institution. serves: region codes whose alarms come to it first.

    next_organization takes over when nobody here answers.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=20, choices=terms.OrganizationKind)
    region_code = models.CharField(max_length=12)
    serves = ArrayField(models.CharField(max_length=12), default=list)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    next_organization = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    phone = models.CharField(max_length=20, blank=True)
    escalation = models.JSONField(default=dict)
    founded_on = models.DateField(null=True)
    closed_on = models.DateField(null=True)

    class Meta:
        indexes = [
            GinIndex(fields=["serves"], name="organization_serves"),
            models.Index(
                fields=["region_code"], name="organization_region", opclasses=["text_pattern_ops"]
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Staff(models.Model):
    """A user works for an organisation in a period; leaders are told when nobody answers."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="staff")
    user = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    title = models.CharField(max_length=40)
    title_en = models.CharField(max_length=60, blank=True)
    is_leader = models.BooleanField(default=False)
    phone_sealed = models.BinaryField(null=True)
    period = DateTimeRangeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="works_there_once",
                expressions=[
                    ("organization", RangeOperators.EQUAL),
                    ("user", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            )
        ]

    def __str__(self) -> str:
        return self.title
