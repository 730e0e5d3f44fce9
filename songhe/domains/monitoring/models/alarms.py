"""Findings, and the alarms that they became, with their course."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from songhe.domains.monitoring import terms
from songhe.kernel.ids import uuid7


class Finding(models.Model):
    """What a rule saw, with its evidence. Written by the gateway in the readings' transaction."""

    id = models.UUIDField(primary_key=True, editable=False)
    rule = models.TextField()
    rule_version = models.TextField()
    phase = models.TextField()
    of = models.UUIDField(null=True)
    level = models.TextField()
    subject_kind = models.SmallIntegerField()
    subject = models.UUIDField()
    person = models.UUIDField(null=True)
    device = models.UUIDField(null=True)
    onset_at = models.DateTimeField()
    decided_at = models.DateTimeField()
    late = models.BooleanField(default=False)
    summary = models.JSONField()
    evidence = models.JSONField()
    params = models.JSONField()
    handled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "finding"
        indexes = [
            models.Index(
                fields=["decided_at"], name="finding_unhandled", condition=Q(handled_at=None)
            ),
            models.Index(fields=["person", "-onset_at"], name="finding_person"),
            models.Index(fields=["subject", "rule", "-onset_at"], name="finding_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.phase}"


class Alarm(models.Model):
    """One trouble of one subject, however often it is reported, until a person closes it.

    subject_key is what makes two findings the same trouble; at most one alarm of it is open.
    next_step_at is the timer of escalation: data, so that it survives every restart.
    certainty: how sure all its sources are together, None where none says; look_at: when other
    sensors are asked about it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rule = models.CharField(max_length=60)
    rule_version = models.CharField(max_length=120)
    subject_key = models.CharField(max_length=160)
    priority = models.CharField(max_length=8, choices=terms.PriorityWord)
    priority_rank = models.SmallIntegerField()
    state = models.CharField(
        max_length=16, choices=terms.StateWord, default=terms.StateWord.UNACKNOWLEDGED
    )
    is_storm = models.BooleanField(default=False)
    is_late = models.BooleanField(default=False)
    incident = models.ForeignKey("self", models.PROTECT, null=True, related_name="members")
    person = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    home = models.ForeignKey("people.Home", models.PROTECT, null=True, related_name="+")
    room = models.ForeignKey("people.Room", models.PROTECT, null=True, related_name="+")
    device = models.ForeignKey("devices.Device", models.PROTECT, null=True, related_name="+")
    region_code = models.CharField(max_length=12)
    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, null=True, related_name="+"
    )
    told_leader = models.BooleanField(default=False)
    count = models.IntegerField(default=1)
    summary = models.JSONField(default=dict)
    certainty = models.FloatField(null=True)
    look_at = models.DateTimeField(null=True)
    onset_at = models.DateTimeField()
    last_at = models.DateTimeField()
    raised_at = models.DateTimeField()
    rang_at = models.DateTimeField()
    steps_done = models.SmallIntegerField(default=0)
    next_step_at = models.DateTimeField(null=True)
    cleared_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, related_name="+"
    )
    assigned_to = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    shelved_until = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=8, choices=terms.OutcomeWord, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject_key"],
                name="one_open_alarm_a_trouble",
                condition=~Q(state="resolved"),
            ),
            models.CheckConstraint(
                condition=Q(state="resolved", outcome__gt="", resolved_at__isnull=False)
                | (~Q(state="resolved") & Q(outcome="", resolved_at__isnull=True)),
                name="resolved_alarm_has_outcome",
            ),
        ]
        indexes = [
            models.Index(
                fields=["priority_rank", "-raised_at"],
                name="alarm_open",
                condition=~Q(state="resolved"),
            ),
            models.Index(
                fields=["next_step_at"], name="alarm_timer", condition=Q(next_step_at__isnull=False)
            ),
            models.Index(
                fields=["look_at"], name="alarm_look", condition=Q(look_at__isnull=False)
            ),
            models.Index(fields=["person", "-raised_at"], name="alarm_person"),
            models.Index(
                fields=["region_code"], name="alarm_region", opclasses=["text_pattern_ops"]
            ),
            models.Index(fields=["rule", "resolved_at"], name="alarm_rule_score"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.state}"


class AlarmFinding(models.Model):
    """That a finding belongs to an alarm."""

    alarm = models.ForeignKey(Alarm, models.PROTECT, related_name="finding_links")
    finding = models.OneToOneField(Finding, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.alarm_id}: {self.finding_id}"


class AlarmEntry(models.Model):
    """One line of an alarm's course (经过). Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    alarm = models.ForeignKey(Alarm, models.PROTECT, related_name="entries")
    at = models.DateTimeField()
    kind = models.CharField(max_length=20, choices=terms.EntryKind)
    user_id = models.UUIDField(null=True)
    user_name = models.CharField(max_length=64, blank=True)
    text = models.TextField(blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["alarm", "at"], name="alarm_entry_course")]

    def __str__(self) -> str:
        return f"{self.kind} {self.alarm_id}"
