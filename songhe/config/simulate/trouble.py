"""Troubles: what some devices say, and what others cease to say, when something happens.

Each trouble replaces a stretch of the usual life of a few devices (`mutes`) by messages of its own,
and ends by itself: it clears, somebody comes back, a battery is changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from songhe.config.demo.model import County, Elder, Gadget, Household
from songhe.config.simulate import said
from songhe.config.simulate.home import offset
from songhe.config.simulate.said import Said
from songhe.kernel.detectors.rules import spec
from songhe.kernel.time import HOUR_US, MINUTE_US, SECOND_US

BED_US = int(spec("bed-empty-night").params["minutes"] * MINUTE_US)


@dataclass(frozen=True, slots=True)
class Mute:
    """A device does not live its usual life in a half-open stretch of time."""

    gadget: int
    since_us: int
    until_us: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble: a word for the log, when it should be noticed, and its messages in order.

    is_silence: the muted devices have no connection either.
    """

    name: str
    at_us: int
    mutes: tuple[Mute, ...]
    said: tuple[Said, ...]
    is_silence: bool = False


def trouble(name: str, at_us: int, mutes: Iterable[Mute], messages: Iterable[Said]) -> Trouble:
    """Return a trouble with its messages in order."""
    return Trouble(name, at_us, tuple(mutes), tuple(sorted(messages, key=lambda one: one.at_us)))


def pressure(
    at_us: int, gadget: Gadget, values: list[tuple[float, float, float, float]]
) -> Trouble:
    """Measure pressure several times: (minutes after, systolic, diastolic, heart rate)."""
    messages = [
        said.readings(
            at_us + round(minutes * MINUTE_US),
            gadget.index,
            ("8480-6", sbp),
            ("8462-4", dbp),
            ("8867-4", heart),
        )
        for minutes, sbp, dbp, heart in values
    ]
    last = messages[-1].at_us
    mute = Mute(gadget.index, at_us - 5 * MINUTE_US, last + 30 * MINUTE_US)
    return trouble("pressure", at_us, [mute], messages)


def single(
    name: str, at_us: int, gadget: Gadget, code: str, values: list[tuple[float, float]]
) -> Trouble:
    """Measure one value several times: (minutes after, value)."""
    messages = [
        said.readings(at_us + round(minutes * MINUTE_US), gadget.index, (code, value))
        for minutes, value in values
    ]
    mute = Mute(gadget.index, at_us - 5 * MINUTE_US, messages[-1].at_us + 30 * MINUTE_US)
    return trouble(name, at_us, [mute], messages)


def hazard(at_us: int, gadget: Gadget, minutes: float) -> Trouble:
    """Report smoke, gas or water, again every minute for a while, and that it has gone."""
    name = "water-leak" if gadget.type == "water" else gadget.type
    times = [at_us + minute * MINUTE_US for minute in range(min(4, int(minutes)))]
    messages = [said.event(moment, gadget.index, name, 1) for moment in times]
    end = at_us + round(minutes * MINUTE_US)
    messages.append(said.event(end, gadget.index, name, 0))
    return trouble(name, at_us, [Mute(gadget.index, at_us, end)], messages)


def sos(at_us: int, gadget: Gadget) -> Trouble:
    """Press the button, and again because nobody has come yet."""
    messages = []
    for after_s in (0, 35):
        moment = at_us + after_s * SECOND_US
        messages.append(said.event(moment, gadget.index, "sos", 1))
        messages.append(said.event(moment + 3 * SECOND_US, gadget.index, "sos", 0))
    return trouble("sos", at_us, [], messages)


def fall(at_us: int, band: Gadget) -> Trouble:
    """Let a band feel a fall, with a fast heart afterwards."""
    messages = [said.event(at_us, band.index, "fall", 1)]
    for minute, heart in ((1, 112), (3, 108), (6, 101), (12, 92)):
        moment = at_us + minute * MINUTE_US
        messages.append(said.readings(moment, band.index, ("8867-4", float(heart))))
    messages.append(said.event(at_us + 15 * MINUTE_US, band.index, "fall", 0))
    mute = Mute(band.index, at_us, at_us + 16 * MINUTE_US)
    return trouble("fall", at_us, [mute], messages)


def fast_heart(rng: Random, at_us: int, band: Gadget) -> Trouble:
    """Beat fast for so long that it counts, then come down."""
    messages = []
    start = at_us - 10 * MINUTE_US
    for minute in range(0, 15, 2):
        heart = float(rng.randint(117, 125))
        messages.append(said.readings(start + minute * MINUTE_US, band.index, ("8867-4", heart)))
    for minute, heart in ((18, 103.0), (22, 94.0)):
        messages.append(said.readings(start + minute * MINUTE_US, band.index, ("8867-4", heart)))
    mute = Mute(band.index, start, start + 25 * MINUTE_US)
    return trouble("fast heart", at_us, [mute], messages)


def empty_bed(at_us: int, home: Household, mattress: Gadget, minutes_more: float) -> Trouble:
    """Get up at night, be heard in the bathroom once, and not come back until it is noticed."""
    left = at_us - BED_US
    end = at_us + round(minutes_more * MINUTE_US)
    index = mattress.index
    messages = [
        said.event(left - 2 * MINUTE_US, index, "bed", 1),
        said.event(left, index, "bed", 0),
        said.event(end, index, "bed", 1),
    ]
    for minute in range(5, int((end - left) / MINUTE_US), 5):
        moment = left + minute * MINUTE_US
        messages.append(said.readings(moment, index, ("songhe:bed", 0.0)))
    mutes = [Mute(index, left - 3 * MINUTE_US, end)]
    for gadget in home.gadgets:
        if gadget.type != "pir":
            continue
        mutes.append(Mute(gadget.index, left - 3 * MINUTE_US, end))
        if gadget.room is not None and home.rooms[gadget.room].kind == "bathroom":
            messages.append(said.event(left + 20 * SECOND_US, gadget.index, "motion", 1))
            messages.append(said.event(left + 150 * SECOND_US, gadget.index, "motion", 0))
    return trouble("empty bed", at_us, mutes, messages)


def night_door(at_us: int, home: Household, door: Gadget) -> Trouble:
    """Open the door at night, and be seen inside again a few minutes later."""
    messages = [
        said.event(at_us, door.index, "door", 1),
        said.event(at_us + 70 * SECOND_US, door.index, "door", 0),
    ]
    pir = next((gadget for gadget in home.gadgets if gadget.type == "pir"), None)
    if pir is not None:
        messages.append(said.event(at_us + 4 * MINUTE_US, pir.index, "motion", 1))
        messages.append(said.event(at_us + 6 * MINUTE_US, pir.index, "motion", 0))
    return trouble("door at night", at_us, [], messages)


def stray(rng: Random, at_us: int, home: Household, elder: Elder, tracker: Gadget) -> Trouble:
    """Walk out of the safe area, stay outside for a quarter of an hour, and be brought back."""
    fence = next(fact.data["fence"] for fact in elder.facts if "fence" in fact.data)
    radius = fence["radius_m"]
    lat, lon = fence["lat"], fence["lon"]
    north, east = rng.choice(((0.8, 0.6), (-0.6, 0.8), (-0.8, -0.6), (0.6, -0.8)))
    steps = [(-4, 0.6), (-2, 0.85), (-1, 1.3), (0, 1.42), (2, 1.5), (5, 1.55), (8, 1.55)]
    steps += [(12, 1.52), (16, 1.2), (18, 0.8), (20, 0.3), (23, 0.05)]
    messages = []
    for minute, part in steps:
        away = part * radius + rng.gauss(0, 5)
        there = offset(lat, lon, north * away, east * away)
        moment = at_us + minute * MINUTE_US
        messages.append(said.position(moment, tracker.index, *there, rng.uniform(6, 14)))
    mute = Mute(tracker.index, at_us - 5 * MINUTE_US, at_us + 25 * MINUTE_US)
    return trouble("left the safe area", at_us, [mute], messages)


def silence(
    at_us: int, gadgets: Iterable[Gadget], after_us: int, minutes_more: float, name: str = "silent"
) -> Trouble:
    """Let devices say nothing for so long that it is noticed at an instant, and speak again."""
    end = at_us + round(minutes_more * MINUTE_US)
    mutes = [Mute(gadget.index, at_us - after_us, end) for gadget in gadgets]
    return Trouble(name, at_us, tuple(mutes), (), is_silence=True)


def weak_battery(at_us: int, gadget: Gadget, level: float = 12.0) -> Trouble:
    """Report a battery that is nearly empty, and a new one some hours later."""
    end = at_us + 3 * HOUR_US
    messages = [
        said.status(at_us, gadget.index, level, -78.0),
        said.status(end, gadget.index, 100.0, -70.0),
    ]
    return trouble("weak battery", at_us, [Mute(gadget.index, at_us, end)], messages)


class Cast:
    """Finds devices for troubles; no household has two of them in one run of the script."""

    def __init__(self, county: County, rng: Random) -> None:
        self.county = county
        self.rng = rng
        self.used: set[int] = {0}
        self.elders = {elder.index: elder for elder in county.elders}
        by_type: dict[str, list[Gadget]] = {}
        for gadget in county.gadgets:
            by_type.setdefault(gadget.type, []).append(gadget)
        self._by_type = by_type

    def home(self, gadget: Gadget) -> Household:
        """Return the household in which a device stands."""
        return self.county.households[gadget.household]

    def elder(self, gadget: Gadget) -> Elder:
        """Return whose device it is, or the first person of its home."""
        if gadget.elder is not None:
            return self.elders[gadget.elder]
        return self.home(gadget).elders[0]

    def pick(
        self, kind: str, *, alone: bool = False, lacking: str = "", village: str = ""
    ) -> Gadget | None:
        """Draw a device of a type in a household not used yet; None when there is none."""
        fit = [
            gadget
            for gadget in self._by_type.get(kind, [])
            if gadget.household not in self.used
            and not self.home(gadget).is_institution
            and (not alone or len(self.home(gadget).elders) == 1)
            and (not lacking or lacking not in self.elder(gadget).traits)
            and (not village or self.home(gadget).community.code == village)
        ]
        if not fit:
            return None
        found = self.rng.choice(fit)
        self.used.add(found.household)
        return found
