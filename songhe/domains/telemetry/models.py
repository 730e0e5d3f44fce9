"""Tables of telemetry. Readings are partitioned by day and written by the gateway alone, by COPY.

The readings' tables are made by SQL in the migration; the classes here describe what Django reads.
"""

from __future__ import annotations

from django.db import models

from songhe.domains.telemetry.terms import LetterState, RunState, Work
from songhe.kernel.ids import uuid7


class DeadLetter(models.Model):
    """A message that could not be used, with its reason; it can be replayed or dismissed."""

    State = LetterState

    id = models.UUIDField(primary_key=True, editable=False)
    received_at = models.DateTimeField()
    device = models.UUIDField(null=True)
    device_key = models.TextField()
    topic = models.TextField()
    payload = models.BinaryField()
    reason = models.TextField()
    detail = models.TextField()
    state = models.TextField(choices=LetterState, default=LetterState.NEW)
    replayed_at = models.DateTimeField(null=True)
    handled_at = models.DateTimeField(null=True)
    handled_by = models.UUIDField(null=True)
    handled_note = models.TextField(blank=True, default="", db_default="")

    class Meta:
        db_table = "dead_letter"
        indexes = [models.Index(fields=["-received_at"], name="dead_letter_received")]

    def __str__(self) -> str:
        return f"{self.reason} {self.device_key}"


class Run(models.Model):
    """One piece of the keeping of old days as it goes: how far it is, and how it ended.

    day: the UTC day that is sealed, the local day that is rolled up; found: what it counted.
    """

    State = RunState

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    work = models.CharField(max_length=12, choices=Work)
    state = models.CharField(max_length=12, choices=RunState, default=RunState.RUNNING)
    day = models.DateField(null=True)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    stop_asked_by = models.UUIDField(null=True)
    started_at = models.DateTimeField()
    moved_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    found = models.JSONField(default=dict)

    class Meta:
        db_table = "telemetry_run"
        indexes = [models.Index(fields=["-started_at"], name="telemetry_run_started")]

    def __str__(self) -> str:
        return f"{self.work} {self.day} {self.state}"
