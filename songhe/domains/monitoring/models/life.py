"""Days and nights of persons as they were, and what is usual for them."""

from __future__ import annotations

from django.db import models

from songhe.kernel.ids import uuid7


class LifeDay(models.Model):
    """One local day of a person in numbers: `kernel.rhythm.Day`, and the night that ended on it.

    night is a `kernel.night.summary.NightSummary`; either is None where nothing could tell it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    on = models.DateField()
    day = models.JSONField(null=True)
    night = models.JSONField(null=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "on"], name="one_day_a_day")]

    def __str__(self) -> str:
        return f"{self.person_id} on {self.on}"


class LifeRhythm(models.Model):
    """What is usual for a person, learned anew each night: `kernel.rhythm.Profile`.

    sensors: the channel of each device of the home, by its id.
    """

    person = models.OneToOneField(
        "people.Person", models.PROTECT, primary_key=True, related_name="+"
    )
    profile = models.JSONField()
    sensors = models.JSONField(default=dict)
    as_of = models.DateField()
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.person_id} as of {self.as_of}"
