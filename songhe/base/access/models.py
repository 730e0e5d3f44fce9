"""Role assignments and grants, from which access is computed, and what roles carry, for SQL."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.db import models

from songhe.kernel.ids import uuid7


class RoleAssignment(models.Model):
    """A user holds a role for a region (prefix of its code) and a period, within an organisation.

    region_prefix "" is the whole install. organization is a reference upwards, kept as an id.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    role = models.CharField(max_length=32)
    region_prefix = models.CharField(max_length=12, blank=True)
    organization_id = models.UUIDField(null=True)
    period = DateTimeRangeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="role_once_at_a_time",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    ("region_prefix", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            )
        ]

    def __str__(self) -> str:
        return f"{self.role}@{self.region_prefix}"


class Grant(models.Model):
    """A user may see classes of fields of one subject, for a purpose and a period.

    subject and source are references such as `people.Person/<uuid>`; ending the source ends the
    grant. Written by the domain that has the reason: a visit, a contract, the person's own consent.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    subject_type = models.CharField(max_length=64)
    subject_id = models.UUIDField()
    purpose = models.CharField(max_length=32)
    field_classes = ArrayField(models.CharField(max_length=16))
    period = DateTimeRangeField()
    source = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "subject_type", "subject_id"], name="grant_user_subject"),
            GistIndex(fields=["period"], name="grant_period"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose}: {self.subject_type}/{self.subject_id}"


class Statement(models.Model):
    """A user says for what persons are looked at; some classes are open only meanwhile.

    The reason is sealed: it may name somebody.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=32)
    reason_sealed = models.BinaryField()
    period = DateTimeRangeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="purpose_once_at_a_time",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    ("purpose", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            )
        ]

    def __str__(self) -> str:
        return self.purpose


class Carried(models.Model):
    """That a role carries an action, as the roles' data say; written after each migration.

    Row-level security reads it: only the actions that a wall asks for are here.
    """

    action = models.CharField(max_length=80)
    role = models.CharField(max_length=32)
    reach = models.CharField(max_length=16)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["action", "role"], name="carried_once")]

    def __str__(self) -> str:
        return f"{self.role}: {self.action}"
