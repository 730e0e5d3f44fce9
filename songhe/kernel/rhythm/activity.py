"""What somebody does at home, minute by minute, in a home that the model has never seen.

For days that are over: what came after a minute helps to tell what it was. Model card:
docs/models/activity.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from songhe.kernel.rhythm.sensing import Fired
from songhe.kernel.rhythm.slices import Doubles, Floats, features
from songhe.kernel.signals.models import model
from songhe.kernel.time import MINUTE_US

ACTIVITIES = (
    "away", "toilet", "shower", "sleep", "breakfast", "meal", "snack", "leisure", "grooming",
    "other",
)  # fmt: skip
LONGEST_MINUTES = 900
# How much a minute's own evidence weighs against durations and what follows what.
EVIDENCE = 6.0
_LEAST = 1e-3
_NEVER = -1e9
_MIN_SPREAD = 0.6


class Habits(msgspec.Struct, frozen=True):
    """What people's activities have in common: log durations and what follows what.

    median_log and spread_log: of minutes, by activity. follows: log probabilities, rows are before.
    """

    median_log: tuple[float, ...]
    spread_log: tuple[float, ...]
    follows: tuple[tuple[float, ...], ...]

    def durations(self) -> Doubles:
        """Return log probabilities of lasting 0..LONGEST_MINUTES minutes, (activities, n)."""
        minutes = np.arange(1, LONGEST_MINUTES + 1)
        median = np.array(self.median_log)[:, None]
        spread = np.array(self.spread_log)[:, None]
        logs = np.log(minutes)[None, :]
        found = -0.5 * ((logs - median) / spread) ** 2 - np.log(spread) - logs
        return np.concatenate([np.full((len(median), 1), _NEVER), found], axis=1)


class Spell(msgspec.Struct, frozen=True):
    """One activity from when until when (epoch microseconds), and how sure, 0 to 1."""

    activity: str
    from_us: int
    until_us: int
    certainty: float


def fit_habits(days: Sequence[NDArray[np.int64]]) -> Habits:
    """Learn durations and order from labelled minutes (negative: not known)."""
    count = len(ACTIVITIES)
    lasting: list[list[float]] = [[] for _ in range(count)]
    follows = np.full((count, count), 0.5)
    for labels in days:
        ends = np.flatnonzero(labels[1:] != labels[:-1])
        bounds = np.concatenate([[0], ends + 1, [len(labels)]])
        for begin, end in pairwise(bounds):
            if labels[begin] >= 0:
                lasting[labels[begin]].append(float(np.log(end - begin)))
        for at in ends:
            if labels[at] >= 0 and labels[at + 1] >= 0:
                follows[labels[at], labels[at + 1]] += 1
    np.fill_diagonal(follows, 1e-9)
    follows = np.log(follows / follows.sum(axis=1, keepdims=True))
    usual = [float(np.log(minutes)) for minutes in (3, 10, 30)]
    logs = [np.array(own if len(own) >= 3 else own + usual) for own in lasting]
    medians = [float(np.median(own)) for own in logs]
    spreads = [
        max(float(1.4826 * np.median(np.abs(own - median))), _MIN_SPREAD)
        for own, median in zip(logs, medians, strict=True)
    ]
    return Habits(
        tuple(round(x, 4) for x in medians),
        tuple(round(x, 4) for x in spreads),
        tuple(tuple(round(float(x), 4) for x in row) for row in follows),
    )


def decode(shares: Floats | Doubles, habits: Habits) -> NDArray[np.int64]:
    """Return the likeliest activity of each minute when each lasts as activities last.

    shares: (minutes, activities), each row a minute's own evidence summing to 1. The Viterbi
    algorithm of a hidden semi-Markov model (Yu, Hidden semi-Markov models, 2010).
    """
    own = np.log(np.asarray(shares, dtype=float) + _LEAST) * EVIDENCE
    total, kinds = own.shape
    lasting, follows = habits.durations(), np.array(habits.follows)
    summed = np.concatenate([np.zeros((1, kinds)), np.cumsum(own, axis=0)])
    begin = np.full((total + 1, kinds), _NEVER)
    begin[0] = 0.0
    since = np.zeros((total + 1, kinds), dtype=np.int64)
    before = np.zeros((total + 1, kinds), dtype=np.int64)
    which = np.arange(kinds)
    best = np.zeros(kinds)
    for end in range(1, total + 1):
        low = max(0, end - LONGEST_MINUTES)
        options = begin[low:end] + lasting[:, end - low : 0 : -1].T
        chosen = options.argmax(axis=0)
        best = options[chosen, which] + summed[end]
        since[end] = low + chosen
        entered = best[:, None] + follows
        before[end] = entered.argmax(axis=0)
        begin[end] = entered.max(axis=0) - summed[end]
    found = np.zeros(total, dtype=np.int64)
    end, kind = total, int(best.argmax())
    while end > 0:
        start = int(since[end, kind])
        found[start:end] = kind
        end, kind = start, int(before[start, kind])
    return found


@cache
def shipped() -> Habits:
    """Return the habits that ship with the weights."""
    content = (files("songhe.kernel") / "data/models/activity.json").read_bytes()
    return msgspec.json.decode(content, type=Habits)


def judged(
    events: Sequence[Fired],
    start_us: int,
    count: int,
    zone_minutes: int = 0,
    judge: Callable[[Floats], Floats | Doubles] | None = None,
    habits: Habits | None = None,
) -> tuple[NDArray[np.int64], Doubles]:
    """Return the activity of each of `count` minutes from start_us, and each one's share.

    Shares are (count, activities), each row summing to 1. zone_minutes: what local time is ahead
    of UTC. judge and habits: those that ship if not given.
    """
    rows = features(events, start_us, count, zone_minutes)
    shares = np.asarray((judge or model("activity"))(rows), dtype=float)
    return decode(shares, habits or shipped()), shares


def recognise(
    events: Sequence[Fired],
    start_us: int,
    count: int,
    zone_minutes: int = 0,
    judge: Callable[[Floats], Floats | Doubles] | None = None,
    habits: Habits | None = None,
) -> tuple[NDArray[np.int64], Doubles]:
    """Return the activity of each of `count` minutes from start_us, and its certainty.

    As `judged`, with the share of what was found alone.
    """
    found, shares = judged(events, start_us, count, zone_minutes, judge, habits)
    return found, shares[np.arange(count), found]


def spells(found: NDArray[np.int64], certainty: Doubles, start_us: int) -> list[Spell]:
    """Return minutes as spells of one activity."""
    bounds = np.concatenate([[0], np.flatnonzero(found[1:] != found[:-1]) + 1, [len(found)]])
    return [
        Spell(
            ACTIVITIES[found[begin]],
            start_us + int(begin) * MINUTE_US,
            start_us + int(end) * MINUTE_US,
            round(float(certainty[begin:end].mean()), 2),
        )
        for begin, end in pairwise(bounds)
    ]
