"""One day at home as what somebody probably did: minutes named by a model, put together for people.

Nothing is learned here and no rule listens: it is for a page. Model card: docs/models/activity.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby, pairwise

import msgspec
import numpy as np

from songhe.kernel.rhythm.activity import ACTIVITIES, judged
from songhe.kernel.rhythm.days import MEALS
from songhe.kernel.rhythm.sensing import Fired
from songhe.kernel.time import HOUR_US, MINUTE_US

# What is told apart, in the order of its lanes. bath: where no sensor tells toilet from washing.
DOINGS = ("sleep", "toilet", "wash", "bath", "meal", "leisure", "out")
OTHER, UNKNOWN = "other", "unknown"
# The mean certainty of a stretch from which it is called likely (ours, status E); below, perhaps.
# A model that never saw the home is often wrong: the words never say more than likely.
LIKELY = 0.6
# Stretches of one kind that are no further apart are one; what is shorter is passing by.
_JOIN_US, _SHORTEST_US = 5 * MINUTE_US, 2 * MINUTE_US
# The night before belongs to what a morning was, and an evening goes on beyond midnight.
_AROUND_US = 6 * HOUR_US
# A motion sensor or door that was on for longer never said that it was off: it told twice.
_LONGEST_ON_US = HOUR_US
_RESTING = frozenset({"bed", "seat"})
_BEFORE_MIDNIGHT_MINUTES, _NIGHT_ENDS_MINUTES = 120, 360
_DOING = {
    "sleep": "sleep", "toilet": "toilet", "shower": "wash", "grooming": "wash",
    "breakfast": "meal", "meal": "meal", "snack": "meal", "leisure": "leisure", "away": "out",
    "other": OTHER,
}  # fmt: skip
_KITCHEN = frozenset({"fridge", "heat", "crockery", "kitchen"})
_NEEDS: dict[str, frozenset[str]] = {
    "sleep": frozenset({"bed", "bedroom"}),
    "toilet": frozenset({"flush", "toilet"}),
    "wash": frozenset({"shower", "basin"}),
    "bath": frozenset({"bathroom"}),
    "meal": _KITCHEN,
    "leisure": frozenset({"seat", "living"}),
    "out": frozenset({"front"}),
}


class Stretch(msgspec.Struct, frozen=True):
    """One thing from when until when (epoch microseconds), and how sure, 0 to 1."""

    doing: str
    from_us: int
    until_us: int
    certainty: float

    @property
    def is_likely(self) -> bool:
        """Say whether it is more than perhaps."""
        return self.certainty >= LIKELY


class Done(msgspec.Struct, frozen=True):
    """A day as it was probably spent.

    doings: what the sensors of this home can tell at all; stretches: in order, within the day, of
    those and of `unknown`, when nothing was heard. meals: breakfast, lunch, dinner, where seen.
    at_night: visits to the toilet, or the bathroom, from 22:00 of the evening before until 06:00;
    None where it is not known of the whole night.
    """

    doings: tuple[str, ...]
    stretches: tuple[Stretch, ...]
    meals: dict[str, Stretch]
    at_night: tuple[Stretch, ...] | None


def tellable(channels: Collection[str]) -> tuple[str, ...]:
    """Return what sensors of these channels can tell apart, in the order of DOINGS."""
    has = frozenset(channels)
    found = [doing for doing in DOINGS if _NEEDS[doing] & has]
    # One sensor for the whole bathroom does not tell what is done in it.
    apart = "toilet" in found or "wash" in found
    return tuple(doing for doing in found if doing != "bath" or not apart)


def done(
    events: Sequence[Fired],
    channels: Collection[str],
    midnight_us: int,
    end_us: int,
    until_us: int,
    zone_minutes: int,
    unknown: Sequence[tuple[int, int]] = (),
) -> Done:
    """Return what was probably done in [midnight_us, end_us), known until until_us.

    events: from six hours before it on, so that a night has its beginning. unknown: when nothing
    was heard of the home (half-open, microseconds); there nothing is suggested. What came after a
    minute helps to tell it, so that the last hour of a day that goes on may still change. Costs
    about 40 ms of a processor.
    """
    start_us = midnight_us - _AROUND_US
    last_us = min(end_us + _AROUND_US, until_us)
    count = (last_us - start_us) // MINUTE_US
    doings = tellable(channels)
    if not doings or count <= 0 or not events:
        return Done(doings, (), {}, None)
    found, shares = judged(list(_credible(events)), start_us, int(count), zone_minutes)
    named = [_kind(one, doings) for one in ACTIVITIES]
    kinds = [named[one] for one in found]
    # Whether it was breakfast or a snack is not asked: how sure it was a meal is.
    same = np.array([[a == b for b in named] for a in named], dtype=float)
    certainty = (shares * same[found]).sum(axis=1)
    for first_us, end in unknown:
        low = max(0, (first_us - start_us) // MINUTE_US)
        high = min(count, -((start_us - end) // MINUTE_US))
        kinds[low:high] = [UNKNOWN] * max(0, high - low)
    every = list(_together(_runs(kinds, certainty, start_us)))
    own = tuple(s for one in every if (s := _within(one, midnight_us, end_us)) is not None)
    meals = dict(_meals(own, midnight_us))
    return Done(doings, own, meals, _at_night(every, doings, midnight_us, until_us))


def _credible(events: Sequence[Fired]) -> Iterator[Fired]:
    for event in events:
        if event.channel in _RESTING or event.until_us - event.at_us <= _LONGEST_ON_US:
            yield event
        else:
            yield Fired(event.at_us, event.at_us, event.channel, event.room)
            yield Fired(event.until_us, event.until_us, event.channel, event.room)


def _kind(activity: str, doings: tuple[str, ...]) -> str:
    doing = _DOING[activity]
    if doing in ("toilet", "wash") and "bath" in doings:
        return "bath"
    return doing if doing in doings else OTHER


def _runs(
    kinds: Sequence[str], certainty: np.typing.NDArray[np.float64], start_us: int
) -> Iterator[Stretch]:
    place = 0
    for kind, group in groupby(kinds):
        end = place + len(list(group))
        sure = round(float(certainty[place:end].mean()), 2)
        yield Stretch(kind, start_us + place * MINUTE_US, start_us + end * MINUTE_US, sure)
        place = end


def _together(runs: Iterator[Stretch]) -> Iterator[Stretch]:
    """Yield what is told, in order: near ones of a kind as one, no passing by, nothing else."""
    open_: dict[str, Stretch] = {}
    found: list[Stretch] = []
    for run in runs:
        if run.doing == OTHER:
            continue
        before = open_.get(run.doing)
        if before is not None and _joins(before, run, found):
            found.remove(before)
            run = _one(before, run)
        open_[run.doing] = run
        found.append(run)
    shortest = {UNKNOWN: 0, "toilet": 0, "bath": 0}
    yield from sorted(
        (s for s in found if s.until_us - s.from_us >= shortest.get(s.doing, _SHORTEST_US)),
        key=lambda s: s.from_us,
    )


def _joins(before: Stretch, after: Stretch, found: Sequence[Stretch]) -> bool:
    """Say whether nothing but a short while of nothing told lies between."""
    between = any(before.until_us <= s.from_us < after.from_us for s in found)
    return not between and after.from_us - before.until_us <= _JOIN_US


def _one(first: Stretch, second: Stretch) -> Stretch:
    a, b = first.until_us - first.from_us, second.until_us - second.from_us
    sure = (first.certainty * a + second.certainty * b) / (a + b)
    return Stretch(first.doing, first.from_us, second.until_us, round(sure, 2))


def _within(one: Stretch, from_us: int, until_us: int) -> Stretch | None:
    begin, end = max(one.from_us, from_us), min(one.until_us, until_us)
    return Stretch(one.doing, begin, end, one.certainty) if begin < end else None


def _meals(stretches: Sequence[Stretch], midnight_us: int) -> Iterator[tuple[str, Stretch]]:
    """Yield for each meal the stretch in its hours that says most: how long and how sure."""
    for meal, (since, until) in MEALS.items():
        low, high = midnight_us + since * MINUTE_US, midnight_us + until * MINUTE_US
        own = [s for s in stretches if s.doing == "meal" and low <= s.from_us < high]
        if own:
            yield meal, max(own, key=lambda s: (s.until_us - s.from_us) * s.certainty)


def _at_night(
    stretches: Sequence[Stretch], doings: tuple[str, ...], midnight_us: int, until_us: int
) -> tuple[Stretch, ...] | None:
    begin = midnight_us - _BEFORE_MIDNIGHT_MINUTES * MINUTE_US
    end = midnight_us + _NIGHT_ENDS_MINUTES * MINUTE_US
    room = next((doing for doing in ("toilet", "bath") if doing in doings), None)
    blind = any(s.doing == UNKNOWN and s.from_us < end and s.until_us > begin for s in stretches)
    if room is None or blind or until_us < end:
        return None
    # Before she slept and after she got up it is no visit of the night.
    sleeps = [s for s in stretches if s.doing == "sleep" and s.from_us < end and s.until_us > begin]
    between = [(a.until_us, b.from_us) for a, b in pairwise(sleeps)]
    return tuple(
        s for s in stretches
        if s.doing == room and begin <= s.from_us < end
        and any(low <= s.from_us < high for low, high in between)
    )  # fmt: skip
