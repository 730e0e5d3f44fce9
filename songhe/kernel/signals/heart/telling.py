"""The signs that the heart's detector gives, each with the strip and the figures of its reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from songhe.kernel.signals.detector import Phase, Sign
from songhe.kernel.signals.heart.rhythm import STEP_SHARE, Irregularity, Spell, held
from songhe.kernel.signals.heart.state import LETTERS, HeartState, V
from songhe.kernel.signals.heart.trace import RATE_HZ, Floats
from songhe.kernel.wire import Wave

# What the rules may set. Heart rates: reference 02 heart_rate_per_min, critical (NEWS2, V2); the
# margin is that of the heart-rate rules. A pause of 3 s: ACC/AHA/HRS 2018 bradycardia guideline
# (recalled, M). Three ventricular beats at 100 a minute: a run by the usual definition (M).
# Times to hold are ours [E]; how sure each beat of a run must be was chosen on ecg_mitdb (DS1).
DEFAULTS: Mapping[str, Any] = {
    "beats": False,
    "pause_s": 3.0,
    "heart-rate_le": 40,
    "heart-rate_ge": 131,
    "heart-rate_margin": 5,
    "hold_s": 15.0,
    "run_beats": 3,
    "run_per_min": 100,
    "run_sure": 0.65,
}
_STRIP_US = 10_000_000
# Rates are those of this many intervals together.
_RATE_OF = 8
_BAD_TO_BEGIN_S = 4.0
_GOOD_TO_END_S = 6.0
_FIBRILLATION_US = 30_000_000


def _given(params: Mapping[str, Any], name: str) -> Any:
    return params.get(name, DEFAULTS[name])


def _sign(
    state: HeartState,
    what: str,
    phase: Phase,
    at_us: int,
    certainty: float,
    *,
    strip_to_us: int = 0,
    **facts: Any,
) -> Sign:
    """Return a sign with its strip: ten seconds to strip_to_us, or from 3 s before at_us."""
    known_us = state.origin_us + round(state.taken * 1_000_000 / state.rate_hz)
    to_us = strip_to_us or min(at_us + _STRIP_US - 3_000_000, known_us)
    from_us = to_us - _STRIP_US
    known = state.beats
    shown = [
        (state.us(place), LETTERS[kind])
        for place, kind in zip(known.places[-60:].tolist(), known.kinds[-60:].tolist(), strict=True)
        if from_us <= state.us(place) < to_us
    ]
    evidence = tuple(s for s in state.starts if from_us - 1_000_000 < s < to_us)
    return Sign(
        what=what,
        phase=phase,
        at_us=at_us,
        known_us=known_us,
        certainty=round(float(certainty), 3),
        facts={**facts, "from_us": from_us, "to_us": to_us, "beats": shown},
        evidence_us=evidence,
    )


def closed(state: HeartState, at_us: int) -> list[Sign]:
    """End all that lasts, because the signal broke off: nothing is known of it any more."""
    if not state.rate_hz:
        return []
    told: list[Sign] = []
    for what, spell in (
        ("heart-unreadable", state.unreadable),
        ("heart-pause", state.pause),
        ("heart-slow", state.slow),
        ("heart-fast", state.fast),
        ("ventricular-run", state.run),
        ("fibrillation-suspected", state.fibrillation),
    ):
        if spell.on:
            end = _sign(state, what, "end", state.end_us, 0.0, lost=True)
            told.append(msgspec.structs.replace(end, known_us=at_us))
    return told


def refused(phase: Phase, wave: Wave) -> Sign:
    """Say that a device sends too few samples a second, or too many, and when it is over."""
    known_us = wave.at_us(1)
    facts = {"why": "rate", "rate_hz": wave.rate_hz, "from_us": wave.started_us, "to_us": known_us}
    return Sign(
        what="heart-unreadable",
        phase=phase,
        at_us=wave.started_us,
        known_us=known_us,
        certainty=1.0,
        facts={**facts, "beats": []},
        evidence_us=(wave.started_us,),
    )


def readable(state: HeartState, why: str) -> list[Sign]:
    """Say when the signal cannot be judged, and when it can again."""
    size_us = state.block * 1_000_000 / state.rate_hz
    from_us = state.origin_us + round((state.blocks - 1) * size_us)
    to_us = state.origin_us + round(state.blocks * size_us)
    # A spell counts from a block's end to the next one's.
    hold_s = _GOOD_TO_END_S if state.unreadable.on else _BAD_TO_BEGIN_S
    hold_us = round((hold_s - size_us / 1_000_000) * 1_000_000)
    spell, phase, since = held(
        state.unreadable, from_us, holds=bool(why), over=not why, hold_us=hold_us
    )
    state.unreadable = spell
    if phase == "begin":
        return [_sign(state, "heart-unreadable", "begin", since, 1.0, strip_to_us=to_us, why=why)]
    if phase == "end":
        return [_sign(state, "heart-unreadable", "end", since, 1.0, strip_to_us=to_us)]
    return []


def silence(state: HeartState, params: Mapping[str, Any]) -> list[Sign]:
    """Tell of pauses: while one lasts, and how long it was when the heart beats again."""
    known = state.beats
    told: list[Sign] = []
    shortest = float(_given(params, "pause_s"))
    begin = int(np.searchsorted(known.places, state.seen, side="right"))
    for at in range(max(begin, 1), len(known.places)):
        last, place = int(known.places[at - 1]), int(known.places[at])
        length = (place - last) / RATE_HZ
        state.seen = place
        long = length >= shortest and not known.broken[at] and not last < state.doubt < place
        if long and not state.pause.on:
            told.append(_pause(state, "begin", last, length))
        if long or state.pause.on:
            told.append(_pause(state, "end", place, length))
            state.pause = msgspec.structs.replace(state.pause, on=False)
    if not state.pause.on and len(known.places) and known.places[-1] > state.doubt:
        last = int(known.places[-1])
        length = (state.judged_to - last) / RATE_HZ
        size = state.block * RATE_HZ / state.rate_hz
        spoilt = any((number + 1) * size > last for number, _ in state.bad)
        if length >= shortest and not spoilt and not known.bad[-1]:
            told.append(_pause(state, "begin", last, length))
            state.pause = msgspec.structs.replace(state.pause, on=True)
    return told


def _pause(state: HeartState, phase: Phase, place: int, length: float) -> Sign:
    certainty = float(state.beats.chances[-1])
    return _sign(state, "heart-pause", phase, state.us(place), certainty, pause_s=round(length, 2))


def beats(
    state: HeartState,
    begin: int,
    until: int,
    rr_s: Floats,
    certain: Floats,
    params: Mapping[str, Any],
) -> list[Sign]:
    """Tell every beat with its class, when somebody asked for it."""
    if not _given(params, "beats"):
        return []
    known = state.beats
    known_us = state.origin_us + round(state.taken * 1_000_000 / state.rate_hz)
    return [
        Sign(
            what="beat",
            phase="note",
            at_us=state.us(int(known.places[at])),
            known_us=known_us,
            certainty=round(float(certain[at - begin]), 3),
            facts={
                "class": LETTERS[known.kinds[at]],
                "rr_ms": round(rr_s[at] * 1000) if rr_s[at] == rr_s[at] else None,
                "readable": not known.bad[at],
            },
        )
        for at in range(begin, until)
    ]


def rhythm(
    state: HeartState, begin: int, until: int, rr_s: Floats, params: Mapping[str, Any]
) -> list[Sign]:
    """Tell of slow and fast rates and of ventricular runs, beat by beat."""
    told: list[Sign] = []
    for at in range(begin, until):
        told += _rates(state, at, rr_s, params)
        told += _run(state, at, rr_s, params)
    return told


def _rates(state: HeartState, at: int, rr_s: Floats, params: Mapping[str, Any]) -> list[Sign]:
    some = rr_s[max(0, at + 1 - _RATE_OF) : at + 1]
    total = float(some.sum())
    if len(some) < _RATE_OF or total != total:
        return []
    per_min = 60 * len(some) / total
    at_us = state.us(int(state.beats.places[at]))
    hold_us = round(float(_given(params, "hold_s")) * 1_000_000)
    low, high = float(_given(params, "heart-rate_le")), float(_given(params, "heart-rate_ge"))
    margin = float(_given(params, "heart-rate_margin"))
    told: list[Sign] = []
    for name, what, holds, over in (
        ("slow", "heart-slow", per_min <= low, per_min > low + margin),
        ("fast", "heart-fast", per_min >= high, per_min < high - margin),
    ):
        spell, phase, since = held(getattr(state, name), at_us, holds=holds, over=over,
                                   hold_us=hold_us)  # fmt: skip
        setattr(state, name, spell)
        if phase == "begin" or phase == "end":
            sure = float(state.beats.chances[max(0, at - _RATE_OF) : at + 1].min())
            told.append(
                _sign(state, what, "begin" if phase == "begin" else "end", since, sure,
                      strip_to_us=at_us, hr_per_min=round(per_min))
            )  # fmt: skip
    return told


def _run(state: HeartState, at: int, rr_s: Floats, params: Mapping[str, Any]) -> list[Sign]:
    known = state.beats
    at_us = state.us(int(known.places[at]))
    ventricular = known.kinds[at] == V and not known.bad[at]
    if ventricular and not known.broken[at]:
        state.run_beats += 1
    else:
        state.run_beats = int(ventricular)
    count = state.run_beats
    if not state.run.on:
        least = int(_given(params, "run_beats"))
        if count < least:
            return []
        # The rate is that of the last beats: a slow run of any length may become fast.
        first = at + 1 - least
        per_min = 60 * (least - 1) / float(rr_s[first + 1 : at + 1].sum()) if least > 1 else 0.0
        if per_min < float(_given(params, "run_per_min")):
            return []
        sure = float(known.v[first : at + 1].min())
        if sure < float(_given(params, "run_sure")):
            return []
        since = state.us(int(known.places[first]))
        state.run = Spell(on=True, since_us=since)
        return [
            _sign(state, "ventricular-run", "begin", since, sure, run_beats=least,
                  hr_per_min=round(per_min))
        ]  # fmt: skip
    if ventricular and count > 1:
        state.run = msgspec.structs.replace(state.run, back_us=at_us)
        return []
    length_s = ((state.run.back_us or at_us) - state.run.since_us) / 1_000_000
    state.run = Spell()
    return [_sign(state, "ventricular-run", "end", at_us, 1.0, run_s=round(length_s, 1))]


def fibrillation(
    state: HeartState, found: Irregularity, suspected: bool, middle: int, newest: int, rr_s: Floats
) -> list[Sign]:
    """Tell when fibrillation is suspected; it begins and ends in the middle of the window.

    It must be seen for 30 s, which the European guideline asks of an ECG (ESC 2020): from the
    window's middle to the newest beat, and over two looks at least. middle and newest: places of
    these beats; suspected: what the look said, which holds on to what it said before.
    """
    last_us = state.us(newest)
    middle_us = state.us(middle)
    was = state.fibrillation
    if state.unreadable.on:
        return []
    if not was.on:
        since = (was.since_us or middle_us) if suspected else 0
        told = bool(was.since_us and since and last_us - since >= _FIBRILLATION_US)
        state.fibrillation = Spell(on=told, since_us=since)
        at_us = since
    else:
        back = 0 if suspected else (was.back_us or max(middle_us, was.since_us))
        told = bool(was.back_us and back and last_us - back >= _FIBRILLATION_US)
        state.fibrillation = Spell() if told else msgspec.structs.replace(was, back_us=back)
        at_us = back
    if not told:
        return []
    some = rr_s[np.isfinite(rr_s)][-30:]
    return [
        _sign(
            state,
            "fibrillation-suspected",
            "end" if was.on else "begin",
            at_us,
            min(0.95, 0.5 + 2 * abs(found.step - STEP_SHARE)),
            strip_to_us=last_us,
            hr_per_min=round(60 / float(some.mean())),
            irregularity=round(found.step, 3),
            entropy=round(found.entropy, 2),
            ventricular_beats=int((state.beats.kinds[-60:] == V).sum()),
        )
    ]
