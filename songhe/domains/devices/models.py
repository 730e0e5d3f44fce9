"""Devices, their secrets and bindings, what was last heard of them, and commands to them."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models

from songhe.domains.devices import terms
from songhe.kernel.ids import uuid7


class Device(models.Model):
    """One device. key is its public name on the wire; type one of the packaged device types.

    mounting: how it hangs (`kernel.signals.mounting`), set at mounted_at.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=24, unique=True)
    type = models.CharField(max_length=32)
    serial = models.CharField(max_length=64, blank=True)
    model = models.CharField(max_length=80, blank=True)
    organization = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    gateway = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    state = models.CharField(
        max_length=12, choices=terms.DeviceState, default=terms.DeviceState.DELIVERED
    )
    region_code = models.CharField(max_length=12, blank=True)
    desired = models.JSONField(default=dict)
    mounting = models.JSONField(default=dict)
    mounted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["region_code"], name="device_region", opclasses=["text_pattern_ops"]
            )
        ]

    def __str__(self) -> str:
        return self.key


class ForeignName(models.Model):
    """What a hub calls a device that it carries: a friendly name, an address, an entity."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    gateway = models.ForeignKey(Device, models.PROTECT, related_name="foreign_names")
    device = models.ForeignKey(Device, models.PROTECT, related_name="names")
    name = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gateway", "name"], name="foreign_name_once_a_hub")
        ]

    def __str__(self) -> str:
        return self.name


class DeviceSecret(models.Model):
    """A random secret, kept as SHA-256 only; two may be valid while a device is given a new one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    device = models.ForeignKey(Device, models.PROTECT, related_name="secrets")
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.id)


class Binding(models.Model):
    """A device serves a person or a room for a period; only one of them at a time."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    device = models.ForeignKey(Device, models.PROTECT, related_name="bindings")
    person = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    room = models.ForeignKey("people.Room", models.PROTECT, null=True, related_name="+")
    period = DateTimeRangeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(person__isnull=False) | models.Q(room__isnull=False),
                name="binding_has_subject",
            ),
            ExclusionConstraint(
                name="device_bound_once_at_a_time",
                expressions=[
                    ("device", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} → {self.person_id or self.room_id}"


class DeviceCommand(models.Model):
    """A command on its way down. The gateway moves state; `done` comes from the device alone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    device = models.ForeignKey(Device, models.PROTECT, related_name="commands")
    name = models.CharField(max_length=40)
    args = models.JSONField(default=dict)
    state = models.CharField(
        max_length=12, choices=terms.CommandState, default=terms.CommandState.QUEUED
    )
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    issued_by = models.UUIDField(null=True)
    result_at = models.DateTimeField(null=True)
    detail = models.TextField(blank=True)

    class Meta:
        db_table = "device_command"
        indexes = [
            models.Index(
                fields=["device", "issued_at"],
                name="command_pending",
                condition=models.Q(state__in=["queued", "sent"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} → {self.device_id}"


class DeviceSeen(models.Model):
    """What was last heard of a device. Written by the gateway alone."""

    device = models.UUIDField(primary_key=True)
    last_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    online = models.BooleanField(default=False)
    battery_pct = models.FloatField(null=True)
    rssi_dbm = models.FloatField(null=True)
    firmware = models.TextField(null=True)  # noqa: DJ001 (unknown is not empty)
    clock_offset_s = models.FloatField(null=True)
    reported = models.JSONField(null=True)

    class Meta:
        db_table = "device_seen"

    def __str__(self) -> str:
        return str(self.device)


class GatewayDevice(models.Model):
    """The snapshot of a device that the gateway reads; body is `kernel.wire.DeviceSnapshot`."""

    device = models.UUIDField(primary_key=True)
    key = models.TextField(unique=True)
    body = models.JSONField()
    version = models.BigIntegerField()

    class Meta:
        db_table = "gateway_device"

    def __str__(self) -> str:
        return self.key
