"""Whose home a recording plays in: the person, and the devices that play its sensors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from songhe.base.access.actor import SYSTEM
from songhe.config.replay.recording import Recording, Sensor
from songhe.domains.devices import selectors as devices
from songhe.domains.devices import services
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import NoSuchPerson, PersonView
from songhe.kernel.errors import Conflict, Invalid

STEPS = (("install", "录音回放"), ("activate", ""), ("pass_test", "回放前试呼"), ("start_use", ""))
_FALLBACK = ("living", "bedroom", "hall")


class WhoIsMeant(Invalid):
    """No person, or several, have this name."""

    code = "config.who_is_meant"
    message = "%(sentence)s"


class NobodyServes(Conflict):
    """No organisation serves the person's region, so no device can belong to one."""

    code = "config.nobody_serves"
    message = "No organisation serves %(region)s yet: found one first."


@dataclass(frozen=True, slots=True)
class Player:
    """A device that plays a sensor."""

    sensor: str
    device: UUID
    key: str
    secret: str


def find_person(words: str, *, at: datetime) -> PersonView:
    """Return the person of a name, pinyin or id. Raises WhoIsMeant with a sentence that helps."""
    try:
        return people.get_person(SYSTEM, UUID(words), at=at)
    except ValueError:
        pass
    except NoSuchPerson:
        raise WhoIsMeant(sentence=f"There is no person with the id {words}.") from None
    rows = people.find_persons(SYSTEM, words).persons[:20]
    exact = [row for row in rows if words in (row.name, row.pinyin)]
    found = exact or rows
    if len(found) == 1:
        return people.view_of(SYSTEM, found[0])
    if not found:
        raise WhoIsMeant(
            sentence=f"Nobody is called {words}: give a name (陈秀兰), pinyin or an id."
        )
    some = "; ".join(f"{row.name} ({row.pinyin}) {row.pk}" for row in found[:8])
    raise WhoIsMeant(sentence=f"Several people are meant by {words}, give an id: {some}")


def players(
    recording: Recording, person: PersonView, *, since: datetime, at: datetime
) -> list[Player]:
    """Return a device in use for every sensor, made anew where there is none that fits.

    Those of an earlier replay of the same recording for the same person are used again, with a
    fresh secret. since: from when on they must have been bound.
    """
    organization = organizations.serving(person.region_code)
    if organization is None:
        raise NobodyServes(region=person.region_code)
    home = people.home_of(person.id, at=at)
    rooms = people.rooms_of(home) if home else []
    by_kind = {room.kind: room.pk for room in reversed(rooms)}
    found = []
    with transaction.atomic():
        for sensor in recording.sensors:
            room = _room(sensor, by_kind)
            # Of two recordings laid at one time each has devices of its own.
            names = (recording.name, recording.subject, recording.part, sensor.name)
            serial = "-".join(("REPLAY", *filter(None, names)))[:64]
            found.append(_player(sensor, serial, person, room, organization.pk, since, at))
    return found


def release(played: list[Player], *, at: datetime) -> None:
    """End the bindings: a recording that is over is no device that has fallen silent."""
    bound = devices.bindings_of([player.device for player in played], at=at)
    with transaction.atomic():
        for device in bound:
            services.unbind_device(actor=SYSTEM, device_id=device, at=at)


def _room(sensor: Sensor, by_kind: dict[str, UUID]) -> UUID | None:
    if not sensor.room:
        return None
    kinds = (sensor.room, *_FALLBACK)
    return next((by_kind[kind] for kind in kinds if kind in by_kind), None)


def _end_of_bindings(device: UUID, end: datetime | None) -> datetime | None:
    """Return when the bindings of earlier replays, one after the other, end; None while bound."""
    while end is not None:
        following = devices.bindings_of([device], at=end).get(device)
        if following is None:
            return end
        end = following.period.upper
    return None


def _player(
    sensor: Sensor,
    serial: str,
    person: PersonView,
    room: UUID | None,
    organization: UUID,
    since: datetime,
    at: datetime,
) -> Player:
    person_id, room_id = (None, room) if room else (person.id, None)
    known = list(devices.list_devices(SYSTEM, words=serial, type=sensor.type, state="in_use"))
    bound = devices.bindings_of([row.pk for row in known], at=since)
    for device in known:
        binding = bound.get(device.pk)
        if device.serial != serial or binding is None:
            continue
        if (binding.person_id, binding.room_id) != (person_id, room_id):
            continue
        end = _end_of_bindings(device.pk, binding.period.upper)
        if end is not None:
            services.bind_device(
                actor=SYSTEM, device_id=device.pk, at=end, person_id=person_id, room_id=room_id
            )
        secret = services.rotate_secret(
            actor=SYSTEM, device_id=device.pk, at=at, overlap=timedelta(0)
        )
        return Player(sensor.name, device.pk, device.key, secret)
    device, secret = services.register_device(
        actor=SYSTEM,
        type=sensor.type,
        organization_id=organization,
        at=since,
        serial=serial,
        model="replay",
        region_code=person.region_code,
    )
    services.bind_device(
        actor=SYSTEM, device_id=device.pk, at=since, person_id=person_id, room_id=room_id
    )
    for step, proof in STEPS:
        services.commission(actor=SYSTEM, device_id=device.pk, step=step, at=at, proof=proof)
    return Player(sensor.name, device.pk, device.key, secret)
