"""Builders for tests and the demo county: a bed at any place of its road, by the real services."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from uuid import UUID

from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.regions.days import day_of
from songhe.domains.devices import selectors as devices
from songhe.domains.devices.terms import DeviceState
from songhe.domains.devices.testing import hear, make_device
from songhe.domains.homecare import readiness, services
from songhe.domains.homecare.equipment import table
from songhe.domains.homecare.models import HomeBed
from songhe.domains.homecare.services import WantedGoal, WantedService
from songhe.domains.homecare.terms import ROAD, AgreementForm, Basis, BedState, Signer
from songhe.domains.organizations.selectors import get_organization
from songhe.domains.people import selectors as people

PAPER = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
GOALS = (("每天在屋里走三次，每次十分钟", "家属和护理员的记录"), ("半年内不跌倒", "告警和走访记录"))


def fit_home(bed: HomeBed, *, at: datetime, actor: Actor = SYSTEM) -> None:
    """Let a home have all it must: devices that are there, or new ones taken into use."""
    rooms = people.rooms_in(bed.home_id)
    for line in readiness.equipment_of(bed, at=at):
        if line.works or not line.need.required:
            continue
        types = table().equipment[line.need.code].types
        there = devices.devices_of(person_id=bed.person_id, home_id=bed.home_id, at=at)
        ready = sorted(
            (
                one.device
                for one in there
                if one.device.type in types and one.device.state == DeviceState.IN_USE
            ),
            key=lambda device: types.index(device.type),
        )
        if ready:
            services.fit_device(
                actor=actor, bed_id=bed.pk, need_id=line.need.pk, device_id=ready[0].pk, at=at
            )
            continue
        kind = types[0]
        is_worn = kind in ("sos-button", "bp-monitor", "glucose-meter", "tracker")
        device, _secret = make_device(
            at=at,
            organization=get_organization(bed.organization_id),
            type=kind,
            person_id=bed.person_id if is_worn or not rooms else None,
            room_id=None if is_worn or not rooms else rooms[0].pk,
        )
        if not actor.is_system:  # what the system fits was proven before, and may never speak
            hear(device, at=at)
        services.fit_device(
            actor=actor, bed_id=bed.pk, need_id=line.need.pk, device_id=device.pk, at=at
        )


def sign(
    bed: HomeBed, *, at: datetime, days: int = 365, ahead: int = 0, actor: Actor = SYSTEM
) -> None:
    """Let a bed's agreement be signed on paper, for so many days from `ahead` days later on."""
    today = day_of(at)
    since = today + timedelta(days=ahead)
    services.sign_agreement(
        actor=actor,
        bed_id=bed.pk,
        since=since,
        until=since + timedelta(days=days),
        form=AgreementForm.PAPER,
        content=PAPER,
        name="agreement.pdf",
        signer=Signer.SELF,
        signed_by="本人",
        signed_on=today,
        at=at,
    )


def plan(bed: HomeBed, *, at: datetime, item_code: str, rule: str = "FREQ=WEEKLY;BYDAY=TH") -> None:
    """Let a bed have a care plan with two goals and a service of the catalogue."""
    day = day_of(at) + timedelta(days=180)
    services.make_plan(
        actor=SYSTEM,
        bed_id=bed.pk,
        goals=[WantedGoal(words, measure, day) for words, measure in GOALS],
        services=[WantedService(item_code, rule, time(9), time(11))],
        at=at,
    )


def make_bed(
    *,
    person_id: UUID,
    organization_id: UUID,
    at: datetime,
    state: str = BedState.ACTIVE,
    needs: Sequence[str] = ("alone", "falls"),
    level: int = 2,
    item_code: str = "test-bath",
    rule: str = "FREQ=WEEKLY;BYDAY=TH",
    days: int = 365,
) -> HomeBed:
    """Return a bed that has gone its road as far as a state of it, all at one moment."""
    bed = services.apply_for_bed(
        actor=SYSTEM, person_id=person_id, organization_id=organization_id, at=at
    )
    goal = ROAD.index(state)
    if goal >= ROAD.index("assessed"):
        services.assess(
            actor=SYSTEM,
            bed_id=bed.pk,
            visited_on=day_of(at),
            level=level,
            basis=Basis.VISIT,
            needs=needs,
            words="上门看过，按国标逐项评估。",
            at=at,
        )
    if goal >= ROAD.index("fitting"):
        services.start_fitting(actor=SYSTEM, bed_id=bed.pk, at=at)
    if goal >= ROAD.index("fitted"):
        fit_home(bed, at=at)
        services.finish_fitting(actor=SYSTEM, bed_id=bed.pk, at=at)
    if goal >= ROAD.index("agreed"):
        sign(bed, at=at, days=days)
        plan(bed, at=at, item_code=item_code, rule=rule)
    if goal >= ROAD.index("active"):
        services.activate_bed(actor=SYSTEM, bed_id=bed.pk, at=at)
    bed.refresh_from_db()
    return bed
