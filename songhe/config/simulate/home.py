"""What the sensors of a home say of its people's stays: motion, doors, beds, positions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from random import Random

from songhe.config.demo.model import Body, County, Elder, Gadget, Household
from songhe.config.simulate import said
from songhe.config.simulate.day import Stay, draw
from songhe.config.simulate.said import Said
from songhe.kernel.time import MINUTE_US, SECOND_US

PLACE_KINDS = {
    "bed": ("bedroom",),
    "bedroom": ("bedroom",),
    "living": ("living",),
    "kitchen": ("kitchen",),
    "bathroom": ("bathroom",),
    "balcony": ("balcony", "living"),
    "hall": ("hall",),
}
METRES_PER_DEGREE = 111_320.0
STATUS_MINUTES = {
    "home-gateway": 5,
    "bp-monitor": 480,
    "glucose-meter": 480,
    "oximeter": 480,
    "thermometer": 480,
    "scale": 480,
}
MAINS = frozenset({"gas", "home-gateway", "sleep-mattress"})


def at_us(midnight_us: int, minute: float) -> int:
    """Return the instant of a minute of the day, whole milliseconds."""
    return midnight_us + round(minute * 60_000) * 1_000


def offset(lat: float, lon: float, north_m: float, east_m: float) -> tuple[float, float]:
    """Return a position moved by metres."""
    east_deg = east_m / (METRES_PER_DEGREE * math.cos(math.radians(lat)))
    return lat + north_m / METRES_PER_DEGREE, lon + east_deg


def motion(
    rng: Random, midnight_us: int, gadget: Gadget, kind: str, days: Iterable[Sequence[Stay]]
) -> Iterator[Said]:
    """Say when somebody moves in a room and when it has become quiet."""
    for stays in days:
        for stay in stays:
            if stay.place == "bed" or kind not in PLACE_KINDS.get(stay.place, ()):
                continue
            minute = stay.start + rng.uniform(0.02, 0.2)
            while minute < stay.end:
                yield said.event(at_us(midnight_us, minute), gadget.index, "motion", 1)
                minute += rng.uniform(4, 9)
            quiet = at_us(midnight_us, stay.end) + 120 * SECOND_US
            yield said.event(quiet, gadget.index, "motion", 0)


def door(
    rng: Random, midnight_us: int, gadget: Gadget, days: Iterable[Sequence[Stay]]
) -> Iterator[Said]:
    """Say when the entrance opens and closes for somebody leaving or coming home."""
    for stays in days:
        for number, stay in enumerate(stays):
            if stay.place != "out":
                continue
            last = number == len(stays) - 1
            for minute in (stay.start,) if last else (stay.start, stay.end):
                opened = at_us(midnight_us, minute) + round(rng.uniform(0, 9e6))
                yield said.event(opened, gadget.index, "door", 1)
                closed = opened + round(rng.uniform(6e6, 25e6))
                yield said.event(closed, gadget.index, "door", 0)


def bed(
    rng: Random,
    midnight_us: int,
    gadget: Gadget,
    body: Body,
    ill: float,
    stays: Sequence[Stay],
    *,
    every_minutes: float = 5,
) -> Iterator[Said]:
    """Say when the bed is taken and left, and every few minutes who lies in it and how."""
    index = gadget.index
    for number, stay in enumerate(stays):
        taken = stay.place == "bed"
        before = stays[number - 1].place == "bed" if number else None
        if before != taken:
            yield said.event(at_us(midnight_us, stay.start), index, "bed", int(taken))
        minute = stay.start + rng.uniform(0.3, every_minutes)
        while minute < stay.end:
            values: tuple[tuple[str, float], ...] = (("songhe:bed", float(taken)),)
            if taken:
                heart = body.heart - 7 + 12 * ill + rng.gauss(0, 3)
                breath = body.respiration - 1 + 2 * ill + rng.gauss(0, 0.9)
                values = (
                    *values,
                    ("8867-4", float(round(max(47, min(104, heart))))),
                    ("9279-1", float(round(max(12, min(20, breath))))),
                )
            yield said.readings(at_us(midnight_us, minute), index, *values)
            minute += every_minutes * rng.uniform(0.98, 1.02)


def tracks(
    rng: Random, midnight_us: int, gadget: Gadget, home: Household, stays: Sequence[Stay]
) -> Iterator[Said]:
    """Say every five minutes where its bearer is: at home, or on a walk inside the safe area."""
    for stay in stays:
        bearing, reach = rng.uniform(0, math.tau), rng.uniform(80, 240)
        minute = stay.start + rng.uniform(0.5, 5)
        while minute < stay.end:
            lat, lon, accuracy = home.lat, home.lon, rng.uniform(18, 40)
            if stay.place == "out":
                part = (minute - stay.start) / (stay.end - stay.start)
                away = reach * math.sin(part * math.pi)
                accuracy = rng.uniform(5, 15)
                lat, lon = offset(lat, lon, away * math.cos(bearing), away * math.sin(bearing))
            lat, lon = offset(lat, lon, rng.gauss(0, 4), rng.gauss(0, 4))
            yield said.position(at_us(midnight_us, minute), gadget.index, lat, lon, accuracy)
            minute += 5 * rng.uniform(0.97, 1.03)


def item(
    rng: Random, midnight_us: int, gadget: Gadget, days: Iterable[Sequence[Stay]]
) -> Iterator[Said]:
    """Say when the kettle or the fridge is used while somebody is in the kitchen."""
    for stays in days:
        for stay in stays:
            if stay.place == "kitchen" and rng.random() < 0.7:
                used = at_us(midnight_us, rng.uniform(stay.start, stay.end))
                yield said.event(used, gadget.index, "item-use", 1)
                yield said.event(used + 40 * SECOND_US, gadget.index, "item-use", 0)


def battery(county: County, gadget: Gadget, day: int) -> float | None:
    """Return a device's battery on a day: it falls for months and is changed in good time."""
    if gadget.type in MAINS:
        return None
    life = 40 if gadget.type in {"band", "tracker", "ecg-patch"} else 400
    phase = draw(county, "battery", gadget.index, 0).randrange(life)
    return float(round(100 - 75 * ((day + phase) % life) / life))


def statuses(county: County, midnight_us: int, gadget: Gadget, day: int) -> Iterator[Said]:
    """Say how the device is: mostly every hour, a home gateway every five minutes."""
    rng = draw(county, "status", gadget.index, day)
    every_us = STATUS_MINUTES.get(gadget.type, 60) * MINUTE_US
    level = battery(county, gadget, day)
    moment = midnight_us + round(rng.random() * every_us)
    while moment < midnight_us + 1440 * MINUTE_US:
        yield said.status(moment, gadget.index, level, float(rng.randint(-84, -52)))
        moment += every_us


def quiet_check(county: County, midnight_us: int, gadget: Gadget, day: int) -> Iterator[Said]:
    """Say once a day that there is no smoke, gas or water: the self-test of such a sensor."""
    rng = draw(county, "check", gadget.index, day)
    name = "water-leak" if gadget.type == "water" else gadget.type
    yield said.event(at_us(midnight_us, rng.uniform(0, 1440)), gadget.index, name, 0)


def owner(home: Household, gadget: Gadget) -> Elder:
    """Return whose device it is: its person's, or the first one's of the home."""
    for elder in home.elders:
        if elder.index == gadget.elder:
            return elder
    return home.elders[0]
