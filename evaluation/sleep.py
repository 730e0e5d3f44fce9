"""sleep_walch_applewatch: asleep or awake against the polysomnogram, 30 s by 30 s."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluation.intervals import figure, share
from evaluation.outcome import Outcome, Table
from evaluation.sleep_set import Sleeper, sleepers
from evaluation.streaming import START_US
from songhe.kernel.night.sleep import EPOCH_US, SleepWake, card, shipped
from training import sleep_wake

_FOLDS = 5
_CURVE = (0.10, 0.14, 0.18, 0.22, 0.26, 0.30, 0.36, 0.42)
_CHUNK = 4


def evaluate(name: str, folder: Path) -> Outcome:
    """Judge each person's night as a stream; nobody by weights that have seen them."""
    people = sleepers(folder)
    judges = _judges(people)
    wake = [_stream(judges[person.subject], person) for person in people]
    limits = [judges[person.subject].threshold for person in people]
    counts = {
        person.subject: _counts(person.awake, told, limit)
        for person, told, limit in zip(people, wake, limits, strict=True)
    }
    figures = (
        figure("accuracy", counts, lambda s: (s[0] + s[3]) / s.sum()),
        figure("sleep_se", counts, share(0, (0, 1)), "asleep epochs called asleep"),
        figure("wake_se", counts, share(3, (2, 3)), "awake epochs called awake"),
    )
    rows = []
    for limit in _CURVE:
        at = np.sum(
            [_counts(p.awake, told, limit) for p, told in zip(people, wake, strict=True)], 0
        )
        cells = ((at[0] + at[3]) / at.sum(), at[0] / at[:2].sum(), at[3] / at[2:].sum())
        rows.append((f"{limit:.2f}", *(f"{cell:.3f}" for cell in cells)))
    seen = [person for person in people if person.subject in set(card()["trained_on"])]
    how = (
        "judged by weights and a threshold learned without them"
        if len(seen) > _FOLDS
        else "too few to learn anew without them, so that their figures are too good"
    )
    others = len(people) - len(seen)
    return Outcome(
        keys={found.name: found.value for found in figures},
        figures=figures,
        proves=f"Asleep or awake, from a watch's activity counts and heart rate deviation alone, "
        f"ten minutes after each epoch. {others} people are judged by the shipped weights, which "
        f"have not seen them; {len(seen)} were in the data of the shipped weights"
        + (f" and are {how}." if seen else "."),
        cannot="Sleepers of working age in a laboratory for one night, one model of watch. Old "
        "people lie awake more and more quietly: wakefulness without movement is what this misses. "
        "Stages of sleep are not told. The watch's counts are its own measure: another device "
        "needs its own weights.",
        tables=(
            Table(
                "Threshold against what it costs (all people)",
                ("threshold", "accuracy", "sleep_se", "wake_se"),
                tuple(rows),
            ),
        ),
    )


def _judges(people: Sequence[Sleeper]) -> dict[str, SleepWake]:
    """Return the judge of each person: shipped weights, or those of a fold without the person."""
    known = [person for person in people if person.subject in set(card()["trained_on"])]
    found = {person.subject: shipped() for person in people}
    pairs = [person.rows() for person in known]
    for fold in range(min(_FOLDS, len(known)) if len(known) > _FOLDS else 0):
        away = range(fold, len(known), _FOLDS)
        rest = [pair for place, pair in enumerate(pairs) if place not in away]
        limit = sleep_wake.threshold(rest, sleep_wake.shares(rest))
        judge = SleepWake(sleep_wake.learn(rest).predict_proba, limit)
        found |= {known[place].subject: judge for place in away}
    return found


def _stream(judge: SleepWake, person: Sleeper) -> NDArray[np.float64]:
    """Return how awake each epoch looked, NaN where nothing was said, in chunks of two minutes."""
    readings = person.readings()
    state, told = judge.new(), []
    for begin in range(0, len(readings), _CHUNK):
        part = readings[begin : begin + _CHUNK]
        state, epochs = judge.step(state, part, part[-1].effective_us)
        told += epochs
    if state.due_us is not None:
        told += judge.step(state, (), state.due_us)[1]
    wake = np.full(len(person.counts), np.nan)
    for epoch in told:
        wake[(epoch.at_us - START_US) // EPOCH_US] = epoch.wake
    return wake


def _counts(awake: NDArray[np.int64], wake: NDArray[np.float64], limit: float) -> list[int]:
    """Return asleep right, asleep wrong, awake wrong, awake right; the unsaid counts as asleep."""
    said = wake >= limit
    return [
        int(((awake == 0) & ~said).sum()),
        int(((awake == 0) & said).sum()),
        int(((awake == 1) & ~said).sum()),
        int(((awake == 1) & said).sum()),
    ]
