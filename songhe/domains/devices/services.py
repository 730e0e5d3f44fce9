"""Writing devices: register, give secrets, bind, commission, command."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.events import bus
from songhe.domains.devices import events, types
from songhe.domains.devices.models import (
    Binding,
    Device,
    DeviceCommand,
    DeviceSecret,
    ForeignName,
)
from songhe.domains.devices.selectors import NoSuchDevice, lines
from songhe.domains.devices.snapshots import write_snapshots
from songhe.domains.devices.terms import CommandState, DeviceState
from songhe.domains.devices.workflow import COMMISSIONING
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.kernel.errors import Conflict, Denied, Invalid
from songhe.kernel.wire import CHANNEL_COMMAND

_KEY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


class UnknownCommand(Invalid):
    code = "devices.unknown_command"
    message = "A device of this type cannot be told to %(name)s."


class BadSetting(Invalid):
    code = "devices.bad_setting"
    message = "A device of this type has no setting %(name)s, or it cannot be %(value)s."


class NothingToMount(Conflict):
    code = "devices.nothing_to_mount"
    message = "How a device of this type hangs changes nothing, or it is retired."


class CannotCarry(Conflict):
    code = "devices.cannot_carry"
    message = "A device of this type speaks only for itself: choose a gateway or a hub."


class CannotBeCarried(Invalid):
    code = "devices.cannot_be_carried"
    message = "A gateway or a retired device cannot be carried by another device."


class NameNeeded(Invalid):
    code = "devices.name_needed"
    message = "This hub knows its devices by names of its own: write at least one."


class NameTaken(Conflict):
    code = "devices.name_taken"
    message = "The hub uses the name %(name)s for another device already."


class NotCarried(Conflict):
    code = "devices.not_carried"
    message = "No gateway speaks for this device."


class NotBound(Conflict):
    code = "devices.not_bound"
    message = "The device serves nobody yet: bind it to a person or a room first."


class NotHeard(Conflict):
    code = "devices.not_heard"
    message = "Nothing of this device has arrived since it serves here: let it speak once."


def new_key() -> str:
    """Return a device key that people can read aloud: 10 letters and digits, none alike."""
    return "".join(secrets.choice(_KEY_ALPHABET) for _ in range(10))


def new_secret() -> tuple[str, str]:
    """Return a random secret of 160 bits and its SHA-256 as hex."""
    text = base64.b32encode(secrets.token_bytes(20)).decode().lower()
    return text, hashlib.sha256(text.encode()).hexdigest()


def _locked(actor: Actor, action: str, device_id: UUID) -> Device:
    rows = policies.scope(actor, Device.objects.select_for_update(), action)
    device = rows.filter(pk=device_id).first()
    if device is None:
        raise NoSuchDevice
    policies.authorise(actor, action, device)
    return device


def _note(actor: Actor, action: str, device: Device, at: datetime, detail: Any = None) -> None:
    ref = f"devices.Device/{device.pk}"
    audit.record_change(actor=actor, action=action, ref=ref, at=at, detail=detail)


@transaction.atomic
def register_device(
    *,
    actor: Actor,
    type: str,  # noqa: A002 (the field's word)
    organization_id: UUID,
    at: datetime,
    serial: str = "",
    model: str = "",
    key: str = "",
    secret: str = "",
    gateway: Device | None = None,
    region_code: str = "",
) -> tuple[Device, str]:
    """Register a device; return it and its secret, which is shown this once.

    Raises UnknownDeviceType, Denied.
    """
    types.get_type(type)
    organization = organizations.get_organization(organization_id)
    region = region_code or organization.region_code
    if not actor.is_system and not actor.covers("devices.register_device", region):
        raise Denied(action="devices.register_device")
    device = Device.objects.create(
        key=key or new_key(),
        type=type,
        serial=serial,
        model=model,
        organization=organization,
        gateway=gateway,
        region_code=region,
    )
    given, digest = (
        (secret, hashlib.sha256(secret.encode()).hexdigest()) if secret else new_secret()
    )
    DeviceSecret.objects.create(device=device, sha256=digest, created_at=at)
    _note(actor, "devices.register_device", device, at)
    write_snapshots([device.pk, *([gateway.pk] if gateway else [])], at=at)
    return device, given


@transaction.atomic
def rotate_secret(
    *, actor: Actor, device_id: UUID, at: datetime, overlap: timedelta = timedelta(hours=24)
) -> str:
    """Return a new secret, shown once; the old ones stay valid for `overlap` and then end."""
    device = _locked(actor, "devices.rotate_secret", device_id)
    end = at + overlap
    open_ended = Q(expires_at=None) | Q(expires_at__gt=end)
    DeviceSecret.objects.filter(open_ended, device=device).update(expires_at=end)
    text, digest = new_secret()
    DeviceSecret.objects.create(device=device, sha256=digest, created_at=at)
    _note(actor, "devices.rotate_secret", device, at)
    write_snapshots([device.pk], at=at)
    return text


@transaction.atomic
def revoke_secrets(*, actor: Actor, device_id: UUID, at: datetime) -> None:
    """End every secret at once; the gateway closes the device's connection."""
    device = _locked(actor, "devices.revoke_secrets", device_id)
    DeviceSecret.objects.filter(device=device).update(expires_at=at)
    _note(actor, "devices.revoke_secrets", device, at)
    write_snapshots([device.pk], at=at)


@transaction.atomic
def bind_device(
    *,
    actor: Actor,
    device_id: UUID,
    at: datetime,
    person_id: UUID | None = None,
    room_id: UUID | None = None,
) -> Binding:
    """Let a device serve a person or a room from a moment on; the binding before ends then.

    Readings already stored stay with whom they were stored for. With both ids the person is the
    subject and the room says where. Raises PersonHasDied.
    """
    device = _locked(actor, "devices.bind_device", device_id)
    people.all_live([person_id] if person_id else [])
    for row in Binding.objects.select_for_update().filter(device=device, period__contains=at):
        _end(row, at)
    binding = Binding.objects.create(
        device=device, person_id=person_id, room_id=room_id, period=DateTimeTZRange(at, None)
    )
    device.region_code = people.region_of(person_id=person_id, room_id=room_id)
    device.save(update_fields=["region_code"])
    _note(
        actor,
        "devices.bind_device",
        device,
        at,
        {"person": str(person_id or ""), "room": str(room_id or "")},
    )
    bus.publish(events.DeviceBound(device_id=device.pk, person_id=person_id, room_id=room_id))
    write_snapshots([device.pk], at=at)
    return binding


@transaction.atomic
def carry_device(
    *, actor: Actor, gateway_id: UUID, device_id: UUID, names: Iterable[str] = (), at: datetime
) -> Device:
    """Let a hub speak for a device from now on, under the hub's own names for it.

    What it was called before, and a hub that carried it before, are replaced. Locks the hub, then
    the device. Raises CannotCarry, CannotBeCarried, NameNeeded, NameTaken, NoSuchDevice.
    """
    hub = _locked(actor, "devices.bind_device", gateway_id)
    device = _locked(actor, "devices.bind_device", device_id)
    kind = types.get_type(hub.type)
    if not kind.carries or hub.state == DeviceState.RETIRED:
        raise CannotCarry
    if types.get_type(device.type).carries or device.state == DeviceState.RETIRED:
        raise CannotBeCarried(field="key")
    wanted = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    if not wanted and kind.format != "songhe":
        raise NameNeeded(field="names")
    others = ForeignName.objects.filter(gateway=hub, name__in=wanted).exclude(device=device)
    taken = others.first()
    if taken is not None:
        raise NameTaken(name=taken.name, field="names")
    before = device.gateway_id
    device.names.all().delete()
    ForeignName.objects.bulk_create(
        ForeignName(gateway=hub, device=device, name=name) for name in wanted
    )
    device.gateway = hub
    device.save(update_fields=["gateway"])
    _note(actor, "devices.carry_device", device, at, {"gateway": str(hub.pk), "names": wanted})
    write_snapshots({hub.pk, device.pk, before or hub.pk}, at=at)
    return device


@transaction.atomic
def release_device(*, actor: Actor, device_id: UUID, at: datetime) -> None:
    """Let no hub speak for a device any more. Raises NotCarried."""
    device = _locked(actor, "devices.bind_device", device_id)
    hub_id = device.gateway_id
    if hub_id is None:
        raise NotCarried
    device.names.all().delete()
    device.gateway = None
    device.save(update_fields=["gateway"])
    _note(actor, "devices.release_device", device, at)
    write_snapshots([hub_id, device.pk], at=at)


def _end(row: Binding, at: datetime) -> None:
    """End a binding; one that would end when it began never was."""
    if row.period.lower >= at:
        row.delete()
        return
    row.period = DateTimeTZRange(row.period.lower, at)
    row.save(update_fields=["period"])


@transaction.atomic
def unbind_device(*, actor: Actor, device_id: UUID, at: datetime) -> None:
    """End a device's binding at a moment. Raises NotBound when it serves nobody."""
    device = _locked(actor, "devices.bind_device", device_id)
    row = Binding.objects.select_for_update().filter(device=device, period__contains=at).first()
    if row is None:
        raise NotBound
    _end(row, at)
    _note(actor, "devices.unbind_device", device, at)
    write_snapshots([device.pk], at=at)


@transaction.atomic
def commission(
    *, actor: Actor, device_id: UUID, step: str, at: datetime, proof: str = ""
) -> Device:
    """Take one step of commissioning, with its proof; a test that people did has left a message.

    Raises NotBound, NotHeard, WrongState, ReasonNeeded.
    """
    action = COMMISSIONING.steps[step].action
    device = _locked(actor, action, device_id)
    if step in ("activate", "pass_test", "start_use"):
        bound = Binding.objects.filter(device=device, period__contains=at).exists()
        if not bound and types.get_type(device.type).measures:
            raise NotBound
    tests = step == "pass_test" and device.state == DeviceState.ACTIVATED
    if tests and not (actor.is_system or lines([device], at=at)[0].has_spoken):
        raise NotHeard(field="note")
    COMMISSIONING.advance(device, step, actor=actor, at=at, note=proof)
    bus.publish(events.DeviceStateChanged(device_id=device.pk, state=device.state))
    write_snapshots([device.pk], at=at)
    return device


@transaction.atomic
def issue_command(
    *,
    actor: Actor,
    device_id: UUID,
    name: str,
    at: datetime,
    args: dict[str, Any] | None = None,
    valid: timedelta = timedelta(minutes=10),
) -> DeviceCommand:
    """Send a command down; it is done only when the device says so. Raises UnknownCommand."""
    device = _locked(actor, "devices.command_device", device_id)
    given = args or {}
    known = types.get_type(device.type).commands
    if name not in known or set(given) != set(known[name]) or device.state == DeviceState.RETIRED:
        raise UnknownCommand(name=name)
    return _send(actor, device, name, given, at, valid)


@transaction.atomic
def set_desired(
    *, actor: Actor, device_id: UUID, settings: dict[str, float], at: datetime
) -> DeviceCommand:
    """Wish a state of a device and send it down as `configure`, valid for a day.

    The wish stays beside what the device reports; they are compared, never assumed equal.
    Raises BadSetting.
    """
    device = _locked(actor, "devices.command_device", device_id)
    known = types.get_type(device.type).settings
    for name, value in settings.items():
        low, high = known.get(name, (1, 0))
        if isinstance(value, bool) or not low <= value <= high:
            raise BadSetting(name=name, value=value, field=name)
    if not settings or device.state == DeviceState.RETIRED:
        raise UnknownCommand(name="configure")
    device.desired = device.desired | settings
    device.save(update_fields=["desired"])
    return _send(actor, device, "configure", dict(device.desired), at, timedelta(days=1))


@transaction.atomic
def set_mounting(
    *, actor: Actor, device_id: UUID, mounting: dict[str, Any], at: datetime
) -> Device:
    """Write down how a device hangs; its detectors judge by it from now on.

    What is left out counts as usual (`kernel.signals.mounting`). Raises NothingToMount and
    BadSetting.
    """
    device = _locked(actor, "devices.commission_device", device_id)
    kind = types.get_type(device.type)
    if not kind.mounting or device.state == DeviceState.RETIRED:
        raise NothingToMount
    for name, value in mounting.items():
        if name not in kind.mounting or not kind.mounting[name].holds(value):
            raise BadSetting(name=name, value=value, field=name)
    before, device.mounting, device.mounted_at = device.mounting, dict(mounting), at
    device.save(update_fields=["mounting", "mounted_at"])
    _note(actor, "devices.mount_device", device, at, {"before": before, "after": device.mounting})
    write_snapshots([device.pk], at=at)
    return device


def _send(
    actor: Actor, device: Device, name: str, given: dict[str, Any], at: datetime, valid: timedelta
) -> DeviceCommand:
    command = DeviceCommand.objects.create(
        device=device,
        name=name,
        args=given,
        issued_at=at,
        expires_at=at + valid,
        issued_by=actor.user_id,
        state=CommandState.QUEUED,
    )
    _note(actor, "devices.command_device", device, at, {"command": name})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL_COMMAND, str(device.pk)])
    return command


@transaction.atomic
def expire_commands(*, at: datetime) -> int:
    """End commands whose time has passed without an answer; return how many."""
    pending = [CommandState.QUEUED, CommandState.SENT, CommandState.DELIVERED]
    return DeviceCommand.objects.filter(state__in=pending, expires_at__lt=at).update(
        state=CommandState.EXPIRED, result_at=at
    )
