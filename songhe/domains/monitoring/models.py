"""Findings, alarms and their course, the overrides of rules, rules tried, absences."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
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


class GatewayRules(models.Model):
    """Overrides and facts of one scope, as the gateway reads them: `kernel.wire.RuleScope`."""

    scope = models.TextField(primary_key=True)
    body = models.JSONField()
    version = models.BigIntegerField()

    class Meta:
        db_table = "gateway_rules"

    def __str__(self) -> str:
        return self.scope


class RuleOverride(models.Model):
    """A change of a rule for a scope, with its reason. Never edited: the newest per scope holds.

    number counts the versions of a scope and rule from 1. before and after are the parameters as
    they held around the change, {"enabled": bool, "params": {…}}; None for changes made before
    versions were kept. reverts is the version that was taken back to, 0 for "without a change".
    confirmed: whoever made it confirmed that it goes beyond what the rule's source says.
    is_back: nothing differs any more, the change is taken back.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    scope = models.CharField(max_length=48)
    rule = models.CharField(max_length=60)
    number = models.IntegerField(null=True)
    enabled = models.BooleanField(default=True)
    params = models.JSONField(default=dict)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reverts = models.IntegerField(null=True)
    is_back = models.BooleanField(default=False)
    confirmed = models.BooleanField(default=False)
    reason = models.TextField()
    made_by = models.UUIDField(null=True)
    made_by_name = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["scope", "rule", "-made_at"], name="override_scope")]
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "rule", "number"], name="override_version_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule} for {self.scope}"


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


class Absence(models.Model):
    """A person is away from home (外出): in hospital, with family, travelling.

    period is half-open; without an upper end nobody knows when the person comes back. Rules with
    `away: suspend` hold still in it. Ended by a new upper end, withdrawn when it was a mistake.
    begun_at and over_at: when its beginning and its end were noted on open alarms.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=terms.AbsenceKind)
    place = models.CharField(max_length=80, blank=True)
    contact_name = models.CharField(max_length=60, blank=True)
    contact_phone_sealed = models.BinaryField(null=True)
    note = models.CharField(max_length=400, blank=True)
    told_by = models.CharField(max_length=60)
    period = DateTimeRangeField()
    made_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    over_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="person_is_away_once_at_a_time",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
                condition=Q(withdrawn_at=None),
            ),
            models.CheckConstraint(
                condition=Q(period__isempty=False, period__startswith__isnull=False),
                name="absence_has_begin_and_length",
            ),
        ]
        indexes = [
            models.Index(
                fields=["person"],
                name="absence_to_note",
                condition=Q(withdrawn_at=None, over_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.person_id}"


class AbsenceEntry(models.Model):
    """One line of what was done with an absence, by whom. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    absence = models.ForeignKey(Absence, models.PROTECT, related_name="entries")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=terms.AbsenceAct)
    user_id = models.UUIDField(null=True)
    user_name = models.CharField(max_length=64, blank=True)
    text = models.CharField(max_length=400, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.absence_id}"


class RuleTrial(models.Model):
    """A rule tried on stored readings: what was asked, how far it is, what came out.

    params and enabled are the change as tried, present what held then; result is made by
    `comparing.result`. permille is the progress, 0 to 1000.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rule = models.CharField(max_length=60)
    scope = models.CharField(max_length=48)
    enabled = models.BooleanField(default=True)
    params = models.JSONField(default=dict)
    present = models.JSONField(default=dict)
    rule_version = models.CharField(max_length=120)
    since = models.DateTimeField()
    until = models.DateTimeField()
    state = models.CharField(
        max_length=12, choices=terms.TrialState, default=terms.TrialState.WAITING
    )
    permille = models.SmallIntegerField(default=0)
    is_cancel_asked = models.BooleanField(default=False)
    asked_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    persons = models.IntegerField(default=0)
    readings = models.BigIntegerField(default=0)
    result = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["asked_by", "-asked_at"], name="trial_asked_by")]

    def __str__(self) -> str:
        return f"{self.rule} for {self.scope}: {self.state}"


class RuleSuggestion(models.Model):
    """A change of a rule that would have spared a person false alarms, as measured on the past.

    params is the whole change for the scope; before what held, {"enabled", "params"}; effect a
    `tuning.Effect`, empty where nothing helped; ratings counts of outcomes that people gave.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    scope = models.CharField(max_length=48)
    rule = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    before = models.JSONField(default=dict)
    effect = models.JSONField(default=dict)
    ratings = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=terms.SuggestionState)
    made_at = models.DateTimeField()
    reason = models.TextField(blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.UUIDField(null=True)
    decided_by_name = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["scope", "rule", "-made_at"], name="suggestion_scope")]
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "rule"],
                condition=Q(state=terms.SuggestionState.OPEN),
                name="one_open_suggestion",
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule} for {self.scope}: {self.state}"
