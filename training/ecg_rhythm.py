"""Atrial rhythms that few records hold, put together from a person's own beats.

A person's sinus beats are laid out anew: sinus intervals, and atrial beats that come early, alone,
in pairs, every second beat or in runs, until they may be more than the sinus beats, then a pause.
An atrial beat has the person's QRS complex, and a P wave of another focus: upright, inverted, flat
or hidden in the T wave before it (as premature atrial beats look, any textbook).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_BEFORE_S, _AFTER_S = 0.28, 0.50
# The P wave ends about here before the peak of R.
_P_ENDS_S = 0.09
_NOISE_MV, _WANDER_MV = 0.015, 0.1
# Fewer ventricular beats of a person are not used.
_ENOUGH = 10


def intervals(
    draw: np.random.Generator, length_s: float, *, ventricular: bool
) -> tuple[Floats, list[str]]:
    """Return times of beats in seconds and their letters (N, A, V) of one invented person.

    The sinus rate breathes and drifts, so that a slowly faster rate is not taken for early beats.
    Stretches with atrial beats alternate with quiet ones and, where wanted, with ones where every
    second, third or fourth beat is ventricular, with a full pause after it.
    """
    sinus_s = draw.uniform(0.6, 1.4)
    sway, drift = draw.uniform(0.01, 0.08), draw.uniform(0.0, 0.2)
    early, pause = draw.uniform(0.5, 0.8), draw.uniform(0.95, 1.5)
    own = draw.uniform(0.05, 0.6)  # how often a sinus beat is followed by an atrial one
    on = draw.uniform(0.1, 0.85)  # how often an atrial beat is followed by another
    longest, every = int(draw.integers(1, 25)), int(draw.integers(2, 5))
    ahead = draw.uniform(0.5, 0.85)
    modes = ["N", "A", "A"] + ["V", "V"] * ventricular
    phase = draw.uniform(0, 6.3)
    at, run, count, until, mode = 1.0, 0, 0, 0.0, "N"
    times: list[float] = []
    letters: list[str] = []
    letter = "N"
    while at < length_s - 1:
        if at > until:
            mode, until = str(draw.choice(modes)), at + draw.uniform(15, 60)
        times.append(at)
        letters.append(letter)
        usual = sinus_s * (1 + sway * np.sin(phase + at / 4) + drift * np.sin(phase + at / 30))
        usual *= 1 + draw.normal(0, 0.012)
        count += 1
        step, before, letter = usual, letter, "N"
        if before == "V":
            step, count = usual * (2 - ahead), 1
        elif mode == "V" and not run and count >= every:
            step, letter = usual * ahead * (1 + draw.normal(0, 0.03)), "V"
        elif mode == "A" and draw.random() < (on if run else own) and run < longest:
            step, letter = usual * early * (1 + draw.normal(0, 0.03)), "A"
        elif run:
            step = usual * pause * (1 + draw.normal(0, 0.03))
        run = run + 1 if letter == "A" else 0
        at += max(step, 0.3)
    return np.array(times), letters


def invented(
    mv: Floats,
    rate_hz: float,
    peaks: NDArray[np.int64],
    ventricular: NDArray[np.int64],
    length_s: float,
    seed: int,
) -> tuple[Floats, tuple[tuple[int, str], ...]]:
    """Return a signal in mV with its beats (sample, letter), from a person's own sinus beats.

    peaks: samples of sinus beats in mv; ventricular: of such, none when there are few.
    """
    draw = np.random.default_rng(seed)
    before, after = round(_BEFORE_S * rate_hz), round(_AFTER_S * rate_hz)
    peaks, ventricular = (
        some[(some > before + 10) & (some < len(mv) - after - 10)] for some in (peaks, ventricular)
    )
    times, letters = intervals(draw, length_s, ventricular=len(ventricular) >= _ENOUGH)
    count = round(length_s * rate_hz)
    steps = draw.normal(0, 1, count // 180 + 2).cumsum()
    wander = np.interp(np.arange(count) / 180, np.arange(len(steps)), steps)
    signal = draw.normal(0, _NOISE_MV, count)
    signal += _WANDER_MV * (wander - wander.mean()) / (wander.std() + 1e-9)
    edge = np.hanning(2 * round(0.06 * rate_hz))
    fade = np.ones(before + after)
    half = len(edge) // 2
    fade[:half], fade[-half:] = edge[:half], edge[-half:]
    p_until = before - round(_P_ENDS_S * rate_hz)
    focus = draw.choice([1.0, 0.6, 0.0, -0.6, 1.3])
    shift = round(draw.uniform(-0.03, 0.04) * rate_hz)
    found: list[tuple[int, str]] = []
    for time_s, letter in zip(times, letters, strict=True):
        peak = int(draw.choice(ventricular if letter == "V" else peaks))
        beat = mv[peak - before : peak + after].copy()
        line = np.linspace(beat[:5].mean(), beat[-5:].mean(), len(beat))
        beat = (beat - line) * fade
        if letter == "A":
            wave = beat[:p_until] - np.linspace(beat[0], beat[p_until], p_until)
            beat[:p_until] += np.roll(wave, shift) * focus - wave
        place = round(float(time_s) * rate_hz)
        begin, end = max(0, place - before), min(count, place + after)
        signal[begin:end] += beat[begin - place + before : end - place + before]
        found.append((place, letter))
    return signal, tuple(found)
