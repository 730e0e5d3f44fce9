"""Persons, their homes and rooms, contacts, and facts one must know."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models

from songhe.base import vault
from songhe.domains.people import terms
from songhe.kernel.ids import uuid7


class Person(models.Model):
    """A person known to the platform. region_code and living follow the current residency.

    merged_ids are the entries merged into this one: what was measured under them is hers.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=60)
    pinyin = models.CharField(max_length=120)
    sex = models.CharField(max_length=8, choices=terms.Sex)
    birth_on = models.DateField(null=True)  # nobody knows it of some who called
    died_on = models.DateField(null=True)
    id_number_sealed = models.BinaryField(null=True)
    id_number_index = models.BinaryField(null=True, max_length=32)
    phone_sealed = models.BinaryField(null=True)
    living = models.CharField(max_length=12, choices=terms.Living, default=terms.Living.FAMILY)
    care_level = models.SmallIntegerField(choices=terms.CareLevel, null=True)
    region_code = models.CharField(max_length=12)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    merged_ids = ArrayField(models.UUIDField(), default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["id_number_index"], name="person_id_number_once")
        ]
        indexes = [
            models.Index(
                fields=["region_code"], name="person_region", opclasses=["text_pattern_ops"]
            ),
            models.Index(
                fields=["pinyin", "id"],
                name="person_alphabet",
                condition=models.Q(died_on__isnull=True),
            ),
            models.Index(
                fields=["merged_into"],
                name="person_merged",
                condition=models.Q(merged_into__isnull=False),
            ),
            models.Index(fields=["birth_on"], name="person_birth"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Home(models.Model):
    """A dwelling, or an institution's building, where persons live. plan: rooms as rectangles.

    The address is sealed; `address` opens it, and whoever shows it has asked who may see it.

    plan is {"width": m, "height": m, "rooms": [{"room": uuid, "x": m, "y": m, "w": m, "h": m}]}.
    """

    ADDRESS: ClassVar[str] = "people.Home.address"  # where the vault says it is

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    region_code = models.CharField(max_length=12)
    address_sealed = models.BinaryField(null=True)
    address_index = models.BinaryField(null=True, max_length=32)
    is_institution = models.BooleanField(default=False)
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    plan = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(
                fields=["region_code"], name="home_region", opclasses=["text_pattern_ops"]
            ),
            models.Index(fields=["address_index"], name="home_address"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def address(self) -> str:
        """Return where it is, "" where that is not known. Raises VaultClosed."""
        if self.address_sealed is None:
            return ""
        return vault.unseal(self.address_sealed, field=self.ADDRESS, pk=self.pk)


class Room(models.Model):
    """A room of a home, or a bed in it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    home = models.ForeignKey(Home, models.PROTECT, related_name="rooms")
    kind = models.CharField(max_length=12, choices=terms.RoomKind)
    name = models.CharField(max_length=40)

    def __str__(self) -> str:
        return self.name


class Residency(models.Model):
    """A person lives in a home during a period; only in one at a time."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="residencies")
    home = models.ForeignKey(Home, models.PROTECT, related_name="residencies")
    room = models.ForeignKey(Room, models.PROTECT, null=True, related_name="+")
    period = DateTimeRangeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="person_lives_in_one_home",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            )
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.home_id}"


class PersonFact(models.Model):
    """What one must know of a person, and what rules must know. Ended with a date, never edited.

    data carries what a rule reads, such as {"spo2_scale": 2}; text is shown in both languages
    (`sealing.fact_texts`): it may say anything, so it is sealed. code is of a vocabulary, or says
    nothing.
    """

    TEXT: ClassVar[str] = "people.PersonFact.text"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="facts")
    kind = models.CharField(max_length=12, choices=terms.FactKind)
    code = models.CharField(max_length=40)
    text_sealed = models.BinaryField()
    rank = models.SmallIntegerField(default=50)
    data = models.JSONField(default=dict)
    period = DateTimeRangeField()

    def __str__(self) -> str:
        return self.code


class PersonRecord(models.Model):
    """A fact of a person as it was recorded: true from since_at until the next of its kind is.

    The latest that is true at a moment is what holds then; the row of Person and the residencies
    follow from the records. Never edited: a mistake is superseded, by a better one or by none.
    value is a code of `register`, a home's id or a name; what is sealed is in value_sealed.
    """

    VALUE: ClassVar[str] = "people.PersonRecord.value"
    NOTE: ClassVar[str] = "people.PersonRecord.note"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="records")
    kind = models.CharField(max_length=16)
    value = models.CharField(max_length=60, blank=True)
    value_sealed = models.BinaryField(null=True)
    data = models.JSONField(default=dict)
    note_sealed = models.BinaryField(null=True)
    since_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    recorded_by = models.UUIDField(null=True)
    recorded_by_name = models.CharField(max_length=64, blank=True)
    superseded_at = models.DateTimeField(null=True)
    superseded_by = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    superseded_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "kind", "since_at"],
                name="record_once_a_moment",
                condition=models.Q(superseded_at=None),
            )
        ]
        indexes = [models.Index(fields=["person", "kind", "-since_at"], name="record_course")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.person_id}"


class PersonMerge(models.Model):
    """Two rows were one person: `gone` leads to `kept`. Undone, everything is as it was.

    moved: which rows of which tables pointed at `gone` before, as `services.merging` notes them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kept = models.ForeignKey(Person, models.PROTECT, related_name="+")
    gone = models.ForeignKey(Person, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    made_by = models.UUIDField(null=True)
    made_by_name = models.CharField(max_length=64, blank=True)
    moved = models.JSONField(default=list)
    stayed = models.JSONField(default=list)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.UUIDField(null=True)
    undone_by_name = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gone"], name="merged_once", condition=models.Q(undone_at=None)
            ),
            models.CheckConstraint(condition=~models.Q(kept=models.F("gone")), name="merge_of_two"),
        ]

    def __str__(self) -> str:
        return f"{self.gone_id} into {self.kept_id}"


class Contact(models.Model):
    """Whom to call for a person, in order of rank. relative: who that is, where registered.

    Ended with a date, or superseded by a corrected one; never edited.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="contacts")
    name = models.CharField(max_length=60)
    relation = models.CharField(max_length=12, choices=terms.Relation)
    phone_sealed = models.BinaryField()
    rank = models.SmallIntegerField(default=1)
    note_zh = models.CharField(max_length=60, blank=True)
    note_en = models.CharField(max_length=80, blank=True)
    relative = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    since_on = models.DateField(null=True)
    until_on = models.DateField(null=True)
    recorded_at = models.DateTimeField(null=True)
    superseded_at = models.DateTimeField(null=True)
    superseded_by = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["rank", "id"]

    def __str__(self) -> str:
        return self.name
