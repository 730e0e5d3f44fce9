"""A lead's samples become one even trace: any rate in, 180 a second out, filtered, with candidates.

Everything is done in blocks of two seconds counted from the stream's first sample, so the cutting
into messages can change nothing. Filters are symmetric (they look ahead, and their look-ahead is
part of what a candidate needs to be known).
"""

from __future__ import annotations

from functools import cache

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d
from scipy.signal import firwin

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# The trace's own rate: the QRS complex lives below 40 Hz.
RATE_HZ = 180
BLOCK_S = 2
# Rates that devices may send; below, a QRS complex has too few samples to be told from a T wave.
LOWEST_HZ, HIGHEST_HZ = 100.0, 2000.0
_CUT_HZ = 40.0
_SMOOTH_S = 0.1  # length of the low pass
# QRS energy: Pan and Tompkins 1985 took 5 to 15 Hz; wider keeps narrow complexes apart from T.
_BAND = firwin(45, (6.0, 20.0), pass_zero=False, fs=RATE_HZ)
_ENERGY = np.hanning(21)[1:-1] / np.hanning(21)[1:-1].sum()
_BASE = np.hanning(183)[1:-1] / np.hanning(183)[1:-1].sum()
_HALF_BAND, _HALF_ENERGY, _HALF_BASE = len(_BAND) // 2, len(_ENERGY) // 2, len(_BASE) // 2
_APART = 21  # candidates are the highest within this many samples on either side
_KEPT = 14 * RATE_HZ  # of the trace, before the newest
_FLOOR_MV = 0.01  # no heart is seen below this


class Trace(msgspec.Struct, frozen=True):
    """What is kept of one unbroken stretch of signal.

    raw: samples not yet wholly used, mV at rate_hz, of which the first is number raw_from. The
    arrays at 180 Hz begin at number from_: level (low-passed), flat (baseline taken away), band and
    energy (of the QRS band, mV); each later one is shorter, as its filter needs samples ahead.
    """

    rate_hz: float
    raw: Floats
    raw_from: int
    from_: int
    level: Floats
    flat: Floats
    band: Floats
    energy: Floats
    peaks_to: int = 0


@cache
def _low_pass(rate_hz: float) -> Floats:
    half = max(2, round(_SMOOTH_S * rate_hz / 2))
    cut = min(_CUT_HZ, 0.45 * rate_hz)
    return np.asarray(firwin(2 * half + 1, cut, fs=rate_hz), dtype=float)


def fresh(rate_hz: float) -> Trace:
    """Return the trace of a stretch that begins."""
    none = np.zeros(0)
    return Trace(rate_hz, none, 0, 0, none, none, none, none)


def grown(trace: Trace, block: Floats) -> Trace:
    """Return a trace with one more block of samples (mV, without NaN)."""
    raw = np.concatenate((trace.raw, block))
    kernel = _low_pass(trace.rate_hz)
    half = len(kernel) // 2
    smooth: Floats = np.convolve(raw, kernel, "valid")  # its first is number raw_from + half
    first = trace.raw_from + half
    step = trace.rate_hz / RATE_HZ
    begin = trace.from_ + len(trace.level)
    if begin == 0:
        begin = int(np.ceil((first + 1) / step))
    until = int(np.floor((first + len(smooth) - 3) / step)) + 1
    places = np.arange(begin, max(until, begin)) * step
    level, flat, band, energy = trace.level, trace.flat, trace.band, trace.energy
    from_ = trace.from_ if len(level) else begin
    if len(places):
        new = _between(smooth, places - first)
        level = np.concatenate((level, new))
        flat = _filtered(level, flat, _BASE, _HALF_BASE, subtract=True)
        band = _filtered(level, band, _BAND, _HALF_BAND, subtract=False)
        energy = _energy(band, energy)
    used = max(0, int(until * step) - 2 - half - trace.raw_from)
    drop = max(0, len(energy) - _KEPT)
    return msgspec.structs.replace(
        trace,
        raw=raw[used:],
        raw_from=trace.raw_from + used,
        from_=from_ + drop,
        level=level[drop:],
        flat=flat[drop:],
        band=band[drop:],
        energy=energy[drop:],
    )


def _between(values: Floats, places: NDArray[np.floating]) -> Floats:
    """Cubic interpolation (Catmull and Rom 1974) at places counted in samples."""
    whole = np.floor(places).astype(np.int64)
    part = places - whole
    if not part.any():
        exact: Floats = values[whole]
        return exact
    a, b, c, d = values[whole - 1], values[whole], values[whole + 1], values[whole + 2]
    found: Floats = b + 0.5 * part * (
        c - a + part * (2 * a - 5 * b + 4 * c - d + part * (3 * (b - c) + d - a))
    )
    return found


def _filtered(level: Floats, done: Floats, kernel: Floats, half: int, *, subtract: bool) -> Floats:
    """Go on with a filter of the level; its first values are 0, as nothing was before."""
    if not len(done):
        done = np.zeros(half)
    begin = len(done)
    if len(level) - half <= begin:
        return done
    new = np.convolve(level[begin - half :], kernel, "valid")
    if subtract:
        new = level[begin : begin + len(new)] - new
    return np.concatenate((done, new))


def _energy(band: Floats, done: Floats) -> Floats:
    if not len(done):
        done = np.zeros(_HALF_ENERGY)
    begin = len(done)
    if len(band) - _HALF_ENERGY <= begin:
        return done
    part = band[begin - _HALF_ENERGY :]
    new = np.sqrt(np.maximum(np.convolve(part * part, _ENERGY, "valid"), 0))
    return np.concatenate((done, new))


def peaks(trace: Trace) -> tuple[Trace, Ints]:
    """Return candidates that became known: where the energy is highest all around, in numbers."""
    begin = max(trace.peaks_to, trace.from_ + _APART)
    until = trace.from_ + len(trace.energy) - _APART
    if until <= begin:
        return trace, np.zeros(0, dtype=np.int64)
    part = trace.energy[begin - _APART - trace.from_ : until + _APART - trace.from_]
    inner = part[_APART:-_APART]
    highest = maximum_filter1d(part, 2 * _APART + 1)[_APART:-_APART]
    found = np.flatnonzero((inner == highest) & (inner > _FLOOR_MV)) + begin
    return msgspec.structs.replace(trace, peaks_to=until), found


def cut(values: Floats, from_: int, places: Ints, before: int, after: int) -> Floats:
    """Return windows, (places, before + after + 1), of an array whose first is number from_.

    places: in order, at least one. What lies outside is the first or the last value.
    """
    index = (places - from_)[:, None] + np.arange(-before, after + 1)
    if places[0] - before < from_ or places[-1] + after >= from_ + len(values):
        index = np.minimum(np.maximum(index, 0), len(values) - 1)
    found: Floats = values[index]
    return found
