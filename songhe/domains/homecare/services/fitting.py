"""Fitting: which device of the register meets which need, and what comes back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.access.wall import lifted
from songhe.domains.devices import selectors as devices
from songhe.domains.devices import services as device_services
from songhe.domains.devices.selectors import DeviceLine
from songhe.domains.devices.services import NotHeard
from songhe.domains.devices.terms import DeviceState
from songhe.domains.homecare import terms
from songhe.domains.homecare.equipment import table
from songhe.domains.homecare.models import EquipmentNeed, EquipmentReturn, Fitting, HomeBed
from songhe.domains.homecare.readiness import is_here
from songhe.domains.homecare.services import visiting
from songhe.domains.homecare.services.common import author, locked, move, noted
from songhe.domains.homecare.terms import Purpose, ReturnState
from songhe.engines.workflow.engine import history
from songhe.kernel.errors import Conflict, Invalid, NotFound


class NoSuchNeed(NotFound):
    code = "homecare.no_such_need"
    message = "This home does not need that any more."


class NotHere(Invalid):
    code = "homecare.device_not_here"
    message = "This device does not serve the person or a room of the home: bind it first."


class WrongType(Invalid):
    code = "homecare.wrong_type"
    message = "A device of this type does not meet this need."


class NotInUse(Conflict):
    code = "homecare.not_in_use"
    message = "This device is not in use: it must be commissioned, with its test, first."


class NoProof(Conflict):
    code = "homecare.no_proof"
    message = "Nobody wrote down by what this device's test was proven."


@transaction.atomic
def fit_device(
    *, actor: Actor, bed_id: UUID, need_id: UUID, device_id: UUID, at: datetime
) -> Fitting:
    """Let a device meet a need from now on; what met it before ends.

    The device must be of a fitting type, serve the person or the home, be in use with the proof of
    its test, and have been heard since it serves here (the system may take over what was fitted
    before); if a bed before was to give it back, it stays. Raises NoSuchNeed, WrongType, NotHere,
    NotInUse, NotHeard, NoProof, BedIsOver.
    """
    bed = locked(actor, terms.FIT, bed_id)
    need = EquipmentNeed.objects.filter(pk=need_id, bed=bed, dropped_at=None).first()
    if need is None:
        raise NoSuchNeed
    line = _device_here(bed, device_id, at)
    if line.device.type not in table().equipment[need.code].types:
        raise WrongType(field="device")
    if line.device.state != DeviceState.IN_USE:
        raise NotInUse(field="device")
    if not line.has_spoken and not actor.is_system:
        raise NotHeard(field="device")
    proof = proof_of(line)
    if not proof:
        raise NoProof(field="device")
    standing = Fitting.objects.select_for_update().filter(need=need, period__contains=at).first()
    if standing is not None:
        if standing.device_id == line.device.pk:
            return standing
        standing.period = (standing.period.lower, at)
        standing.save(update_fields=["period"])
    row = Fitting.objects.create(
        need=need, device=line.device, period=(at, None), proof=proof[:200], **author(actor)
    )
    _stays(actor, line.device.pk, at)
    noted(actor, terms.FIT, bed, at, need=need.code, device=str(line.device.pk))
    return row


def _stays(actor: Actor, device_id: UUID, at: datetime) -> None:
    """Let a device that was to come back from a bed before stay: this bed has it now."""
    with lifted():
        EquipmentReturn.objects.filter(device=device_id, state=ReturnState.DUE).update(
            state=ReturnState.STAYS, closed_at=at, closed_by=actor.user_id
        )


def _device_here(bed: HomeBed, device_id: UUID, at: datetime) -> DeviceLine:
    found = devices.devices_of(person_id=bed.person_id, home_id=bed.home_id, at=at)
    for line in found:
        if line.device.pk == device_id:
            return line
    raise NotHere(field="device")


def proof_of(line: DeviceLine) -> str:
    """Return by what a device's test before use was proven; empty where nobody said."""
    told = [one.note for one in history(line.device) if one.name == "pass_test" and one.note]
    return told[-1] if told else ""


@transaction.atomic
def finish_fitting(*, actor: Actor, bed_id: UUID, at: datetime) -> HomeBed:
    """Say that a home is fitted. Raises NotReady while a required device is not in use."""
    bed = locked(actor, terms.FIT, bed_id)
    move(bed, "finish_fitting", actor=actor, at=at)
    visiting.let_go(bed, Purpose.FIT, at=at)
    return bed


@transaction.atomic
def close_return(
    *, actor: Actor, bed_id: UUID, return_id: UUID, state: ReturnState, at: datetime
) -> EquipmentReturn:
    """Say that a device came back, or is lost; said once.

    It serves the person and her home no more from then on; what follows for the device itself is
    the keeper's. Raises NoSuchNeed, NoSuchBed.
    """
    bed = locked(actor, terms.FIT, bed_id, is_open=False)
    row = EquipmentReturn.objects.select_for_update().filter(pk=return_id, bed=bed).first()
    if row is None or row.state != ReturnState.DUE or state in (ReturnState.DUE, ReturnState.STAYS):
        raise NoSuchNeed
    row.state, row.closed_at, row.closed_by = state, at, actor.user_id
    row.save(update_fields=["state", "closed_at", "closed_by"])
    _release(bed, row.device_id, at)
    noted(actor, terms.FIT, bed, at, device=str(row.device_id), state=state)
    return row


def _release(bed: HomeBed, device_id: UUID, at: datetime) -> None:
    """End a device's binding where it still serves the bed's person or home."""
    binding = devices.bindings_of([device_id], at=at).get(device_id)
    if binding is not None and is_here(bed, binding):
        device_services.unbind_device(actor=SYSTEM, device_id=device_id, at=at)
