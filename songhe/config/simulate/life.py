"""The county's messages in the order of time: what all devices say from one instant to another.

History and the present come from the same place: what was written at the making of the county and
what the simulator sends from then on are one stream, cut at an instant.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from operator import attrgetter

from songhe.config.demo.model import County, Elder, Gadget, Household
from songhe.config.simulate import body, home
from songhe.config.simulate.day import Stay, draw, illness, spent, stays
from songhe.config.simulate.said import Said
from songhe.kernel.time import DAY_US, business_day, day_bounds, from_us, to_us

MEASURING = frozenset(
    {"bp-monitor", "glucose-meter", "cgm", "oximeter", "thermometer", "scale", "band", "ecg-patch"}
)
WORN = frozenset({"band"})
QUIET = frozenset({"smoke", "gas", "water"})
Choose = Callable[[Gadget], bool]
_AT = attrgetter("at_us")


@dataclass(frozen=True, slots=True)
class Window:
    """What is wanted: half-open instants, and whether statuses are among it."""

    since_us: int
    until_us: int
    statuses: bool = True


def household_day(
    county: County,
    place: Household,
    day: date,
    zone: str,
    *,
    choose: Choose | None = None,
    with_statuses: bool = True,
) -> list[Said]:
    """Return what a household's devices say in the day that begins with getting up, in order."""
    midnight_us = to_us(day_bounds(day, zone)[0])
    ordinal = day.toordinal()
    of_elder = {elder.index: stays(county, place, elder, ordinal) for elder in place.elders}
    found: list[Said] = []
    for gadget in place.gadgets:
        if choose is not None and not choose(gadget):
            continue
        found += _gadget(county, place, gadget, ordinal, midnight_us, of_elder)
        if with_statuses:
            found += home.statuses(county, midnight_us, gadget, ordinal)
    found.sort(key=_AT)
    return found


def _gadget(
    county: County,
    place: Household,
    gadget: Gadget,
    day: int,
    midnight_us: int,
    of_elder: dict[int, list[Stay]],
) -> Iterator[Said]:
    elder: Elder = home.owner(place, gadget)
    own = of_elder[elder.index]
    if gadget.type in MEASURING:
        if gadget.type in WORN:
            own = spent(county, place, elder, day)
        return body.measured(county, midnight_us, gadget, elder, day, own)
    rng = draw(county, gadget.type, gadget.index, day)
    kind = place.rooms[gadget.room].kind if gadget.room is not None else ""
    match gadget.type:
        case "pir":
            return home.motion(rng, midnight_us, gadget, kind, of_elder.values())
        case "door-magnet":
            return home.door(rng, midnight_us, gadget, of_elder.values())
        case "sleep-mattress":
            ill = illness(county, elder, day)
            return home.bed(rng, midnight_us, gadget, elder.body, ill, own)
        case "tracker":
            return home.tracks(rng, midnight_us, gadget, place, own)
        case "item-sensor":
            return home.item(rng, midnight_us, gadget, of_elder.values())
        case kind if kind in QUIET:
            return home.quiet_check(county, midnight_us, gadget, day)
    return iter(())


def of_household(
    county: County, place: Household, window: Window, zone: str, *, choose: Choose | None = None
) -> Iterator[Said]:
    """Return a household's messages of a window in order, made day by day as they are wanted."""
    # A day reaches from getting up to the next getting up.
    day = business_day(from_us(window.since_us), zone) - timedelta(days=1)
    last = business_day(from_us(window.until_us), zone)
    waiting: list[Said] = []
    while day <= last:
        fresh = household_day(
            county, place, day, zone, choose=choose, with_statuses=window.statuses
        )
        day += timedelta(days=1)
        complete_us = to_us(day_bounds(day, zone)[0])
        merged = list(heapq.merge(waiting, fresh, key=_AT))
        # What comes before the next day's first message can be said now.
        cut = next((n for n, one in enumerate(merged) if one.at_us >= complete_us), len(merged))
        waiting = merged[cut:]
        for one in merged[:cut]:
            if window.since_us <= one.at_us < window.until_us:
                yield one
    for one in waiting:
        if window.since_us <= one.at_us < window.until_us:
            yield one


def of_county(
    county: County, since_us: int, zone: str, *, until_us: int | None = None
) -> Iterator[Said]:
    """Return the messages of all devices from an instant on, in order, without end by default."""
    window = Window(since_us, since_us + 3650 * DAY_US if until_us is None else until_us)
    streams = [of_household(county, place, window, zone) for place in county.households]
    return heapq.merge(*streams, key=_AT)
