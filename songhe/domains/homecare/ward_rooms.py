"""One bed as a room of the ward: what its tile says, in as few words as there is room for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from songhe.domains.devices.selectors import DeviceLine
from songhe.domains.homecare.models import Round
from songhe.domains.homecare.night_lines import Bedside
from songhe.domains.homecare.selectors import HomeBed
from songhe.domains.homecare.ward_risks import Reason, silence
from songhe.domains.monitoring.selectors import AlarmLine
from songhe.domains.people.selectors import PersonView, masked_name
from songhe.domains.people.terms import CareLevel

_RANK = {"high": 0, "medium": 1, "low": 2, "unknown": 3, "": 4}
# 3 号楼 402 and 3 号楼 2 单元 402 are 3-402 and 3-2-402 on a tile.
_FLAT = re.compile(r"^(\d+)\s*号楼\s*(?:(\d+)\s*单元\s*)?(\d+)\s*室?$")


@dataclass(frozen=True, slots=True)
class Room:
    """One bed as a tile. priority: of its worst open alarm, unknown where a device is silent.

    is_watched: whether its alarms are open to the reader; where they are not, calm says nothing.
    called_at: when its newest open alarm was raised. who: the name, masked, for a wall that
    anybody may look at; the bed's number where it is not open. reasons: what to mind here, the
    gravest first.
    """

    bed: HomeBed
    person: PersonView | None
    who: str
    age: int | None
    door: str
    level: str
    priority: str
    alarm_state: str
    say: str
    away: str
    night: Any
    looked: Round | None
    reasons: list[Reason] = field(default_factory=list)
    is_watched: bool = True
    called_at: datetime | None = None

    @property
    def is_quiet(self) -> bool:
        """Tell whether nothing calls for a look."""
        return not self.priority

    @property
    def can_wait(self) -> bool:
        """Tell whether somebody has the worst of what calls here, or it is back to normal."""
        return self.alarm_state != "unacknowledged"

    @property
    def is_due(self) -> bool:
        """Tell whether a round has still to come by: nobody looked since it last called."""
        if self.looked is None:
            return True
        return self.called_at is not None and self.called_at > self.looked.at

    @property
    def order(self) -> tuple[int, bool, int]:
        """Return by what a round goes: what calls now and nobody has, then what is to be minded."""
        rank = self.reasons[0].rank if self.reasons else 99
        return _RANK[self.priority], self.can_wait, rank

    def with_night(self, line: Bedside) -> Room:
        """Return the room with the line of its night; it says the bed where nothing calls."""
        say = self.say if self.priority or self.away else line.say
        return replace(self, night=None if self.away else line.picture, say=say)


def make_room(
    today: date,
    bed: HomeBed,
    person: PersonView | None,
    *,
    alarms: list[AlarmLine],
    away: str,
    silent: list[DeviceLine],
    night: Bedside | None,
    looked: Round | None,
    reasons: list[Reason],
    place: str,
    is_watched: bool,
) -> Room:
    """Return a bed as its tile says it."""
    priority, state, say = "", "", night.say if night else ""
    if alarms:
        worst = min(alarms, key=lambda one: _RANK[one.alarm.priority])
        priority, state, say = worst.alarm.priority, worst.alarm.state, worst.title
        if len(alarms) > 1:
            n = len(alarms) - 1
            say += ngettext(", and %(n)d more", ", and %(n)d more", n) % {"n": n}
    elif away:
        say = away
    elif silent:
        priority, state = "unknown", "unacknowledged"
        say = _("not known: %(device)s") % {"device": silence(silent[0])}
    return Room(
        bed=bed,
        person=person,
        who=masked_name(person.name) if person is not None and _named(person) else bed.number,
        age=person.age(today) if person is not None else None,
        door=door_of(bed, person, place),
        level=_level(person),
        priority=priority,
        alarm_state=state,
        say=say or (_("nothing to report") if is_watched else ""),
        away=away,
        night=None if away or night is None else night.picture,
        looked=looked,
        reasons=reasons,
        is_watched=is_watched,
        called_at=max((one.alarm.raised_at for one in alarms), default=None),
    )


def _named(person: PersonView) -> bool:
    return "identity" in person.fields


def door_of(bed: HomeBed, person: PersonView | None, place: str) -> str:
    """Return a home's door in short where the address is open, else the end of its number."""
    if person is None or "contact" not in person.fields:
        return bed.number[-4:]
    address = bed.home.address.removeprefix(place).strip()
    flat = _FLAT.match(address)
    if flat is not None:
        return "-".join(part for part in flat.groups() if part)
    return address or bed.number[-4:]


def _level(person: PersonView | None) -> str:
    """Return the ability level (GB/T 42195-2022) in as few words as a tile has room for."""
    if person is None or "health" not in person.fields or person.care_level is None:
        return ""
    return {
        CareLevel.INTACT: pgettext("ability on a tile", "able"),
        CareLevel.MILD: pgettext("ability on a tile", "mild"),
        CareLevel.MODERATE: pgettext("ability on a tile", "moderate"),
        CareLevel.SEVERE: pgettext("ability on a tile", "severe"),
        CareLevel.COMPLETE: pgettext("ability on a tile", "total"),
    }[CareLevel(person.care_level)]
