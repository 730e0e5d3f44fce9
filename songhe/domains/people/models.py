"""Persons, their homes and rooms, contacts, and facts one must know."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Upper

from songhe.base import vault
from songhe.domains.people import terms
from songhe.kernel.ids import uuid7


class Person(models.Model):
    """A person known to the platform. region_code and living follow the current residency."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=60)
    pinyin = models.CharField(max_length=120)
    sex = models.CharField(max_length=8, choices=terms.Sex)
    birth_on = models.DateField()
    died_on = models.DateField(null=True)
    id_number_sealed = models.BinaryField(null=True)
    id_number_index = models.BinaryField(null=True, max_length=32)
    phone_sealed = models.BinaryField(null=True)
    living = models.CharField(max_length=12, choices=terms.Living, default=terms.Living.FAMILY)
    care_level = models.SmallIntegerField(choices=terms.CareLevel, null=True)
    region_code = models.CharField(max_length=12)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["id_number_index"], name="person_id_number_once")
        ]
        indexes = [
            models.Index(
                fields=["region_code"], name="person_region", opclasses=["text_pattern_ops"]
            ),
            # A search without regard to case compares capitals, so capitals are what is indexed.
            GinIndex(OpClass(Upper("name"), "gin_trgm_ops"), name="person_name_capitals"),
            GinIndex(OpClass(Upper("pinyin"), "gin_trgm_ops"), name="person_pinyin_capitals"),
            models.Index(
                fields=["pinyin", "id"],
                name="person_alphabet",
                condition=models.Q(died_on__isnull=True),
            ),
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
    is_institution = models.BooleanField(default=False)
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    plan = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["region_code"], name="home_region", opclasses=["text_pattern_ops"])
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

    data carries what a rule reads, such as {"spo2_scale": 2}; text is shown in both languages.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="facts")
    kind = models.CharField(max_length=12, choices=terms.FactKind)
    code = models.CharField(max_length=40)
    text_zh = models.CharField(max_length=40)
    text_en = models.CharField(max_length=60)
    rank = models.SmallIntegerField(default=50)
    data = models.JSONField(default=dict)
    period = DateTimeRangeField()

    def __str__(self) -> str:
        return self.text_zh


class Contact(models.Model):
    """Whom to call for a person, in order of rank."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="contacts")
    name = models.CharField(max_length=60)
    relation = models.CharField(max_length=12, choices=terms.Relation)
    phone_sealed = models.BinaryField()
    rank = models.SmallIntegerField(default=1)
    note_zh = models.CharField(max_length=60, blank=True)
    note_en = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["rank", "id"]

    def __str__(self) -> str:
        return self.name
