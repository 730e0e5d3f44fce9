"""Rules as they hold: what the gateway reads, changes, trials, suggestions."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from songhe.domains.monitoring import terms
from songhe.kernel.ids import uuid7


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
