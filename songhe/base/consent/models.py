"""Consents, guardians, emergencies and the papers on which they rest.

person_id is a reference upwards to people.Person, kept as an id: base knows no domain.
"""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from songhe.base.consent import terms
from songhe.kernel.ids import uuid7


class Paper(models.Model):
    """A scan or photograph. Its bytes lie sealed in parts; sha256 is of the whole, unsealed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person_id = models.UUIDField()
    kind = models.CharField(max_length=12, choices=terms.PaperKind)
    media_type = models.CharField(max_length=20)
    size_bytes = models.IntegerField()
    sha256 = models.BinaryField(max_length=32)
    taken_at = models.DateTimeField()
    taken_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["person_id", "-taken_at"], name="paper_person")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class PaperPart(models.Model):
    """A piece of a paper, small enough that a change of keys holds few in memory."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    paper = models.ForeignKey(Paper, models.CASCADE, related_name="parts")
    number = models.SmallIntegerField()
    body_sealed = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["paper", "number"], name="paper_part_once")]

    def __str__(self) -> str:
        return f"{self.paper_id}/{self.number}"


class Guardianship(models.Model):
    """Somebody acts for a person, on a paper with dates. The paper's number is sealed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person_id = models.UUIDField()
    guardian = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    paper_kind = models.CharField(max_length=12, choices=terms.GuardianPaper)
    paper_number_sealed = models.BinaryField(null=True)
    paper_from = models.DateField()
    paper_until = models.DateField(null=True)
    paper = models.ForeignKey(Paper, models.PROTECT, null=True, related_name="+")
    period = DateTimeRangeField()
    recorded_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    ended_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="guardian_once_at_a_time",
                expressions=[
                    ("person_id", RangeOperators.EQUAL),
                    ("guardian", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(paper_until=None) | Q(paper_until__gte=models.F("paper_from")),
                name="guardian_paper_dates",
            ),
        ]
        indexes = [models.Index(fields=["guardian"], name="guardian_user")]

    def __str__(self) -> str:
        return f"{self.guardian_id} for {self.person_id}"


class Consent(models.Model):
    """One word of a person: this recipient, this class of data, for this purpose, until when.

    A refusal is a row too, so that nobody asks again what was answered. Never edited: withdrawing
    closes the period. recipient_key names the recipient in one word, for the constraint.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person_id = models.UUIDField()
    purpose = models.CharField(max_length=32)
    data_class = models.CharField(max_length=16)
    recipient_key = models.CharField(max_length=80)
    recipient_user = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    recipient_organization_id = models.UUIDField(null=True)
    recipient_role = models.CharField(max_length=32, blank=True)
    decision = models.CharField(max_length=8, choices=terms.Decision)
    text_version = models.CharField(max_length=20)
    text_digest = models.CharField(max_length=64)
    channel = models.CharField(max_length=12, choices=terms.Channel)
    giver = models.CharField(max_length=10, choices=terms.Giver)
    guardianship = models.ForeignKey(Guardianship, models.PROTECT, null=True, related_name="+")
    witness_sealed = models.BinaryField(null=True)
    paper = models.ForeignKey(Paper, models.PROTECT, null=True, related_name="+")
    recorded_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    period = DateTimeRangeField()
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    withdrawn_channel = models.CharField(max_length=12, choices=terms.Channel, blank=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="consent_one_word_at_a_time",
                expressions=[
                    ("person_id", RangeOperators.EQUAL),
                    ("purpose", RangeOperators.EQUAL),
                    ("data_class", RangeOperators.EQUAL),
                    ("recipient_key", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(recipient_user__isnull=False, recipient_organization_id=None)
                | Q(recipient_user=None, recipient_organization_id__isnull=False),
                name="consent_has_one_recipient",
            ),
            models.CheckConstraint(
                condition=Q(giver="self", guardianship=None)
                | Q(giver="guardian", guardianship__isnull=False),
                name="consent_guardian_named",
            ),
            models.CheckConstraint(
                condition=~Q(channel="paper") | Q(paper__isnull=False), name="consent_paper_there"
            ),
            models.CheckConstraint(
                condition=~Q(channel="phone") | Q(witness_sealed__isnull=False),
                name="consent_witness_named",
            ),
        ]
        indexes = [
            models.Index(fields=["person_id", "recipient_key"], name="consent_person"),
            models.Index(
                fields=["recipient_organization_id", "recipient_role"],
                name="consent_role",
                condition=Q(recipient_user=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.data_class} {self.decision}"

    @property
    def source(self) -> str:
        """Return the reference on which its grants rest."""
        return f"consent.Consent/{self.pk}"


class Emergency(models.Model):
    """A person was opened to somebody without consent, for some hours, for a reason in words."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person_id = models.UUIDField()
    region_code = models.CharField(max_length=12)
    user = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=terms.EmergencyKind)
    reason_sealed = models.BinaryField()
    period = DateTimeRangeField()
    review_by = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=12, choices=terms.Verdict, blank=True)
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    note_sealed = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict="", reviewed_at=None, reviewed_by=None)
                | (~Q(verdict="") & Q(reviewed_at__isnull=False, reviewed_by__isnull=False)),
                name="emergency_reviewed_whole",
            )
        ]
        indexes = [
            models.Index(fields=["person_id"], name="emergency_person"),
            models.Index(fields=["user", "-id"], name="emergency_user"),
            models.Index(fields=["review_by"], name="emergency_open", condition=Q(verdict="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def source(self) -> str:
        """Return the reference on which its grant rests."""
        return f"consent.Emergency/{self.pk}"


class Lookup(models.Model):
    """Somebody looked for a person by an exact number. The number is not kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    at = models.DateTimeField()
    person_id = models.UUIDField(null=True)

    class Meta:
        indexes = [models.Index(fields=["user", "-at"], name="lookup_user")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.at}"
