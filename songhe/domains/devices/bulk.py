"""Putting many devices into use at once (taking over a stock list, the demo county).

The same rules as `services`, row by row: known types, secrets as SHA-256 only, the table of
commissioning with its proofs, audit. A load publishes no events; the snapshots are written once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.devices import types
from songhe.domains.devices.models import Binding, Device, DeviceSecret
from songhe.domains.devices.services import NotBound, new_key, new_secret
from songhe.domains.devices.snapshots import write_snapshots
from songhe.domains.devices.workflow import COMMISSIONING
from songhe.domains.people import selectors as people
from songhe.engines.workflow.engine import ReasonNeeded, WrongState
from songhe.engines.workflow.models import Transition
from songhe.kernel.errors import Denied
from songhe.kernel.ids import uuid7


@dataclass(frozen=True, slots=True)
class Proof:
    """One step of commissioning: when it was taken and what shows it."""

    step: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class NewDevice:
    """As the arguments of `services.register_device`, `bind_device` and `commission`."""

    type: str
    organization_id: UUID
    region_code: str
    person_id: UUID | None = None
    room_id: UUID | None = None
    serial: str = ""
    model: str = ""
    key: str = ""
    secret: str = ""
    steps: Sequence[Proof] = ()


class _Load:
    """The rows of one load, gathered and then written table by table."""

    def __init__(self, actor: Actor, at: datetime) -> None:
        self.actor = actor
        self.at = at
        self.devices: list[Device] = []
        self.secrets: list[DeviceSecret] = []
        self.bindings: list[Binding] = []
        self.transitions: list[Transition] = []
        self.changes: list[tuple[str, str, datetime, dict[str, Any]]] = []

    def device(self, new: NewDevice) -> tuple[Device, str]:
        if not self.actor.is_system:
            for action in ("devices.register_device", "devices.bind_device"):
                if not self.actor.covers(action, new.region_code):
                    raise Denied(action=action)
        device = Device(
            id=uuid7(),
            key=new.key or new_key(),
            type=types.get_type(new.type).code,
            serial=new.serial,
            model=new.model,
            organization_id=new.organization_id,
            region_code=new.region_code,
        )
        self.devices.append(device)
        ref = f"devices.Device/{device.pk}"
        self.changes.append(("devices.register_device", ref, self.at, {}))
        text, digest = new_secret()
        if new.secret:
            text, digest = new.secret, hashlib.sha256(new.secret.encode()).hexdigest()
        self.secrets.append(DeviceSecret(device=device, sha256=digest, created_at=self.at))
        if new.person_id or new.room_id:
            self.bindings.append(
                Binding(
                    device=device,
                    person_id=new.person_id,
                    room_id=new.room_id,
                    period=DateTimeTZRange(self.at, None),
                )
            )
            detail = {"person": str(new.person_id or ""), "room": str(new.room_id or "")}
            self.changes.append(("devices.bind_device", ref, self.at, detail))
        for proof in new.steps:
            self._advance(device, proof, bound=bool(new.person_id or new.room_id))
        return device, text

    def _advance(self, device: Device, proof: Proof, *, bound: bool) -> None:
        """Take one step of the table as `Workflow.advance` would, without a query."""
        step = COMMISSIONING.steps[proof.step]
        if not self.actor.is_system and not self.actor.covers(step.action, device.region_code):
            raise Denied(action=step.action)
        if device.state not in step.sources:
            raise WrongState(state=device.state, step=step.name)
        if step.needs_note and not proof.note.strip():
            raise ReasonNeeded(field="note")
        later = step.name in ("activate", "pass_test", "start_use")
        if later and not bound and types.get_type(device.type).measures:
            raise NotBound
        ref = f"devices.Device/{device.pk}"
        self.transitions.append(
            Transition(
                ref=ref,
                name=step.name,
                source=device.state,
                target=step.target,
                user_id=self.actor.user_id,
                user_name=self.actor.display_name,
                at=proof.at,
                note=proof.note.strip(),
            )
        )
        detail = {"from": str(device.state), "to": step.target}
        self.changes.append((step.action, ref, proof.at, detail))
        device.state = step.target

    def write(self, now: datetime) -> None:
        people.all_live({row.person_id for row in self.bindings if row.person_id})
        Device.objects.bulk_create(self.devices, batch_size=500)
        DeviceSecret.objects.bulk_create(self.secrets, batch_size=500)
        Binding.objects.bulk_create(self.bindings, batch_size=500)
        Transition.objects.bulk_create(self.transitions, batch_size=1000)
        audit.record_changes(actor=self.actor, changes=self.changes)
        write_snapshots([device.pk for device in self.devices], at=now)


@transaction.atomic
def put_into_use(
    *, actor: Actor, devices: Iterable[NewDevice], at: datetime, now: datetime
) -> list[tuple[Device, str]]:
    """Register devices, bind them from `at` on and take their steps of commissioning.

    now: the moment of the load, at which the snapshots are written. Returns each device with its
    secret, in order. Raises UnknownDeviceType, Denied, WrongState, ReasonNeeded, NotBound,
    PersonHasDied; then nothing of the load was stored.
    """
    load = _Load(actor, at)
    found = [load.device(new) for new in devices]
    load.write(now)
    return found
