"""A county town for tests, demo and benchmarks: communities, a week of visits, workers.

Everything is made by rule from a seed; nobody in it exists. What kinds of visits there are, how
long they take and when they are wished are assumptions of ours (status E).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from songhe.engines.routing.problem import is_able
from songhe.engines.routing.terms import (
    DAY_MINUTES,
    Break,
    Instance,
    Period,
    Shift,
    Visit,
    Worker,
)
from songhe.kernel.geo import Point

# Hours of the day: three of five work the whole day, one the mornings, one the afternoons.
SHIFTS = ((7.5, 18.75), (7.5, 18.75), (7.5, 18.75), (7.5, 13.5), (12.5, 19.0))
CENTRE: Point = (30.6400, 119.6800)
_M_PER_DEGREE = 111_195.0


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of visit: minutes it takes, share of all, when in the day (hours), late at most."""

    name: str
    share: float
    minutes: tuple[int, ...]
    hours: tuple[tuple[float, float], ...]
    late: int
    skill: str = ""
    two_share: float = 0.0
    gender_share: float = 0.0
    free_day_share: float = 0.0


KINDS = (
    Kind("meal", 0.26, (20, 25, 30), ((10.75, 12.25), (16.75, 18.25)), 10, "meal"),
    Kind("bath", 0.16, (60, 75), ((8.5, 10.5), (14, 17)), 0, "bath", 0.12, 0.6),
    Kind("cleaning", 0.20, (60, 90), ((8.5, 11.5), (13.5, 17)), 20, "home", 0, 0, 0.5),
    Kind("mobility", 0.14, (40, 45, 60), ((8.5, 11), (14.5, 17)), 0, "rehab", 0, 0.2),
    Kind("escort", 0.08, (120, 150), ((7.75, 8.5), (13.25, 14)), 0, "escort", 0, 0.1, 0.3),
    Kind("company", 0.16, (45, 60), ((9, 11.5), (13.5, 17.5)), 30, "", 0, 0.1, 0.3),
)


def _near(random: Random, centre: Point, spread_m: float) -> Point:
    """Return a point about a centre, normal in both directions; rounded to about a metre."""
    north, east = random.gauss(0, spread_m), random.gauss(0, spread_m)
    lat = centre[0] + north / _M_PER_DEGREE
    lon = centre[1] + east / (_M_PER_DEGREE * math.cos(math.radians(centre[0])))
    return round(lat, 5), round(lon, 5)


def _workers(random: Random, count: int, communities: list[Point]) -> list[Worker]:
    found = []
    for number in range(count):
        skills = {"meal", "home"}
        gender = "male" if random.random() < 0.2 else "female"
        if number % 2 == 0:
            skills.add("bath")
        if number % 3 == 0:
            skills.add("rehab")
        if number % 4 == 1 or number % 6 == 2:
            skills.add("escort")
        off = {number % 7, (number + 3) % 7} if number % 5 else {5, 6}
        begin, end = SHIFTS[number % len(SHIFTS)]
        shifts = []
        for day in range(7):
            if day in off:
                continue
            start = day * DAY_MINUTES + int(begin * 60)
            noon = day * DAY_MINUTES + 11 * 60
            rest = Break(noon, noon + 180, 30)
            shifts.append(Shift(start, day * DAY_MINUTES + int(end * 60), (rest,)))
        busy = []
        if random.random() < 0.3:  # a training, a doctor's appointment
            day = random.choice([d for d in range(7) if d not in off])
            start = day * DAY_MINUTES + random.choice((9, 14, 15)) * 60
            busy.append((start, start + 90))
        found.append(
            Worker(
                id=f"w{number:02}",
                home=_near(random, random.choice(communities), 700),
                mode=("scooter", "scooter", "bicycle", "scooter", "car", "foot")[number % 6],
                shifts=tuple(shifts),
                skills=frozenset(skills),
                gender=gender,
                busy=tuple(busy),
                max_day_minutes=480,
                max_week_minutes=2400,
            )
        )
    return found


def _windows(random: Random, kind: Kind, days: list[int]) -> tuple[Period, ...]:
    """Return the agreed beginnings on each day: an hour, two hours or the whole half day."""
    first, last = random.choice(kind.hours)
    width = min(random.choice((1.0, 2.0, 4.0)), last - first)
    begin = first + random.random() * max(0.0, last - first - width)
    start = int(begin * 4) * 15
    end = min(start + int(width * 60), int(last * 60))
    return tuple((day * DAY_MINUTES + start, day * DAY_MINUTES + end) for day in days)


def _is_staffed(visit: Visit, staff: list[Worker]) -> bool:
    """Say whether three times as many as are needed work at that time: nobody agrees to less."""
    free = 0
    for worker in staff:
        if not is_able(visit, worker):
            continue
        free += any(
            shift.start + 45 <= start and end + visit.minutes + 45 <= shift.end
            for start, end in visit.windows
            for shift in worker.shifts
            if not any(a < end + visit.minutes and b > start for a, b in worker.busy)
        )
    return free >= 3 * visit.workers


def county_week(seed: int, *, visits: int = 400, workers: int = 30) -> Instance:
    """Return a week of visits in a county town with ten communities, the same for a seed."""
    random = Random(seed)  # noqa: S311 - a town made by rule
    communities = [_near(random, CENTRE, 2600) for _ in range(10)]
    staff = _workers(random, workers, communities)
    made: list[Visit] = []
    number = 0
    while len(made) < visits:
        kind = random.choices(KINDS, [one.share for one in KINDS])[0]
        person, place = f"p{number:03}", _near(random, random.choice(communities), 450)
        number += 1
        able = [one for one in staff if not kind.skill or kind.skill in one.skills]
        gender, is_must = "", False
        if random.random() < kind.gender_share:
            gender = "female" if random.random() < 0.7 else "male"
            has = sum(one.gender == gender for one in able)
            is_must = kind.name == "bath" and has >= 4 and random.random() < 0.5
        usual = [one for one in able if not is_must or one.gender == gender]
        usual.sort(key=lambda one: (one.home[0] - place[0]) ** 2 + (one.home[1] - place[1]) ** 2)
        known = frozenset(
            one.id for one in random.sample(usual[: len(usual) // 2 + 1], min(3, len(usual) // 2))
        )
        if random.random() < 0.25:
            known = frozenset()
        is_two = random.random() < kind.two_share
        often = random.choice((3, 5, 7) if kind.name == "meal" else (1, 1, 2, 3))
        week = random.sample(range(7) if kind.name == "meal" else range(6), min(often, 6))
        is_free = random.random() < kind.free_day_share
        shape = random.getrandbits(32)
        minutes = random.choice(kind.minutes)
        for day in sorted(week):
            if len(made) == visits:
                break
            days = sorted({day, (day + 1) % 6}) if is_free else [day]
            visit = Visit(
                id=f"v{len(made):03}",
                person=person,
                place=place,
                minutes=minutes,
                windows=_windows(Random(shape), kind, days),  # noqa: S311
                late_minutes=kind.late,
                skills=frozenset({kind.skill} if kind.skill else ()),
                workers=2 if is_two else 1,
                gender="" if is_two else gender,
                is_gender_must=is_must and not is_two,
                known=known,
                priority=2 if kind.name in {"bath", "meal", "escort"} else 1,
            )
            if _is_staffed(visit, staff):
                made.append(visit)
    return Instance(visits=tuple(made), workers=tuple(staff))
