"""What can be booked, when it is open, who has it, and who waits for it.

The database itself refuses a seat that is given twice, and one that there is not (migration 0002).
"""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Deferrable, F, Q

from songhe.engines.booking.fields import SeatsField
from songhe.engines.booking.terms import LIVE, Calendar, State
from songhe.kernel.ids import uuid7


class Resource(models.Model):
    """A bed, a room, a table, a class, somebody's time. ref: which; kind: a word of its domain.

    Its seats are alike: who books some may be given others, as long as their number is kept. What
    must be this bed and no other is a resource of its own.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=40)
    ref = models.CharField(max_length=120)
    capacity = models.PositiveSmallIntegerField(default=1)
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "ref"], name="booking_resource_once"),
            models.CheckConstraint(condition=Q(capacity__gte=1), name="booking_resource_has_seats"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}"


class Opening(models.Model):
    """When a resource is open: between two local times of the days of a rule; none: always.

    ends: 00:00 is the midnight after. period: the days for which it holds, without the last.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    resource = models.ForeignKey(Resource, models.CASCADE, related_name="openings")
    rule = models.CharField(max_length=120)
    begins = models.TimeField()
    ends = models.TimeField()
    calendar = models.CharField(max_length=8, choices=Calendar, default=Calendar.EVERY)
    period = DateRangeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(begins__lt=F("ends")) | Q(ends="00:00"), name="booking_opening_ends"
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.begins}"


class Booking(models.Model):
    """Who has which seats of a resource when. key: asked again with the same, it is the same.

    holder: whose it is, a reference; kind: what for, a word of the domain. digest: what was asked
    for (SHA-256), which a move does not change. until: a hold counts no more from then on.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=160, unique=True)
    digest = models.BinaryField(max_length=32)
    resource = models.ForeignKey(Resource, models.PROTECT, related_name="bookings")
    period = DateTimeRangeField()
    seats = SeatsField()
    holder = models.CharField(max_length=120)
    kind = models.CharField(max_length=40)
    state = models.CharField(max_length=8, choices=State)
    until = models.DateTimeField(null=True)
    made_at = models.DateTimeField()
    made_by = models.UUIDField(null=True)
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="booking_seat_once",
                expressions=[
                    ("resource", RangeOperators.EQUAL),
                    ("seats", RangeOperators.OVERLAPS),
                    ("period", RangeOperators.OVERLAPS),
                ],
                condition=Q(state__in=LIVE),
                deferrable=Deferrable.IMMEDIATE,
            ),
            models.CheckConstraint(
                condition=(
                    Q(state="held", until__isnull=False, released_at__isnull=True)
                    | Q(state="booked", until__isnull=True, released_at__isnull=True)
                    | Q(state="released", until__isnull=True, released_at__isnull=False)
                ),
                name="booking_state_has_its_times",
            ),
            models.CheckConstraint(
                condition=Q(
                    period__isempty=False,
                    period__lower_inf=False,
                    period__upper_inf=False,
                ),
                name="booking_period_is_there",
            ),
        ]
        indexes = [
            models.Index(fields=["holder", "-made_at"], name="booking_holder"),
            models.Index(fields=["until"], name="booking_held", condition=Q(state="held")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class Waiting(models.Model):
    """Who waits in line for seats of a resource. booking: what was offered to her.

    units: how many seats. answer_s: for so long an offer is held.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=150, unique=True)
    digest = models.BinaryField(max_length=32)
    resource = models.ForeignKey(Resource, models.PROTECT, related_name="line")
    period = DateTimeRangeField()
    units = models.PositiveSmallIntegerField(default=1)
    holder = models.CharField(max_length=120)
    kind = models.CharField(max_length=40)
    answer_s = models.PositiveIntegerField()
    asked_at = models.DateTimeField()
    asked_by = models.UUIDField(null=True)
    booking = models.OneToOneField(Booking, models.PROTECT, null=True, related_name="waited")
    left_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["resource", "asked_at", "id"],
                name="booking_line",
                condition=Q(booking__isnull=True, left_at__isnull=True),
            ),
            models.Index(fields=["holder"], name="booking_waits"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.asked_at}"
