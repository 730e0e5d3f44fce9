"""Institutions, the regions they serve, the people who work for them and what they can do."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    ArrayField,
    DateRangeField,
    DateTimeRangeField,
    RangeOperators,
)
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import get_language

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

    @property
    def called(self) -> str:
        """Return the name in the reader's language."""
        english = (get_language() or "zh").startswith("en")
        return self.name_en if english and self.name_en else self.name


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


class Qualification(models.Model):
    """A paper that somebody holds. period: days on which it is good, without the last.

    A row is entered once and never changed but for its end: ended_at when it was taken back or was
    entered by mistake. A renewed paper is a row of its own. proof: the file of a picture of it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    code = models.CharField(max_length=32)
    number_sealed = models.BinaryField(null=True)
    issuer = models.CharField(max_length=80, blank=True)
    period = DateRangeField()
    proof = models.CharField(max_length=120, null=True)  # noqa: DJ001 (no picture is not empty)
    entered_at = models.DateTimeField()
    entered_by = models.UUIDField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.UUIDField(null=True)
    ended_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(period__isempty=False), name="qualification_has_days"
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True)
                | models.Q(ended_at__gte=models.F("entered_at")),
                name="qualification_ended_after",
            ),
        ]
        indexes = [
            models.Index(
                fields=["user", "code"],
                name="qualification_of",
                condition=models.Q(ended_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.code


class WorkerFacts(models.Model):
    """What an elder may know of who comes. photo: a file; languages: codes of the data list."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.OneToOneField("accounts.User", models.PROTECT, related_name="+")
    gender = models.CharField(max_length=8, choices=terms.Gender, blank=True)
    languages = ArrayField(models.CharField(max_length=16), default=list)
    about_zh = models.CharField(max_length=120, blank=True)
    about_en = models.CharField(max_length=200, blank=True)
    photo = models.CharField(max_length=120, null=True)  # noqa: DJ001 (no picture is not empty)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.user_id)
