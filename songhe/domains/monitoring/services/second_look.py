"""A second look: what else speaks for or against an alarm that somebody may lie there.

The speaker asks at once; a minute later the home's other sensors are looked at. Neither closes an
alarm or takes it from anybody: they are told, and weighed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from songhe.base.access.actor import SYSTEM
from songhe.domains.devices import selectors as devices
from songhe.domains.devices import services as device_services
from songhe.domains.devices.selectors import DeviceLine
from songhe.domains.devices.terms import CommandState
from songhe.domains.monitoring import course, fusion
from songhe.domains.monitoring.models import Alarm
from songhe.domains.monitoring.services.joining import certainty_of
from songhe.domains.monitoring.services.ringing import ring_again, ring_from_now
from songhe.domains.monitoring.steps import StepFailed, step_of
from songhe.domains.monitoring.terms import EntryKind
from songhe.domains.people import selectors as people
from songhe.domains.telemetry import selectors as telemetry
from songhe.engines.alarms.terms import OPEN_STATES, Priority, State
from songhe.kernel import codes
from songhe.kernel.detectors.rules import spec

log = structlog.get_logger(__name__)
# Episodes in which a second look is worth it.
LOOKED_AT = frozenset({"down"})
_SHOWS_LIFE = ("motion", "bed", "door", "item-use", "water-leak")
_SPEAKER, _ASK = "speaker", "ask"
# What a speaker says that it heard, and what that is to us.
_ANSWERS = {"well": "answered_well", "help": "asked_for_help", "silence": "no_answer"}


def plan_look(alarm: Alarm, at: datetime) -> None:
    """Set when an alarm that was just raised is looked at, and let the speaker ask."""
    if spec(alarm.rule).episode not in LOOKED_AT or alarm.person_id is None or alarm.is_late:
        return
    settings = fusion.second_look()
    asked = _ask(alarm, at)
    wait_s = max(settings.after_s, settings.wait_s + 5 if asked else 0.0)
    alarm.look_at = max(at, alarm.onset_at + timedelta(seconds=wait_s))
    alarm.save(update_fields=["look_at"])


def _devices(alarm: Alarm, at: datetime) -> list[DeviceLine]:
    if alarm.person_id is None:
        return []
    return devices.devices_of(person_id=alarm.person_id, home_id=alarm.home_id, at=at)


def _ask(alarm: Alarm, at: datetime) -> bool:
    """Let every speaker of the home that is alive ask how the person is; tell whether one does."""
    wait_s = fusion.second_look().wait_s
    asked = False
    for line in _devices(alarm, at):
        if line.device.type != _SPEAKER or line.silent:
            continue
        with override("zh-hans"):
            text = _("Are you all right? If you need help, say: help.")
        device_services.issue_command(
            actor=SYSTEM,
            device_id=line.device.pk,
            name=_ASK,
            args={"text": text, "wait_s": wait_s},
            valid=timedelta(seconds=wait_s),
            at=at,
        )
        asked = True
    return asked


def run_due_looks(*, at: datetime, limit: int = 50) -> int:
    """Look at every alarm whose second look is due, each in its own transaction; return how many.

    One that fails is logged and not tried again: the alarm stands as it is.
    """
    looked, failed = 0, set[UUID]()
    while looked < limit:
        try:
            if not _look_one(at, failed):
                break
        except StepFailed as error:
            log.exception("second_look_failed", alarm=str(error.of))
            failed.add(error.of)
            Alarm.objects.filter(pk=error.of).update(look_at=None)
        else:
            looked += 1
    return looked


@transaction.atomic
def _look_one(at: datetime, failed: set[UUID]) -> bool:
    alarm = (
        Alarm.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(look_at__lte=at)
        .exclude(pk__in=failed)
        .select_related("organization")
        .order_by("look_at")
        .first()
    )
    if alarm is None:
        return False
    with step_of(alarm.pk):
        _look(alarm, at)
    return True


def _look(alarm: Alarm, at: datetime) -> None:
    alarm.look_at = None
    if alarm.state not in OPEN_STATES:
        alarm.save(update_fields=["look_at"])
        return
    around = _devices(alarm, at)
    moved, seen = _moved(alarm, around, at), list[str]()
    if moved is not None:
        seen.append("moved" if moved else "still")
    if answer := _answer(alarm, around):
        seen.append(answer)
    rooms = people.rooms_by_id(moved or ())
    data = {
        "seen": seen,
        "rooms": [rooms[room].name for room in moved or () if room in rooms],
        "after_s": round((at - alarm.onset_at).total_seconds()),
        "version": fusion.second_look().version,
        "before": alarm.certainty,
    }
    entry = course.write_entry(alarm, EntryKind.LOOKED, at=at, data=data)
    alarm.certainty = certainty_of(alarm)
    entry.data["after"] = alarm.certainty
    entry.save(update_fields=["data"])
    alarm.save(update_fields=["look_at", "certainty"])
    _ring_when_sure(alarm, seen, at)
    course.announce(alarm, at=at)


def _moved(alarm: Alarm, around: list[DeviceLine], at: datetime) -> tuple[UUID, ...] | None:
    """Return the rooms in which somebody moved since the onset, () when everything is still.

    None where no sensor that is alive could tell.
    """
    known = {codes.by_key(key).number for key in _SHOWS_LIFE}
    telling = [
        line
        for line in around
        if line.room_id is not None
        and not line.silent
        and line.device.pk != alarm.device_id
        and known & {code.number for code in line.type.measures}
    ]
    if not telling:
        return None
    since = alarm.onset_at + timedelta(seconds=fusion.second_look().settle_s)
    readings = telemetry.stream(
        subjects={line.room_id for line in telling if line.room_id is not None},
        since=since,
        until=at,
        codes=sorted(known),
    )
    rooms = {
        reading.subject
        for reading in readings
        if any(
            code in known and value >= 0.5
            for code, value in zip(reading.codes, reading.values, strict=True)
        )
    }
    return tuple(sorted(rooms))


def _answer(alarm: Alarm, around: list[DeviceLine]) -> str:
    """Return what came back from the speakers: asked_for_help, answered_well, no_answer or "".

    A speaker that did not even answer that it heard nothing says nothing.
    """
    asked = [line.device for line in around if line.device.type == _SPEAKER]
    found: set[str] = set()
    for device in asked:
        for command in devices.commands_of(SYSTEM, device, limit=3):
            is_ours = command.name == _ASK and command.issued_at >= alarm.raised_at
            if is_ours and command.state == CommandState.DONE:
                found.add(_ANSWERS.get(command.detail.strip(), ""))
    return next(
        (one for one in ("asked_for_help", "answered_well", "no_answer") if one in found), ""
    )


def _ring_when_sure(alarm: Alarm, seen: list[str], at: datetime) -> None:
    """Make an important alarm urgent once it is sure, and let it ring as such."""
    sure = (alarm.certainty or 0.0) >= fusion.second_look().sure or "asked_for_help" in seen
    if alarm.priority != Priority.MEDIUM or not sure:
        return
    alarm.priority, alarm.priority_rank = Priority.HIGH.value, Priority.HIGH.rank
    alarm.save(update_fields=["priority", "priority_rank"])
    if alarm.state == State.UNACKNOWLEDGED:
        ring_from_now(alarm, at)
    elif alarm.state in (State.RETURNED, State.SHELVED):
        ring_again(alarm, at)
