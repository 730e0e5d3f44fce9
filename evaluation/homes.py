"""Homes: activities told apart in a home that was never seen, and the rhythm of who lives there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation import files
from evaluation.home_sets import READERS, UNKNOWN, Home
from evaluation.intervals import figure
from evaluation.outcome import Figure, Outcome, Table
from evaluation.rhythm import measure as measure_rhythm
from songhe.kernel.rhythm.activity import ACTIVITIES, recognise
from songhe.kernel.rhythm.sensing import CHANNELS
from songhe.kernel.rhythm.slices import features, names
from songhe.kernel.time import DAY_US, MINUTE_US
from training.activity import Learned, learn

# What each set may be learned from, as its README says; homes and days outside are judged unseen.
_DEV_HOMES = {"adl_ordonez": ("A",), "adl_kasteren": ("A", "C"), "adl_casas_al": ("al",)}
# The last day of casas that may be learned from (README: to 4 July 2011).
_CASAS_LAST_US = 1_309_824_000_000_000
_DAY_MINUTES = DAY_US // MINUTE_US
_CASAS_FOLDS = 5
Labels = NDArray[np.int64]


class Plain:
    """The plain HMM: Bernoulli sensors per minute, one step of memory, counts as probabilities.

    Its observations are van Kasteren's, by the same channels that our model sees (`observed`).
    """

    def __init__(self, seen: Sequence[tuple[NDArray[np.bool_], Labels]]) -> None:
        count = len(ACTIVITIES)
        moves = np.full((count, count), 0.1)
        fired = np.zeros((count, seen[0][0].shape[1]))
        total = np.zeros(count)
        for rows, told in seen:
            for kind in range(count):
                fired[kind] += rows[told == kind].sum(axis=0)
                total[kind] += (told == kind).sum()
            both = (told[:-1] >= 0) & (told[1:] >= 0)
            np.add.at(moves, (told[:-1][both], told[1:][both]), 1)
        self.known = total > 0
        # A sensor that the homes learned from do not have says nothing.
        self.used = fired.sum(axis=0) > 0
        self.moves = np.log(moves / moves.sum(axis=1, keepdims=True))
        share = (fired + 0.5) / (total[:, None] + 1)
        self.on, self.off = np.log(share), np.log(1 - share)

    def __call__(self, rows: NDArray[np.bool_]) -> Labels:
        """Return the likeliest activities (Viterbi)."""
        rows = rows[:, self.used]
        own = rows @ self.on[:, self.used].T + (~rows) @ self.off[:, self.used].T
        own[:, ~self.known] = -1e9
        best, back = own[0], np.zeros(own.shape, dtype=np.int64)
        for minute in range(1, len(own)):
            options = best[:, None] + self.moves
            back[minute] = options.argmax(axis=0)
            best = options.max(axis=0) + own[minute]
        found = np.zeros(len(own), dtype=np.int64)
        found[-1] = best.argmax()
        for minute in range(len(own) - 1, 0, -1):
            found[minute - 1] = back[minute, found[minute]]
        return found


# What the plain HMM may see: what is on or fires, what fired last, both. All are tried.
VIEWS = ("on", "last fired", "on and last fired")


def observed(home: Home) -> tuple[NDArray[np.bool_], ...]:
    """Return what the plain HMM sees of a home, by VIEWS: (minutes, channels) or twice as many."""
    every, columns = features(home.events, home.start_us, home.count), list(names())
    on = [columns.index(f"{channel}_on") for channel in CHANNELS]
    last = [columns.index(f"last_{channel}") for channel in CHANNELS]
    return every[:, on] > 0, every[:, last] > 0, every[:, on + last] > 0


def _plain(seen: Sequence[tuple[Home, Labels]], home: Home) -> Labels:
    """Return what the plain HMM says of a home by each view, (views, minutes)."""
    found = []
    for view, rows in enumerate(observed(home)):
        model = Plain([(observed(other)[view], told) for other, told in seen])
        found.append(model(rows))
    return np.stack(found)


class Judged:
    """Minutes of one home as they were, as we said, as the plain HMM said."""

    def __init__(self, name: str, told: Labels, ours: Labels, plain: Labels) -> None:
        self.name = name
        known = told >= 0
        self.told, self.ours, self.plains = told[known], ours[known], plain[:, known]
        self.view = 0
        self.days = np.flatnonzero(known) // _DAY_MINUTES

    @property
    def plain(self) -> Labels:
        """Return what the plain HMM said by the chosen view."""
        found: Labels = self.plains[self.view]
        return found


def _unseen(name: str, given: Sequence[Home], dev: Sequence[Home]) -> list[Judged]:
    """Judge homes (or days) that nothing was learned from."""
    if name == "adl_ordonez":
        judge: Callable[..., Any] | None = None
        learned = None
    else:
        judge = learned = learn(dev)
    seen = [(home, home.labels()) for home in dev]
    return [
        Judged(home.name, home.labels(), _ours(home, judge, learned), _plain(seen, home))
        for home in given
    ]


def _ours(home: Home, judge: Any, learned: Learned | None) -> Labels:
    habits = learned.habits if learned else None
    found: Labels = recognise(home.events, home.start_us, home.count, judge=judge, habits=habits)[0]
    return found


def _leave_homes_out(homes: Sequence[Home]) -> list[Judged]:
    return [
        judged
        for home in homes
        for judged in _unseen("", [home], [other for other in homes if other is not home])
    ]


def _leave_days_out(home: Home, folds: int) -> Judged:
    """Judge each day by what was learned from the others, in so many folds of neighbouring days."""
    told = home.labels()
    day = np.arange(home.count) // _DAY_MINUTES
    ours = np.zeros(home.count, dtype=np.int64)
    plain = np.zeros((len(VIEWS), home.count), dtype=np.int64)
    for out in np.array_split(np.unique(day), folds):
        hidden = np.isin(day, out)
        learned = learn([home], [int(number) for number in out])
        ours[hidden] = _ours(home, learned, learned)[hidden]
        plain[:, hidden] = _plain([(home, np.where(hidden, UNKNOWN, told))], home)[:, hidden]
    return Judged(home.name, told, ours, plain)


def judged_homes(name: str, folder: Path) -> tuple[list[Judged], list[Home], str]:
    """Return what is judged of a folder, all its homes, and in words how it was judged."""
    homes = READERS[name](folder)
    if name == "adl_casas_al":
        late = [home for home in homes if home.events[-1].at_us >= _CASAS_LAST_US]
        unseen = late
    else:
        unseen = [home for home in homes if home.name not in _DEV_HOMES[name]]
    if unseen:
        dev = [h for h in READERS[name](files.HOME / name) if h.name in _DEV_HOMES[name]]
        found = _unseen(name, unseen, dev)
        if name == "adl_casas_al":
            found = [_late_only(judged, home) for judged, home in zip(found, unseen, strict=True)]
        return found, homes, "learned from the set's own dev part, judged where nothing was learned"
    if len(homes) > 1:
        return _leave_homes_out(homes), homes, "one home left out at a time"
    folds = 14 if name == "adl_ordonez" else _CASAS_FOLDS
    days = _leave_days_out(homes[0], min(folds, homes[0].count // _DAY_MINUTES + 1))
    return [days], homes, "same home, days left out"


def _late_only(judged: Judged, home: Home) -> Judged:
    first = (_CASAS_LAST_US - home.start_us) // MINUTE_US // _DAY_MINUTES
    keep = judged.days >= first
    judged.told, judged.ours = judged.told[keep], judged.ours[keep]
    judged.plains = judged.plains[:, keep]
    judged.days = judged.days[keep]
    return judged


def _by_activity(told: Labels, said: Labels) -> dict[int, float]:
    return {
        int(kind): float((said[told == kind] == kind).mean()) for kind in np.unique(told)
    }  # fmt: skip


def _together(judged: Sequence[Judged], whose: str) -> tuple[float, float]:
    """Return class and slice accuracy, the minutes of all homes together."""
    told = np.concatenate([home.told for home in judged])
    said = np.concatenate([getattr(home, whose) for home in judged])
    return float(np.mean(list(_by_activity(told, said).values()))), float((said == told).mean())


def _choose_view(judged: Sequence[Judged]) -> str:
    """Let the plain HMM see what serves it best here; return what that is."""
    found = []
    for view in range(len(VIEWS)):
        for home in judged:
            home.view = view
        found.append(_together(judged, "plain"))
    best = max(range(len(VIEWS)), key=lambda view: found[view])
    for home in judged:
        home.view = best
    return VIEWS[best]


def _figures(judged: Sequence[Judged], whose: str, label: str) -> list[Figure]:
    """Return both accuracies with intervals over days (or homes, where there are three or more)."""
    count = len(ACTIVITIES)
    counts: dict[str, list[float]] = {}
    for home in judged:
        said = getattr(home, whose)
        for day in np.unique(home.days):
            on = home.days == day
            right = np.bincount(home.told[on & (said == home.told)], minlength=count)
            every = np.bincount(home.told[on], minlength=count)
            counts[f"{home.name}-{day:04d}"] = [*right.astype(float), *every.astype(float)]

    def by_class(sums: np.ndarray) -> float:
        right, every = sums[:count], sums[count:]
        return float(np.mean(right[every > 0] / every[every > 0]))

    def by_slice(sums: np.ndarray) -> float:
        return float(sums[:count].sum() / sums[count:].sum())

    note = "interval over days, homes together"
    return [
        figure(f"class accuracy, {label}", counts, by_class, note),
        figure(f"slice accuracy, {label}", counts, by_slice, note),
    ]


def _classes_table(judged: Sequence[Judged]) -> Table:
    rows = []
    for home in judged:
        ours, plain = _by_activity(home.told, home.ours), _by_activity(home.told, home.plain)
        rows += [
            (home.name, ACTIVITIES[kind], str(int((home.told == kind).sum())),
             f"{ours[kind]:.2f}", f"{plain[kind]:.2f}")
            for kind in ours
        ]  # fmt: skip
    heads = ("home", "activity", "minutes", "ours", "plain HMM")
    return Table("Minutes right by activity", heads, tuple(rows))


def evaluate(name: str, folder: Path) -> Outcome:
    """Measure activities and rhythm on a folder of homes."""
    judged, homes, how = judged_homes(name, folder)
    view = _choose_view(judged)
    keys: dict[str, float] = {}
    figures: list[Figure] = []
    for whose, prefix, label in (("ours", "", "ours"), ("plain", "hmm_", "plain HMM")):
        by_class, by_slice = _together(judged, whose)
        keys[f"{prefix}class_accuracy"] = by_class
        keys[f"{prefix}slice_accuracy"] = by_slice
        figures += _figures(judged, whose, label)
    rhythm = measure_rhythm(homes)
    return Outcome(
        keys=keys | rhythm.keys,
        figures=(*figures, *rhythm.figures),
        proves=(
            f"Activities in slices of 60 s ({how}); minutes without an activity are a class of "
            "their own, other, as van Kasteren's idle; our model and the plain HMM see the same "
            "channels (the HMM the view that serves it best in this run: "
            f"{view}) and are judged on the same ten common activities in one run. Homes that are "
            "kept as events alone are judged only where an event says what went on. "
            + rhythm.proves
        ),
        cannot=(
            "Few homes with one resident each, younger and healthier than ours; a day is judged "
            "when it is over. " + rhythm.cannot
        ),
        tables=(_classes_table(judged), *rhythm.tables),
    )
