"""Home care beds of the county: Grandma Chen's in use, some neighbours', others on their road."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User
from songhe.domains.devices import selectors as devices
from songhe.domains.devices.terms import DeviceState
from songhe.domains.homecare import services, testing
from songhe.domains.homecare.terms import Found, equipment_for, table
from songhe.domains.organizations.selectors import Organization
from songhe.domains.people import selectors as people

ITEM = "talk-read"
# Where the others stand; the rest of them are in use.
_ON_THE_ROAD = ("applied", "assessed", "fitting", "fitted", "agreed")
_OTHERS = 18
_CODES = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_CHEN = ("alone", "falls", "nights", "pressure", "glucose")


def fill(centre: Organization, chen_id: UUID, at_home: Sequence[UUID], *, at: datetime) -> int:
    """Make the beds by the services that the pages use; return how many.

    In use since the day before yesterday, with services from tomorrow on: no turn lies in the past.
    """
    begun = at - timedelta(days=2)
    tomorrow = timezone.localdate(at) + timedelta(days=1)
    rule = f"FREQ=WEEKLY;BYDAY={_CODES[tomorrow.isoweekday() % 7]}"
    chen = testing.make_bed(
        person_id=chen_id, organization_id=centre.pk, at=begun, needs=_CHEN, item_code=ITEM,
        rule=rule,
    )  # fmt: skip
    sun = access.actor_for(User.objects.get(login="sun"), at)
    services.add_risk(
        actor=sun,
        bed_id=chen.pk,
        words="上周加了降压药，起夜时慢起；血压高就打电话。",
        until=at + timedelta(hours=24),
        at=at,
    )
    services.note_round(actor=sun, bed_id=chen.pk, found=Found.WELL, at=at - timedelta(minutes=40))
    made = 1
    for person_id in at_home:
        if made > _OTHERS:
            break
        if person_id == chen_id or (needs := _needs(person_id, at)) is None:
            continue
        state = _ON_THE_ROAD[made - 1] if made <= len(_ON_THE_ROAD) else "active"
        bed = testing.make_bed(
            person_id=person_id, organization_id=centre.pk, at=begun, state=state, needs=needs,
            item_code=ITEM, rule=rule, days=20 if made == len(_ON_THE_ROAD) + 1 else 365,
        )  # fmt: skip
        if made == len(_ON_THE_ROAD) + 2:
            services.pause_bed(actor=SYSTEM, bed_id=bed.pk, reason="住院", at=at)
        made += 1
    return made


def _needs(person_id: UUID, at: datetime) -> list[str] | None:
    """Return which needs the devices there meet already; None where they miss what each bed has."""
    home = people.home_of(person_id, at=at)
    lines = devices.devices_of(person_id=person_id, home_id=home.pk if home else None, at=at)
    there = {line.device.type for line in lines if line.device.state == DeviceState.IN_USE}

    def met(codes: Sequence[str]) -> bool:
        asked = equipment_for(codes)
        return all(
            there.intersection(table().equipment[code].types)
            for code, required in asked.items()
            if required
        )

    return [code for code in table().needs if met([code])] if met([]) else None
