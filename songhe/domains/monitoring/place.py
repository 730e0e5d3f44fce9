"""Where a finding belongs: person, home, room, device, region, and who answers."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from songhe.domains.devices import selectors as devices
from songhe.domains.monitoring import platform
from songhe.domains.monitoring.models import Finding
from songhe.domains.organizations import selectors as organizations
from songhe.domains.organizations.selectors import Organization
from songhe.domains.people import selectors as people
from songhe.kernel.wire import SubjectKind


@dataclass(frozen=True, slots=True)
class Place:
    """Everything an alarm copies from the moment it was raised."""

    person_id: UUID | None
    home_id: UUID | None
    room_id: UUID | None
    device_id: UUID | None
    region_code: str
    organization: Organization | None


def place_of(finding: Finding) -> Place | None:
    """Return where a finding belongs; None when its subject is not known (any more)."""
    if finding.subject_kind == SubjectKind.PLATFORM:
        keeper = platform.organization(finding.decided_at)
        return Place(None, None, None, None, platform.REGION, keeper)
    return _place_of_someone(finding)


def _place_of_someone(finding: Finding) -> Place | None:
    person_id, room_id, device_id = finding.person, None, finding.device
    if finding.subject_kind == SubjectKind.PERSON:
        person_id = finding.subject
    elif finding.subject_kind == SubjectKind.PLACE:
        room_id = finding.subject
    else:
        device_id = finding.subject
    device = devices.by_ids([device_id]).get(device_id) if device_id else None
    if device is not None:
        binding = devices.bindings_of([device.pk], at=finding.onset_at).get(device.pk)
        if binding is not None:
            person_id = person_id or binding.person_id
            room_id = room_id or binding.room_id
    # Smoke in the home of the dead is for who comes there.
    person_id = people.living_id(person_id) if person_id else None
    room = people.rooms_by_id([room_id]).get(room_id) if room_id else None
    home = room.home if room else None
    if home is None and person_id is not None:
        home = people.home_of(person_id, at=finding.onset_at)
    region_code = home.region_code if home else _region(person_id)
    region_code = region_code or (device.region_code if device else "")
    if not region_code:
        return None
    return Place(
        person_id=person_id,
        home_id=home.pk if home else None,
        room_id=room.pk if room else None,
        device_id=device.pk if device else None,
        region_code=region_code,
        organization=organizations.serving(region_code),
    )


def _region(person_id: UUID | None) -> str:
    return people.region_of(person_id=person_id, room_id=None) if person_id else ""
