"""One day of a home in numbers: getting up, bed, night, meals, outings, visits, half hours."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date, timedelta
from datetime import datetime as moment
from datetime import time as clock
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from songhe.kernel.rhythm.sensing import Fired
from songhe.kernel.time import DAY_US, HOUR_US, MINUTE_US, to_us

HALVES = 48
# Somebody who shows herself no later than this after the front door moved is taken to have left.
SETTLE_US = 2 * MINUTE_US
# Shorter absences are a look into the letter box.
OUT_US = 10 * MINUTE_US
# A night is at least this long a rest from the rooms of the day.
_NIGHT_US = 3 * HOUR_US
# Who is out of bed for longer is up.
_UP_AGAIN_US = 2 * HOUR_US
DAY_ROOMS = frozenset({"front", "seat", "living", "fridge", "heat", "crockery", "kitchen"})
BATH = frozenset({"flush", "toilet", "shower", "basin", "bathroom"})
_KITCHEN = frozenset({"fridge", "heat", "crockery", "kitchen"})
_TOGETHER_US = 10 * MINUTE_US
_MEAL_US = 20 * MINUTE_US
_SETTLE_IN_US = 20 * MINUTE_US
# Nobody lies for longer without the mat losing her once: it hangs.
LONGEST_BED_US = 12 * HOUR_US
# A mat that loses its sleeper for shorter has lost nobody.
_EMPTY_US = 3 * MINUTE_US
# A day on which she was out for longer than this is a day of absence.
_ABSENT_MINUTES = 20 * 60
_CELL_MINUTES = 5
# A home that is silent for longer was not heard, or something happened: no day to learn from.
_MUTE_MINUTES = 16 * 60.0
MEALS = {"breakfast": (4 * 60, 10 * 60 + 30), "lunch": (10 * 60 + 30, 14 * 60 + 30),
          "dinner": (16 * 60, 20 * 60 + 30)}  # fmt: skip


class Day(msgspec.Struct, frozen=True):
    """What was seen on one local day. Clock times are minutes after its midnight.

    values: by habit, only those that could be seen. active: minutes with a sign of life by half
    hour (48). quiet: by half hour the longest silence (minutes) that began in it, or went on when
    it began, while at home; -1 where unknown. kind: usual, away, guests or partial.
    """

    on: str
    values: dict[str, float]
    active: tuple[int, ...]
    quiet: tuple[float, ...]
    crossings: int = 0
    kind: str = "usual"

    @property
    def date(self) -> date:
        """Return the local day."""
        return date.fromisoformat(self.on)

    @property
    def weekend(self) -> bool:
        """Say whether it is a Saturday or Sunday."""
        return self.date.weekday() >= 5


class Stream:
    """Events as sorted edges. An edge is the beginning or the end of an event."""

    def __init__(self, events: Sequence[Fired], until_us: int) -> None:
        edges: list[tuple[int, Fired]] = []
        for event in events:
            edges.append((event.at_us, event))
            if event.until_us > event.at_us:
                edges.append((event.until_us, event))
        edges.sort(key=lambda edge: edge[0])
        self.edges = [edge for edge in edges if edge[0] <= until_us]
        self.times = [edge[0] for edge in self.edges]
        self.until_us = until_us
        self.outings = self._outings()

    def _outings(self) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        front_us = -DAY_US
        for place, (at_us, event) in enumerate(self.edges):
            if event.channel == "front":
                front_us = at_us
            last = place + 1 == len(self.edges)
            after_us = self.until_us if last else self.times[place + 1]
            if at_us - front_us <= SETTLE_US and after_us - at_us >= OUT_US:
                found.append((at_us, after_us))
        return found

    def is_out(self, at_us: int) -> bool:
        """Say whether an instant lies within an outing."""
        place = bisect_right(self.outings, (at_us, self.until_us + 1)) - 1
        return place >= 0 and self.outings[place][0] <= at_us < self.outings[place][1]

    def within(self, from_us: int, until_us: int) -> list[tuple[int, Fired]]:
        """Return the edges of [from_us, until_us)."""
        return self.edges[bisect_left(self.times, from_us) : bisect_left(self.times, until_us)]

    def out_minutes(self, from_us: int, until_us: int) -> float:
        """Return for how long she was out within a time."""
        return sum(
            max(0, min(end, until_us) - max(start, from_us)) for start, end in self.outings
        ) / MINUTE_US  # fmt: skip


def days_of(
    events: Sequence[Fired],
    zone: str,
    from_us: int,
    until_us: int,
    away: Sequence[tuple[int, int]] = (),
) -> list[Day]:
    """Return every local day that lies whole within [from_us, until_us).

    events: of one home, in order, with some of the day before. away: periods that were entered; a
    day that one of them touches for long is one of absence. Whether a day had guests is said later,
    against the other days (`habits.marked`).
    """
    stream = Stream(events, until_us)
    tz = ZoneInfo(zone)
    # The first day that begins no earlier than from_us.
    first = moment.fromtimestamp(from_us / 1e6, tz).date()
    found: list[Day] = []
    on = first if _midnight(first, tz) >= from_us else first + timedelta(days=1)
    while _midnight(on + timedelta(days=1), tz) <= until_us:
        start_us, end_us = _midnight(on, tz), _midnight(on + timedelta(days=1), tz)
        found.append(_day(stream, on, start_us, end_us, away))
        on += timedelta(days=1)
    return found


def day_so_far(
    events: Sequence[Fired], zone: str, at_us: int, away: Sequence[tuple[int, int]] = ()
) -> Day:
    """Return the local day that is under way at an instant, as far as it is."""
    tz = ZoneInfo(zone)
    on = moment.fromtimestamp(at_us / 1e6, tz).date()
    return _day(Stream(events, at_us), on, _midnight(on, tz), at_us, away)


def _midnight(on: date, tz: ZoneInfo) -> int:
    return to_us(moment.combine(on, clock(), tz))


def _day(
    stream: Stream, on: date, start_us: int, end_us: int, away: Sequence[tuple[int, int]]
) -> Day:
    seen = stream.within(start_us, end_us)
    values: dict[str, float] = {}
    night = _night(stream, start_us)
    if night is not None:
        _note_night(stream, night, start_us, values)
    _note_day(stream, seen, night, start_us, end_us, values)
    gone = sum(max(0, min(e, end_us) - max(s, start_us)) for s, e in away) / MINUTE_US
    quiet = _quiet(stream, start_us, end_us, away)
    kind = "usual"
    if values["out_minutes"] + gone > _ABSENT_MINUTES or gone > 4 * 60:
        kind = "away"
    elif not seen or max(quiet) > _MUTE_MINUTES or _begins(stream, seen, start_us):
        kind = "partial"
    return Day(
        on=on.isoformat(),
        values=values,
        active=_active(seen, start_us),
        quiet=quiet,
        crossings=_crossings(seen, start_us),
        kind=kind,
    )


def _begins(stream: Stream, seen: list[tuple[int, Fired]], start_us: int) -> bool:
    """Say whether sensors were put up, or heard again, only in the course of this day."""
    before = bisect_left(stream.times, start_us) - bisect_left(stream.times, start_us - DAY_US)
    return before == 0 and seen[0][0] - start_us > _NIGHT_US


def _night(stream: Stream, start_us: int) -> tuple[int, int] | None:
    """Return the night that ends on a day: the longest rest from the rooms of the day."""
    if (slept := _slept(stream, start_us)) is not None:
        return slept
    edges = stream.within(start_us - 6 * HOUR_US, start_us + 16 * HOUR_US)
    rooms = [edge for edge in edges if edge[1].channel in DAY_ROOMS]
    if len(rooms) < 4:
        rooms = [edge for edge in edges if edge[1].channel not in BATH]
    rests = [
        (after[0] - before[0], before[0], after[0])
        for before, after in pairwise(rooms)
        if after[0] - before[0] >= _NIGHT_US
        and before[0] < start_us + 7 * HOUR_US
        and after[0] > start_us + 2 * HOUR_US
        and not stream.is_out(before[0])
    ]
    return max(rests)[1:] if rests else None


def _slept(stream: Stream, start_us: int) -> tuple[int, int] | None:
    """Return the night as the bed tells it: the longest time in it, ups of two hours left in."""
    until_us = start_us + 16 * HOUR_US
    inside = stream.within(start_us - 6 * HOUR_US, until_us)
    spans = sorted({(e.at_us, e.until_us) for _, e in inside if e.channel == "bed"})
    chains: list[list[int]] = []
    for at_us, end_us in spans:
        lasted_us = end_us - at_us
        if not 0 < lasted_us <= LONGEST_BED_US or at_us >= start_us + 7 * HOUR_US:
            continue
        if chains and at_us - chains[-1][1] <= _UP_AGAIN_US:
            chains[-1][1] = max(chains[-1][1], end_us)
        else:
            chains.append([at_us, end_us])
    longest = max(chains, key=lambda chain: chain[1] - chain[0], default=None)
    if longest is None or longest[1] - longest[0] < _NIGHT_US:
        return None
    return longest[0], min(longest[1], until_us)


def _note_night(
    stream: Stream, night: tuple[int, int], start_us: int, values: dict[str, float]
) -> None:
    """Note bed time, getting up, when that was seen beyond the bedroom, and what lies between."""
    bed_us, up_us = night
    inside = stream.within(bed_us, up_us + 1)
    in_bed = [at_us for at_us, event in inside if event.channel == "bed"]
    if len(in_bed) >= 2:
        bed_us, up_us = in_bed[0], in_bed[-1]
        values["bed_exits"] = float(_exits(inside))
    values["bed"] = (bed_us - start_us) / MINUTE_US
    if up_us < stream.until_us:  # still in bed is not up
        values["up"] = (up_us - start_us) / MINUTE_US
        if (seen_us := _shown(stream, up_us - _SETTLE_IN_US, start_us + DAY_US)) is not None:
            values["seen_up"] = (seen_us - start_us) / MINUTE_US
    baths = [at_us for at_us, event in inside if event.channel in BATH]
    baths = [at for at in baths if bed_us + _SETTLE_IN_US < at < up_us - _SETTLE_IN_US]
    values["night_toilet"] = float(len(_clusters(baths, _TOGETHER_US)))


def _shown(stream: Stream, from_us: int, until_us: int) -> int | None:
    """Return when somebody first showed that she is up, as the rule not-up-yet sees it."""
    inside = stream.within(from_us, until_us)
    rooms = [at_us for at_us, event in inside if event.channel in DAY_ROOMS]
    if not rooms and not any(event.channel in DAY_ROOMS for _, event in stream.edges):
        rooms = [at for at, event in inside if event.channel not in BATH | {"bed"}]
    return rooms[0] if rooms else None


def _exits(inside: Sequence[tuple[int, Fired]]) -> int:
    """Return how often the bed was empty for minutes between two times in it."""
    spans = sorted({(e.at_us, e.until_us) for _, e in inside if e.channel == "bed"})
    count, until_us = 0, spans[0][1]
    for at_us, end_us in spans[1:]:
        count += at_us - until_us > _EMPTY_US
        until_us = max(until_us, end_us)
    return count


def _note_day(
    stream: Stream,
    seen: list[tuple[int, Fired]],
    night: tuple[int, int] | None,
    start_us: int,
    end_us: int,
    values: dict[str, float],
) -> None:
    up_us = night[1] if night is not None else start_us
    baths = [at for at, event in seen if event.channel in BATH and at >= up_us - _SETTLE_IN_US]
    values["toilet"] = float(len(_clusters(baths, _TOGETHER_US)))
    kitchen = [at for at, event in seen if event.channel in _KITCHEN]
    sessions = [cluster for cluster in _clusters(kitchen, _MEAL_US) if len(cluster) >= 2]
    values["kitchen"] = float(len(sessions))
    for meal, (since, until) in MEALS.items():
        begun = [(c[0] - start_us) / MINUTE_US for c in sessions]
        sized = [
            (len(c), -begin) for c, begin in zip(sessions, begun, strict=True)
            if since <= begin < until
        ]  # fmt: skip
        if sized:
            values[meal] = -max(sized)[1]
    outs = [o for o in stream.outings if start_us <= o[0] < end_us]
    values["outings"] = float(len(outs))
    values["out_minutes"] = stream.out_minutes(start_us, end_us)
    minutes = {(at_us - start_us) // MINUTE_US for at_us, _ in seen}
    values["active_minutes"] = float(len(minutes))


def _clusters(times: Sequence[int], apart_us: int) -> list[list[int]]:
    found: list[list[int]] = []
    for at_us in times:
        if found and at_us - found[-1][-1] <= apart_us:
            found[-1].append(at_us)
        else:
            found.append([at_us])
    return found


def _active(seen: list[tuple[int, Fired]], start_us: int) -> tuple[int, ...]:
    minutes = {int((at_us - start_us) // MINUTE_US) for at_us, _ in seen}
    halves = [0] * HALVES
    for minute in minutes:
        halves[min(minute // 30, HALVES - 1)] += 1
    return tuple(halves)


def _crossings(seen: list[tuple[int, Fired]], start_us: int) -> int:
    """Return the minutes in which three rooms and more showed life: more than one person walks."""
    rooms: dict[int, set[str]] = {}
    for at_us, event in seen:
        rooms.setdefault(int((at_us - start_us) // MINUTE_US), set()).add(event.where)
    return sum(1 for where in rooms.values() if len(where) >= 3)


def _quiet(
    stream: Stream, start_us: int, end_us: int, away: Sequence[tuple[int, int]]
) -> tuple[float, ...]:
    cells = -(-(end_us - start_us) // (_CELL_MINUTES * MINUTE_US))
    grid = start_us + np.arange(cells, dtype=np.int64) * (_CELL_MINUTES * MINUTE_US)
    times = np.array(stream.times, dtype=np.int64)
    place = np.searchsorted(times, grid, side="right")
    padded = np.append(times, 0)
    longest = np.where(place < len(times), padded[place] - grid, -1) / MINUTE_US
    # What was before the first sign of all, nobody knows.
    longest[grid < (stream.times[0] if stream.times else end_us)] = -1
    gone = [*stream.outings, *away]
    for since_us, until_us in gone:
        longest[(grid >= since_us) & (grid < until_us)] = -1
    # Nobody knows when a silence would have ended that she went out of, or was away at its end.
    for since_us, until_us in away:
        ends = grid + (longest * MINUTE_US).astype(np.int64)
        longest[(longest >= 0) & (grid < until_us) & (ends > since_us)] = -1
    first = int(np.searchsorted(times, start_us))
    last = int(np.searchsorted(times, end_us))
    for at in range(first, last):
        if at + 1 >= len(times) or stream.is_out(stream.times[at]):
            continue
        cell = int((times[at] - start_us) // (_CELL_MINUTES * MINUTE_US))
        gap = (times[at + 1] - times[at]) / MINUTE_US
        if not any(s < times[at + 1] and times[at] < e for s, e in away):
            longest[cell] = max(longest[cell], gap)
    per = 30 // _CELL_MINUTES
    halves = [longest[i * per : (i + 1) * per] for i in range(HALVES)]
    return tuple(round(float(half.max()), 1) if len(half) else -1.0 for half in halves)
