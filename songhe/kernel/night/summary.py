"""What a night was like, from bed, heart rate, breathing and activity, and what is unknown.

Pure: readings in, a summary out. Figures of one person are held against that person's own nights,
never against other people's.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import msgspec
import numpy as np

from songhe.kernel import codes
from songhe.kernel.night.epochs import EPOCH_S
from songhe.kernel.night.sleep import Epoch
from songhe.kernel.time import MINUTE_US
from songhe.kernel.wire import Reading

# Engineering choices [E]: what counts as one night, as an exit, as enough to speak of.
APART_MIN = 120.0
FLICKER_MIN = 1.0
SHORTEST_MIN = 20.0
READINGS_FOR_A_BAND = 10
EPOCHS_KNOWN_SHARE = 0.7
NIGHTS_FOR_A_USUAL = 7
# Activity counts that are a turn in bed; epochs in a row are one stir.
STIR_COUNTS = 5.0
# A usual range is never narrower than this on either side, in the unit of the value.
LEAST_SPREAD = {"heart": 3.0, "breathing": 1.5, "restless": 1.0, "asleep": 30.0, "exits": 1.0}
_SPREADS = 2.0
_MAD_TO_SD = 1.4826

Against = Literal["new", "usual", "higher", "lower"]
Span = tuple[int, int]


class Exit(msgspec.Struct, frozen=True):
    """One getting-up in the night and the return to bed, epoch microseconds."""

    left_us: int
    back_us: int

    @property
    def minutes(self) -> float:
        """Return how long the bed was empty."""
        return (self.back_us - self.left_us) / MINUTE_US


class Band(msgspec.Struct, frozen=True):
    """Where a value lay while in bed: the 5th, 50th and 95th percentile of its readings."""

    low: float
    middle: float
    high: float
    readings: int


class NightSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One night between two instants (epoch microseconds). None is not known, never zero.

    bed: whether the bed said anything. bed_us: when the night in bed began; up_us: its end, None
    while still in bed. bed_sure: the beginning was seen. asleep_from: what told the sleep, the
    watch's epochs or the device's own total. stirs_per_h: turns by activity counts while in bed.
    """

    since_us: int
    until_us: int
    bed: bool = False
    bed_us: int | None = None
    bed_sure: bool = True
    up_us: int | None = None
    asleep_min: float | None = None
    asleep_from: Literal["", "epochs", "device"] = ""
    exits: tuple[Exit, ...] = ()
    stirs_per_h: float | None = None
    heart: Band | None = None
    breathing: Band | None = None

    @property
    def in_bed_min(self) -> float | None:
        """Return minutes from going to bed until getting up, exits taken off."""
        if self.bed_us is None:
            return None
        end_us = self.until_us if self.up_us is None else self.up_us
        return (end_us - self.bed_us) / MINUTE_US - sum(e.minutes for e in self.exits)


class Usual(msgspec.Struct, frozen=True):
    """The range of a person's own nights, and from how many of them."""

    low: float
    high: float
    nights: int

    def against(self, value: float) -> Against:
        """Say how a value lies to the range; "new" while there are too few nights."""
        if self.nights < NIGHTS_FOR_A_USUAL:
            return "new"
        if value > self.high:
            return "higher"
        return "lower" if value < self.low else "usual"


def summarise(
    readings: Sequence[Reading], since_us: int, until_us: int, epochs: Sequence[Epoch] = ()
) -> NightSummary:
    """Return the summary of a night from readings in the order of time.

    Readings before since_us only tell whether the bed was occupied then. epochs: what a watch's
    night was judged to be (songhe.kernel.night.sleep), if there was one.
    """
    spans, sure = _occupied(readings, since_us, until_us)
    night = _night(spans)
    known = bool(spans) or _bed_spoke(readings, until_us)
    if not night:
        return NightSummary(since_us=since_us, until_us=until_us, bed=known)
    still = night[-1][1] >= until_us
    exits = tuple(Exit(a[1], b[0]) for a, b in pairwise(night))
    asleep_min, told_by = _asleep(readings, epochs, (night[0][0], night[-1][1]))
    return NightSummary(
        since_us=since_us,
        until_us=until_us,
        bed=True,
        bed_us=night[0][0],
        bed_sure=sure or night[0][0] > since_us,
        up_us=None if still else night[-1][1],
        asleep_min=asleep_min,
        asleep_from=told_by,
        exits=exits,
        stirs_per_h=_stirs(readings, night),
        heart=_band(readings, "heart-rate", night),
        breathing=_band(readings, "respiration", night),
    )


def usual(name: str, nights: Sequence[NightSummary]) -> Usual | None:
    """Return the usual range of heart, breathing, restless, asleep or exits over earlier nights.

    Median and two robust deviations, so that single odd nights do not widen it. None when no night
    told it.
    """
    known = [value for night in nights if (value := value_of(name, night)) is not None]
    if not known:
        return None
    middle = float(np.median(known))
    deviation = float(np.median(np.abs(np.array(known) - middle))) * _MAD_TO_SD
    spread = max(_SPREADS * deviation, LEAST_SPREAD[name])
    return Usual(middle - spread, middle + spread, len(known))


def value_of(name: str, night: NightSummary) -> float | None:
    """Return the one figure of a night by its name, None when not known."""
    if name in ("heart", "breathing"):
        band: Band | None = getattr(night, name)
        return None if band is None else band.middle
    if name == "restless":
        return night.stirs_per_h
    if name == "exits":
        return float(len(night.exits)) if night.bed_us is not None else None
    return night.asleep_min


def _bed_spoke(readings: Sequence[Reading], until_us: int) -> bool:
    code = codes.by_key("bed").number
    return any(code in r.codes and r.effective_us < until_us for r in readings)


def _occupied(readings: Sequence[Reading], since_us: int, until_us: int) -> tuple[list[Span], bool]:
    """Return when any bed device felt somebody, and whether the state at the beginning was known.

    A first word of "empty" inside the night tells that somebody was in bed before it, unseen.
    """
    code = codes.by_key("bed").number
    inside: set[object] = set()
    spans: list[Span] = []
    began_us: int | None = None
    sure = False
    for reading in readings:
        at_us = reading.effective_us
        if code not in reading.codes or at_us >= until_us:
            continue
        sure = sure or at_us <= since_us
        before = bool(inside)
        if reading.values[reading.codes.index(code)] >= 0.5:
            inside.add(reading.device)
        else:
            inside.discard(reading.device)
        if inside and not before:
            began_us = max(at_us, since_us)
        elif before and not inside and began_us is not None:
            if at_us > since_us:
                spans.append((began_us, at_us))
            began_us = None
    if began_us is not None:
        spans.append((began_us, until_us))
    return spans, sure


def _night(spans: Sequence[Span]) -> list[Span]:
    """Return the longest chain of times in bed that belong together, flickers closed.

    Times closer than APART_MIN are one night; a sit on the edge in the evening is none of it.
    """
    chains: list[list[Span]] = []
    for begin, end in spans:
        if chains and begin - chains[-1][-1][1] < FLICKER_MIN * MINUTE_US:
            chains[-1][-1] = (chains[-1][-1][0], end)
        elif chains and begin - chains[-1][-1][1] < APART_MIN * MINUTE_US:
            chains[-1].append((begin, end))
        else:
            chains.append([(begin, end)])
    best = max(chains, key=_length_us, default=[])
    return best if _length_us(best) >= SHORTEST_MIN * MINUTE_US else []


def _length_us(chain: Sequence[Span]) -> int:
    return sum(end - begin for begin, end in chain)


def _values(readings: Sequence[Reading], key: str, spans: Sequence[Span]) -> list[float]:
    code = codes.by_key(key).number
    return [
        reading.values[reading.codes.index(code)]
        for reading in readings
        if code in reading.codes
        and any(begin <= reading.effective_us < end for begin, end in spans)
    ]


def _band(readings: Sequence[Reading], key: str, spans: Sequence[Span]) -> Band | None:
    values = _values(readings, key, spans)
    if len(values) < READINGS_FOR_A_BAND:
        return None
    low, middle, high = (float(x) for x in np.percentile(values, (5, 50, 95)))
    return Band(low, middle, high, len(values))


def _stirs(readings: Sequence[Reading], spans: Sequence[Span]) -> float | None:
    counts = np.array(_values(readings, "activity-counts", spans))
    hours = len(counts) * EPOCH_S / 3600
    if hours * 3600 * 1_000_000 < EPOCHS_KNOWN_SHARE * _length_us(spans):
        return None
    moved = counts > STIR_COUNTS
    begins = int(moved[0]) + int((moved[1:] & ~moved[:-1]).sum())
    return begins / hours


def _asleep(
    readings: Sequence[Reading], epochs: Sequence[Epoch], span: Span
) -> tuple[float | None, Literal["", "epochs", "device"]]:
    known = [epoch for epoch in epochs if span[0] <= epoch.at_us < span[1]]
    if len(known) * EPOCH_S * 1_000_000 >= EPOCHS_KNOWN_SHARE * (span[1] - span[0]):
        return sum(not epoch.awake for epoch in known) * EPOCH_S / 60, "epochs"
    code = codes.by_key("sleep").number
    told = [
        reading.values[reading.codes.index(code)]
        for reading in readings
        if code in reading.codes and reading.effective_us > span[0]
    ]
    return (told[-1], "device") if told else (None, "")
