"""What measuring devices say of a person: sessions at home, a band or a sensor all day."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from random import Random

from songhe.config.demo.model import County, Elder, Gadget
from songhe.config.simulate import said
from songhe.config.simulate.day import Stay, draw, illness, is_away
from songhe.config.simulate.home import at_us
from songhe.config.simulate.said import Said

MEALS = (420, 720, 1080)
# Steps of a quarter of an hour [E]: out (with rests and talks) and at home. An old person who goes
# out for an hour comes to some 3,000 a day.
STEPS_OUT, STEPS_HOME = (300, 110), 30
# Before this many days the doctor raised Grandma Chen's dose: her pressure comes down a little.
DOSE_RAISED_DAYS = 2


def place_at(stays: Sequence[Stay], minute: float) -> str:
    """Return where a person is at a minute of the day."""
    return next((stay.place for stay in stays if stay.start <= minute < stay.end), "bed")


def measured(
    county: County, midnight_us: int, gadget: Gadget, elder: Elder, day: int, stays: Sequence[Stay]
) -> Iterator[Said]:
    """Return what a measuring device says on a day; nothing when its person is elsewhere.

    A band is worn there too: its stays are the person's own (`day.spent`), not the home's.
    """
    rng = draw(county, gadget.type, gadget.index, day)
    ill = illness(county, elder, day)
    if gadget.type == "band":
        return _band(rng, midnight_us, gadget, elder, ill, stays)
    if is_away(county, elder, day):
        return iter(())
    if gadget.type == "cgm":
        return _cgm(rng, midnight_us, gadget, elder)
    if gadget.type == "ecg-patch":
        return _patch(rng, midnight_us, gadget, elder, stays)
    return _sessions(rng, county, midnight_us, gadget, elder, day, ill)


def _sessions(
    rng: Random,
    county: County,
    midnight_us: int,
    gadget: Gadget,
    elder: Elder,
    day: int,
    ill: float,
) -> Iterator[Said]:
    for minute in _minutes(rng, gadget.type, elder, ill):
        values = _values(rng, county, gadget.type, elder, day, minute, ill)
        yield said.readings(at_us(midnight_us, minute), gadget.index, *values)


def _minutes(rng: Random, kind: str, elder: Elder, ill: float) -> list[float]:
    """Return when a person measures on a day: who is careful often, who is ill more often."""
    care = elder.habits.measuring
    morning = elder.habits.wake_minute + rng.uniform(15, 70)
    share = {"bp-monitor": care, "glucose-meter": 0.75 * care, "oximeter": 0.6 * care}
    lungs = {"copd", "copd-hypercapnic", "heart-failure"} & elder.traits
    usual = share.get(kind, 0.4)
    if kind == "oximeter" and not lungs:
        usual = 0.2
    if kind == "thermometer":
        usual = 0.15 + 0.85 * min(1.0, 2 * ill)
    found = [morning] if rng.random() < usual else []
    if kind == "bp-monitor" and rng.random() < 0.6 * care:
        found.append(rng.uniform(1000, 1190))
    if kind == "oximeter" and rng.random() < 0.5 * usual:
        found.append(rng.uniform(1120, 1230))
    return found


def _values(
    rng: Random, county: County, kind: str, elder: Elder, day: int, minute: float, ill: float
) -> tuple[tuple[str, float], ...]:
    """Return one session's values, well inside what nobody need be told of."""
    body = elder.body
    heart = float(round(max(48, min(106, body.heart + 2 + 14 * ill + rng.gauss(0, 5)))))
    if kind == "bp-monitor":
        wave = 3 * math.sin(day / 4.3 + elder.index)
        if elder.index == 0 and county.made_on.toordinal() - day <= DOSE_RAISED_DAYS:
            wave -= 4
        morning = 2 if minute < 720 else -1
        sbp = max(96, min(164, body.sbp + wave + morning - 4 * ill + rng.gauss(0, 5)))
        dbp = max(62, min(96, body.dbp + wave / 2 + rng.gauss(0, 3)))
        sbp, dbp = round(max(sbp, dbp + 28)), round(dbp)
        return ("8480-6", float(sbp)), ("8462-4", float(dbp)), ("8867-4", heart)
    if kind == "glucose-meter":
        glucose = max(4.6, min(11.5, body.glucose + rng.gauss(0, 0.55) + ill))
        return (("14743-9", round(glucose, 1)),)
    if kind == "oximeter":
        spo2 = min(99, max(body.spo2 - 2, body.spo2 - 1.2 * ill + rng.gauss(0, 0.6)))
        return ("59408-5", float(round(spo2))), ("8867-4", heart)
    if kind == "thermometer":
        return (("8310-5", round(min(38.8, body.temperature + 1.9 * ill + rng.gauss(0, 0.1)), 1)),)
    drift = -0.045 * (day - county.made_on.toordinal() + 30) if elder.index == 0 else 0.0
    weight = round(body.weight + drift + rng.gauss(0, 0.25), 1)
    fat = 30 if elder.sex == "female" else 24
    return ("29463-7", weight), ("41982-0", round(fat + rng.gauss(0, 0.5), 1))


def _band(
    rng: Random,
    midnight_us: int,
    gadget: Gadget,
    elder: Elder,
    ill: float,
    stays: Sequence[Stay],
) -> Iterator[Said]:
    """Heart rate and steps every quarter hour, after waking how long the night's sleep was."""
    body, first = elder.body, stays[0].start
    slept = 0.0
    for stay in stays:
        if stay.place == "bed" and stay.end > 1320:
            slept += (stay.end - stay.start) * rng.uniform(0.82, 0.93)
    minute = first + rng.uniform(1, 15)
    end = stays[-1].end
    while minute < end:
        place = place_at(stays, minute)
        lift = {"bed": -7.0, "out": 16.0}.get(place, 2.0 + rng.random() * 6)
        heart = round(max(46, min(108, body.heart + lift + 12 * ill + rng.gauss(0, 3.5))))
        values: list[tuple[str, float]] = [("8867-4", float(heart))]
        if place != "bed":
            steps = rng.gauss(*STEPS_OUT) if place == "out" else rng.expovariate(1 / STEPS_HOME)
            values.append(("55423-8", float(max(0, round(steps)))))
        yield said.readings(at_us(midnight_us, minute), gadget.index, *values)
        minute += 15 * rng.uniform(0.98, 1.02)
    if slept:
        # At the end of its day, which is the morning on which its person got up.
        sleep = ("93832-4", float(round(slept)))
        yield said.readings(at_us(midnight_us, end + 6), gadget.index, sleep)


def _cgm(rng: Random, midnight_us: int, gadget: Gadget, elder: Elder) -> Iterator[Said]:
    """Glucose every five minutes: the fasting level and a hill after each meal."""
    base = max(5.2, elder.body.glucose - 0.3)
    hills = [(meal + rng.uniform(-15, 25), rng.uniform(1.2, 3.6)) for meal in MEALS]
    minute, wander = rng.uniform(0, 5), 0.0
    while minute < 1440:
        wander = 0.94 * wander + rng.gauss(0, 0.08)
        rise = sum(height * math.exp(-(((minute - meal - 55) / 42) ** 2)) for meal, height in hills)
        glucose = round(max(4.7, min(12.8, base + rise + wander)), 1)
        value = ("songhe:glucose-interstitial", glucose)
        yield said.readings(at_us(midnight_us, minute), gadget.index, value)
        minute += 5


def _patch(
    rng: Random, midnight_us: int, gadget: Gadget, elder: Elder, stays: Sequence[Stay]
) -> Iterator[Said]:
    """Heart rate every ten minutes from an electrode."""
    minute = rng.uniform(0, 10)
    while minute < 1440:
        lift = -6 if place_at(stays, minute) == "bed" else 4
        heart = round(max(46, min(108, elder.body.heart + lift + rng.gauss(0, 4))))
        yield said.readings(at_us(midnight_us, minute), gadget.index, ("8867-4", float(heart)))
        minute += 10
