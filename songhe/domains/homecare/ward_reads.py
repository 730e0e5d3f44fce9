"""The ward: every bed in use of an area as a room, its alarms, its night, what to mind.

The number of queries does not grow with the number of beds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.regions import selectors as regions
from songhe.domains.homecare import selectors, terms
from songhe.domains.homecare.models import Round
from songhe.domains.homecare.night_lines import nights
from songhe.domains.homecare.params import params
from songhe.domains.homecare.selectors import HomeBed
from songhe.domains.homecare.terms import BedState
from songhe.domains.homecare.ward_risks import Reason, reasons, silent_equipment
from songhe.domains.homecare.ward_rooms import Room, make_room
from songhe.domains.monitoring import selectors as monitoring
from songhe.domains.monitoring.selectors import AlarmLine
from songhe.domains.monitoring.terms import AbsenceKind
from songhe.domains.people import selectors as people
from songhe.kit import formats

PRIORITIES = ("high", "medium", "low", "unknown")
_TOWN, _COMMUNITY = 9, 12  # digits of a code


@dataclass(frozen=True, slots=True)
class Floor:
    """A community with its homes."""

    code: str
    name: str
    rooms: list[Room]


@dataclass(frozen=True, slots=True)
class RiskLine:
    """A room that is to be minded, on which floor, and why."""

    room: Room
    floor: str
    reasons: list[Reason]


@dataclass(frozen=True, slots=True)
class Area:
    """A choice of the picker: a town or a community with how many homes and how many call."""

    code: str
    name: str
    beds: int
    calling: int
    is_town: bool


@dataclass(frozen=True)
class Ward:
    """Everything the ward shows. tally: priority to how many beds; away: how many are.

    areas: what may be picked, towns each before their communities; risks: what is to be minded,
    silent: homes where nothing but a silent device is; seen: which reads this look has written
    into the audit.
    """

    floors: list[Floor]
    tally: list[tuple[str, int]]
    areas: list[Area]
    away: int
    beds: int
    looked: int
    risks: list[RiskLine]
    silent: list[RiskLine]
    since: datetime
    seen: str

    @property
    def calling(self) -> int:
        """Return how many beds call for a look: an alarm is open there."""
        return sum(n for priority, n in self.tally if priority != "unknown")

    @property
    def unwatched(self) -> int:
        """Return of how many beds the alarms are not open to the reader."""
        return sum(1 for room in self.rooms if not room.is_watched)

    @property
    def rooms(self) -> list[Room]:
        """Return the rooms of all floors."""
        return [room for floor in self.floors for room in floor.rooms]

    @property
    def is_large(self) -> bool:
        """Tell whether there are so many homes that small rooms fit the eye better."""
        return self.beds >= int(params()["ward"]["small_from"])


def night_start(at: datetime) -> datetime:
    """Return when the night on the tiles begins: the last time its hour struck."""
    local = timezone.localtime(at)
    begins = time.fromisoformat(params()["ward"]["night_from"])
    start = local.replace(hour=begins.hour, minute=begins.minute, second=0, microsecond=0)
    return start if start <= local else start - timedelta(days=1)


def ward(
    actor: Actor,
    *,
    at: datetime,
    area: str = "",
    seen: str = "",
    only: UUID | None = None,
    has_nights: bool | None = None,
) -> Ward:
    """Return the ward of an area that the actor may see; the look is audited.

    area: a region code, all of the actor's when empty. seen: what `Ward.seen` said at the last
    look; within the hour the same persons are not written into the audit once more, since the
    page asks anew each minute. only: this bed alone. has_nights: whether each room has the line of
    its night, which is most of the work; None: while rooms are drawn large enough to show it.
    """
    every = list(selectors.list_beds(actor, state=BedState.ACTIVE, action=terms.WARD))
    beds = [bed for bed in every if bed.region_code.startswith(area) and only in (None, bed.pk)]
    seen = _audited(actor, beds, at=at, seen=seen)
    persons = people.person_views(actor, [bed.person_id for bed in beds])
    alarms = _alarms(actor, every)
    absent = monitoring.away_now(actor, persons.values(), at=at)
    silent = silent_equipment(beds, at)
    since = night_start(at)
    open_beds = [
        bed for bed in beds if bed.person_id in persons and "home" in persons[bed.person_id].fields
    ]
    if has_nights is None:
        has_nights = len(beds) < int(params()["ward"]["small_from"])
    lines = nights(open_beds, since=since, at=at) if has_nights else {}
    looked = rounds_since(beds, since=shift_start(at))
    here = {bed.pk for bed in beds}
    minded = reasons(
        actor,
        beds,
        persons,
        alarms={pk: found for pk, found in alarms.items() if pk in here},
        silent={pk: found for pk, found in silent.items()},
        looked=looked,
        at=at,
    )
    names = regions.names(_codes(every))
    today = timezone.localdate(at)
    floors: dict[str, list[Room]] = {}
    for bed in sorted(beds, key=lambda one: (one.region_code, one.home.address, one.number)):
        away = absent.get(bed.person_id)
        room = make_room(
            today,
            bed,
            persons.get(bed.person_id),
            alarms=alarms.get(bed.pk, []),
            away=_away(away.kind, away.period.upper) if away is not None else "",
            silent=silent.get(bed.pk, []),
            night=lines.get(bed.pk),
            looked=looked.get(bed.pk),
            reasons=minded.get(bed.pk, []),
            place=names.get(bed.region_code, ""),
            is_watched=is_watched(actor, bed),
        )
        floors.setdefault(bed.region_code, []).append(room)
    rooms = [room for found in floors.values() for room in found]
    risks = _risks(rooms, names)
    counts = [(one, sum(1 for room in rooms if room.priority == one)) for one in PRIORITIES]
    return Ward(
        floors=[Floor(code, names.get(code, code), found) for code, found in floors.items()],
        tally=[(priority, n) for priority, n in counts if n],
        areas=_areas(every, alarms, names),
        away=sum(1 for room in rooms if room.away),
        beds=len(rooms),
        looked=sum(1 for room in rooms if room.looked is not None),
        risks=[one for one in risks if one.reasons[0].kind != "device"],
        silent=[one for one in risks if one.reasons[0].kind == "device"],
        since=since,
        seen=seen,
    )


def _audited(actor: Actor, beds: Sequence[HomeBed], *, at: datetime, seen: str) -> str:
    ids = ",".join(sorted(str(bed.person_id) for bed in beds))
    now = f"{at:%Y%m%d%H}{hashlib.sha256(ids.encode()).hexdigest()[:16]}"
    if now != seen:
        refs = [f"people.Person/{bed.person_id}" for bed in beds]
        audit.record_reads(actor=actor, action=terms.WARD, refs=refs, at=at)
    return now


def _away(kind: str, until: datetime | None) -> str:
    said = str(AbsenceKind(kind).label)
    if until is None:
        return said
    return _("%(where)s, until %(day)s") % {
        "where": said,
        "day": formats.short_date(timezone.localdate(until)),
    }


def shift_start(at: datetime) -> datetime:
    """Return since when a look at a bed counts as one of this shift."""
    return at - timedelta(hours=params()["ward"]["round_stale_h"])


def is_watched(actor: Actor, bed: HomeBed) -> bool:
    """Tell whether the alarms of a bed's home are open to the actor."""
    return (
        actor.is_system
        or actor.covers(monitoring.LIST, bed.region_code)
        or bed.organization_id in actor.organizations(monitoring.LIST)
    )


def _alarms(actor: Actor, beds: Sequence[HomeBed]) -> dict[UUID, list[AlarmLine]]:
    """Return the open alarms of each bed's person or home; 6 queries."""
    persons = {bed.person_id: bed.pk for bed in beds}
    homes: dict[UUID, list[UUID]] = {}
    for bed in beds:
        homes.setdefault(bed.home_id, []).append(bed.pk)
    around = Q(person__in=persons) | Q(person=None, home__in=homes)
    rows = monitoring.open_alarms(actor).filter(around)
    found: dict[UUID, list[AlarmLine]] = {}
    for line in monitoring.lines(actor, rows):
        alarm = line.alarm
        own = persons.get(alarm.person_id) if alarm.person_id else None
        # What is the home's concerns each bed in it.
        for pk in [own] if own else homes.get(alarm.home_id, []) if alarm.home_id else []:
            found.setdefault(pk, []).append(line)
    return found


def rounds_since(beds: Sequence[HomeBed], *, since: datetime) -> dict[UUID, Round]:
    """Return the newest look of this shift at each bed; 1 query."""
    rows = Round.objects.filter(bed__in=beds, at__gte=since).order_by("at")
    return {row.bed_id: row for row in rows}


def _risks(rooms: Sequence[Room], names: dict[str, str]) -> list[RiskLine]:
    """Return the rooms to be minded, the gravest first, and first what cannot wait."""
    minded = [room for room in rooms if room.reasons]
    return [
        RiskLine(room, names.get(room.bed.region_code, ""), room.reasons)
        for room in sorted(minded, key=lambda one: (one.reasons[0].rank, one.can_wait))
    ]


def _codes(beds: Sequence[HomeBed]) -> list[str]:
    codes = {bed.region_code for bed in beds}
    return sorted(codes | {code[:_TOWN] for code in codes if len(code) == _COMMUNITY})


def _calls(alarms: Iterable[AlarmLine]) -> bool:
    """Tell whether a look is called for; what only a device does not know is no call."""
    return any(one.alarm.priority != "unknown" for one in alarms)


def _areas(
    beds: Sequence[HomeBed], alarms: dict[UUID, list[AlarmLine]], names: dict[str, str]
) -> list[Area]:
    """Return the towns and communities that have beds, each town before its communities."""
    found = []
    for code in _codes(beds):
        inside = [bed for bed in beds if bed.region_code.startswith(code)]
        calling = sum(1 for bed in inside if _calls(alarms.get(bed.pk, ())))
        is_town = len(code) < _COMMUNITY
        found.append(Area(code, names.get(code, code), len(inside), calling, is_town))
    return found


def room_of(actor: Actor, bed: HomeBed, *, at: datetime) -> Room | None:
    """Return one bed as its room, None where it is not in use; the caller has opened the bed."""
    if bed.state != BedState.ACTIVE:
        return None
    found = ward(actor, at=at, area=bed.region_code, only=bed.pk, has_nights=True)
    return next((room for room in found.rooms if room.bed.pk == bed.pk), None)
