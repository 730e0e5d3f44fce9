"""A person's day as a list of stays: where, from when to when. Pure, the same for the same seed.

Minutes count from local midnight of the day; a day runs from getting up to the next getting up,
so that stays go beyond 1440 at night. Places are room kinds, `bed` (in bed) and `out`.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from songhe.config.demo.model import County, Elder, Household

# No night's getting-up ends as late as this, and nobody gets up for the day before: the rule of
# the empty bed watches until 6:00, and a usual morning must not look like trouble.
EARLIEST_WAKE = 342
# Whoever rests by day is up again by then: getting up after 22:00 would count as a night's.
LATEST_REST = 1300
SICK_DAYS = 5


@dataclass(frozen=True, slots=True)
class Stay:
    """Half-open, in minutes since local midnight."""

    start: float
    end: float
    place: str


def draw(county: County, what: str, who: int, day: int) -> Random:
    """Return the generator for one thing of one day; day is a date's ordinal."""
    return Random(f"{county.seed}:{what}:{who}:{day}")  # noqa: S311 - a simulation


def wake_minute(county: County, elder: Elder, day: int) -> float:
    """Return when a person gets up on a day."""
    usual = elder.habits.wake_minute
    return max(EARLIEST_WAKE, usual + draw(county, "wake", elder.index, day).gauss(0, 12))


def bed_minute(county: County, elder: Elder, day: int) -> float:
    """Return when a person goes to bed on a day."""
    usual = elder.habits.bed_minute
    return min(1380, usual + draw(county, "bed", elder.index, day).gauss(0, 18))


def illness(county: County, elder: Elder, day: int) -> float:
    """Return how ill a person is on a day: 0 well, up to 1, rising and fading over five days."""
    worst = 0.0
    for first in range(day - SICK_DAYS + 1, day + 1):
        if draw(county, "ill", elder.index, first).random() < 0.006:
            worst = max(worst, (0.4, 1.0, 0.8, 0.5, 0.2)[day - first])
    return worst


def is_away(county: County, elder: Elder, day: int) -> bool:
    """Tell whether a person spends the day elsewhere (at a child's)."""
    before = county.made_on.toordinal() - day
    return any(last <= before <= first for first, last in elder.habits.away)


def stays(county: County, home: Household, elder: Elder, day: int) -> list[Stay]:
    """Return a day's stays in order, without gaps, from getting up to the next getting up.

    As the home sees it: who spends the day elsewhere is out until the next getting up.
    """
    if is_away(county, elder, day):
        tomorrow = 1440 + wake_minute(county, elder, day + 1)
        return [Stay(wake_minute(county, elder, day), tomorrow, "out")]
    return spent(county, home, elder, day)


def spent(county: County, home: Household, elder: Elder, day: int) -> list[Stay]:
    """Return the day as its person spends it, at home or in rooms like those elsewhere.

    What is worn goes along: at a child's one sits, walks and sleeps as at home.
    """
    wake = wake_minute(county, elder, day)
    tomorrow = 1440 + wake_minute(county, elder, day + 1)
    rng = draw(county, "day", elder.index, day)
    night = _Night(rng, elder, bed_minute(county, elder, day), tomorrow)
    if elder.care_level >= 4:
        return [*_bedridden(rng, wake, night.bed), *night.stays(home)]
    ill = illness(county, elder, day)
    daytime = _Day(rng, home, elder, ill).stays(wake, night.bed)
    return [*daytime, *night.stays(home)]


def _bedridden(rng: Random, wake: float, bed: float) -> list[Stay]:
    """Return a day in bed with short times in a chair."""
    found, now = [], wake
    while now < bed:
        rest = min(bed, now + rng.uniform(100, 170))
        found.append(Stay(now, rest, "bed"))
        now = rest
        if now < bed:
            up = min(bed, now + rng.uniform(15, 40))
            found.append(Stay(now, up, "bedroom"))
            now = up
    return found


@dataclass(slots=True)
class _Night:
    rng: Random
    elder: Elder
    bed: float
    end: float

    def stays(self, home: Household) -> list[Stay]:
        """Return the night: in bed, up for the bathroom a few times, each under a quarter hour."""
        rng = self.rng
        rises = min(3, int(self.elder.habits.rises + rng.random()))
        if self.elder.care_level >= 4:
            rises = 0
        times = sorted(rng.uniform(self.bed + 50, self.end - 60) for _ in range(rises))
        found, now = [], self.bed
        where = "bathroom" if not home.is_institution else "hall"
        for at in times:
            if at < now + 25:
                continue
            found.append(Stay(now, at, "bed"))
            now = at + rng.uniform(4, 12)
            found.append(Stay(at, now, where))
        found.append(Stay(now, self.end, "bed"))
        return found


@dataclass(slots=True)
class _Day:
    rng: Random
    home: Household
    elder: Elder
    ill: float

    def stays(self, wake: float, bed: float) -> list[Stay]:
        """Return the hours out of bed: washing, meals, outings, a nap, sitting, moving about."""
        rng, found, now = self.rng, [], wake
        fixed = self._fixed(wake, bed)
        for start, length, place in [*fixed, (bed, 0.0, "")]:
            while now < start - 1:
                place_now, minutes = self._idle()
                end = min(start, now + minutes)
                if place_now == "bed" and end > LATEST_REST:
                    place_now = "living"
                found.append(Stay(now, end, place_now))
                now = end
            if length > 0 and now < bed:
                end = min(bed, max(now + 2, start + length))
                found.append(Stay(now, end, place))
                now = end
        if now < bed:
            found.append(Stay(now, bed, "bedroom" if rng.random() < 0.5 else "living"))
        return found

    def _fixed(self, wake: float, bed: float) -> list[tuple[float, float, str]]:
        rng, ill = self.rng, self.ill
        kitchen = "living" if self.home.is_institution else "kitchen"
        rows = [
            (wake, rng.uniform(8, 15), "bathroom"),
            (wake + rng.uniform(15, 35), rng.uniform(18, 35), kitchen),
            (rng.uniform(655, 700), rng.uniform(35, 75), kitchen),
            (rng.uniform(1020, 1065), rng.uniform(35, 65), kitchen),
            (bed - rng.uniform(18, 30), rng.uniform(8, 14), "bathroom"),
        ]
        well = 1 - 0.85 * ill
        outings = self.elder.habits.outings * well
        if rng.random() < outings * 0.75:
            rows.append((rng.uniform(510, 590), rng.uniform(30, 85), "out"))
        if rng.random() < outings * 0.5:
            rows.append((rng.uniform(900, 960), rng.uniform(25, 60), "out"))
        if rng.random() < outings * 0.12:
            rows.append((rng.uniform(1110, 1150), rng.uniform(20, 50), "out"))
        if rng.random() < 0.55 + 0.4 * ill:
            rows.append((rng.uniform(765, 795), rng.uniform(35, 75) * (1 + ill), "bed"))
        return sorted(rows)

    def _idle(self) -> tuple[str, float]:
        rng = self.rng
        if self.ill and rng.random() < 0.5 * self.ill:
            return "bed", rng.uniform(40, 90)
        place = rng.choices(
            ("living", "bedroom", "balcony", "bathroom", "kitchen"), (60, 12, 10, 9, 9)
        )[0]
        longest = {"living": 75, "bedroom": 35, "balcony": 25, "bathroom": 9, "kitchen": 15}[place]
        return place, rng.uniform(longest * 0.35, longest)
