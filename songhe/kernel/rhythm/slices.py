"""Minutes of a home as numbers that mean the same in any home."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from songhe.kernel.rhythm.sensing import CHANNELS, ROOMS, Fired
from songhe.kernel.time import MINUTE_US

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_GROUPS = ("entrance", "bedroom", "living", "bath", "kitchen")
# Minutes beyond which "how long ago" says no more.
_FAR_MINUTES = 720.0
_WINDOWS_MINUTES = (5, 15, 60)


def names() -> tuple[str, ...]:
    """Return what each column of `features` is."""
    per = ("on", "since", "until", "near")
    rooms = tuple(f"{group}_{kind}" for group in _GROUPS for kind in per)
    things = tuple(f"{channel}_{kind}" for channel in CHANNELS for kind in per)
    last = tuple(f"last_{channel}" for channel in CHANNELS)
    after = tuple(f"next_{channel}" for channel in CHANNELS)
    counts = tuple(f"events_{minutes}" for minutes in _WINDOWS_MINUTES)
    return (*things, *rooms, *last, *after, *counts, "quiet_before", "quiet_after", "quiet",
            "sin1", "cos1", "sin2", "cos2")  # fmt: skip


class Minutes:
    """A home's events as arrays: minutes since `start_us`, (n,) each, by channel."""

    def __init__(self, events: Sequence[Fired], start_us: int, count: int) -> None:
        self.start_us, self.count = start_us, count
        self.begins: dict[str, Doubles] = {}
        self.ends: dict[str, Doubles] = {}
        for channel in CHANNELS:
            own = [event for event in events if event.channel == channel]
            begin = np.array([(e.at_us - start_us) / MINUTE_US for e in own], dtype=float)
            end = np.array([(e.until_us - start_us) / MINUTE_US for e in own], dtype=float)
            order = np.argsort(begin, kind="stable")
            self.begins[channel], self.ends[channel] = begin[order], end[order]

    def on(self, channels: Sequence[str]) -> Doubles:
        """Return the share of each minute in which one of these channels was on, (count,)."""
        change = np.zeros(self.count + 2)
        part = np.zeros(self.count)
        for channel in channels:
            for begin, end in zip(self.begins[channel], self.ends[channel], strict=True):
                first, last = int(begin), int(end)
                if last < 0 or first >= self.count:
                    continue
                if first == last:
                    part[first] += max(end - begin, 0.1)
                    continue
                if first >= 0:
                    part[first] += first + 1 - begin
                if last < self.count:
                    part[last] += end - last
                change[max(first + 1, 0)] += 1
                change[max(min(last, self.count), 0)] -= 1
        return np.minimum(part + (np.cumsum(change)[: self.count] > 0), 1.0)

    def times(self, channels: Sequence[str]) -> Doubles:
        """Return the sorted instants (minutes) at which one of these channels began or ended."""
        parts = [self.begins[c] for c in channels]
        for c in channels:
            long = self.ends[c] > self.begins[c] + 0.5
            parts.append(self.ends[c][long])
        return np.sort(np.concatenate(parts)) if parts else np.zeros(0)


def features(events: Sequence[Fired], start_us: int, count: int, zone_minutes: int = 0) -> Floats:
    """Return float32 (count, len(names())): one row a minute from start_us on.

    start_us: the beginning of the first minute. zone_minutes: what local time is ahead of UTC.
    Rows look at what came before and after: they are for a day that is over.
    """
    home = Minutes(events, start_us, count)
    minute = np.arange(count, dtype=float)
    columns: list[Doubles] = []
    groups = [[c] for c in CHANNELS] + [[c for c in CHANNELS if ROOMS[c] == g] for g in _GROUPS]
    for group in groups:
        times = home.times(group)
        since, until = _since(times, minute), _until(times, minute)
        near = _within(times, minute, 10)
        columns += [home.on(group), np.exp(-since / 4), np.exp(-until / 4), np.log1p(near)]
    columns += _neighbours(home, minute)
    every = home.times(CHANNELS)
    columns += [np.log1p(_within(every, minute, width)) for width in _WINDOWS_MINUTES]
    before, after = _since(every, minute), _until(every, minute)
    columns += [np.log1p(before), np.log1p(after), np.log1p(before + after)]
    day = (start_us / MINUTE_US + zone_minutes + minute) / 1440 * 2 * np.pi
    columns += [np.sin(day), np.cos(day), np.sin(2 * day), np.cos(2 * day)]
    return np.stack(columns, axis=1).astype(np.float32)


def _since(times: Doubles, minute: Doubles) -> Doubles:
    at = np.searchsorted(times, minute + 1, side="left") - 1
    padded = np.concatenate([times, [-1e9]])
    return np.clip(minute - np.where(at >= 0, padded[at], -1e9), 0, _FAR_MINUTES)


def _until(times: Doubles, minute: Doubles) -> Doubles:
    at = np.searchsorted(times, minute, side="left")
    padded = np.concatenate([times, [1e9]])
    return np.clip(padded[np.minimum(at, len(times))] - minute, 0, _FAR_MINUTES)


def _within(times: Doubles, minute: Doubles, width: int) -> Doubles:
    high = np.searchsorted(times, minute + 1 + width / 2)
    return (high - np.searchsorted(times, minute - width / 2)).astype(float)


def _neighbours(home: Minutes, minute: Doubles) -> list[Doubles]:
    """Return which channel fired last before each minute's end, and which fires next after it."""
    times = np.concatenate([home.begins[c] for c in CHANNELS])
    which = np.concatenate([np.full(len(home.begins[c]), i) for i, c in enumerate(CHANNELS)])
    order = np.argsort(times, kind="stable")
    times, which = times[order], which[order]
    last = np.searchsorted(times, minute + 1, side="left") - 1
    following = np.searchsorted(times, minute + 1, side="left")
    padded = np.concatenate([which, [-1]])
    before = np.where(last >= 0, padded[last], -1)
    after = padded[np.minimum(following, len(times))]
    return [(before == i).astype(float) for i in range(len(CHANNELS))] + [
        (after == i).astype(float) for i in range(len(CHANNELS))
    ]
