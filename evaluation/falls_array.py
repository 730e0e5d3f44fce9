"""Falls under infrared arrays: whole recordings as streams, judged by weights from simulation.

Neither set may teach what ships; one table shows what the same figures could do if one might.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation import files, intervals
from evaluation.outcome import Figure, Outcome, Table
from evaluation.streaming import START_US, signs, waves
from songhe.kernel.signals import Sign, array_view
from songhe.kernel.signals.array import CODE, PARAMS, Array
from songhe.kernel.signals.models import Model

Floats = NDArray[np.float32]
Judge = Callable[[Floats], Floats]

FIR, COARSE = "falls_ir_fir16x16", "falls_ir_d6t_4x4"
# A fall counts as found when its onset lies so long before or after the annotated span, s.
BEFORE_S, AFTER_S = 1.0, 3.0
_KEYS = ("tp", "fn", "tn", "fp_other", "fp")
_THRESHOLDS = (0.3, 0.45, 0.7, 0.85)
# How the arrays hung: the first as its set states, with the detector's usual view angle; of the
# second nothing is stated; its scenes are called frontal and diagonal: it looks across the room.
_SURE = {FIR: "sure", COARSE: "sure_wall"}
_HUNG: dict[str, dict[str, Any]] = {FIR: {"height_m": 2.2}, COARSE: {"mount": "wall"}}


@dataclass(frozen=True)
class Span:
    """An annotated action of a person, in seconds of the recording."""

    begin_s: float
    end_s: float
    action: str
    person: str

    @property
    def is_fall(self) -> bool:
        """Return whether it is one of the kinds of falls."""
        return self.action.startswith("fall")


@dataclass(frozen=True)
class Recording:
    """One recording: frames in degrees Celsius and what was done in it."""

    name: str
    rate_hz: float
    frames: Floats
    spans: tuple[Span, ...]


@dataclass
class Tally:
    """What was found, person by person."""

    people: dict[str, dict[str, float]] = field(default_factory=dict)
    delays_s: list[float] = field(default_factory=list)
    alarms_in: dict[str, int] = field(default_factory=dict)
    ups: int = 0
    seconds: float = 0.0

    def add(self, person: str, key: str) -> None:
        """Count one."""
        self.people.setdefault(person, dict.fromkeys(_KEYS, 0.0))[key] += 1

    def columns(self) -> dict[str, list[float]]:
        """Return the counts in one order, for intervals."""
        return {who: [row[key] for key in _KEYS] for who, row in self.people.items()}


def evaluate(name: str, folder: Path) -> Outcome:
    """Measure one of the two sets."""
    recordings = fir(folder) if name == FIR else coarse(folder)
    own = float(PARAMS[_SURE[name]])
    points = sorted({*_THRESHOLDS, own})
    curve = {sure: measured(recordings, name, sure=sure) for sure in points}
    tally = curve[own]
    counts = tally.columns()
    share = intervals.share
    main = (
        intervals.figure("sensitivity", counts, share(0, (0, 1))),
        intervals.figure("specificity", counts, share(2, (2, 3)), "of other actions"),
        intervals.figure("precision", counts, share(0, (0, 4))),
        intervals.figure("F1", counts, _f1),
    )
    falls, others = (sum(row[k] for row in counts.values() for k in keys) for keys in _SPLIT)
    delay = float(np.median(tally.delays_s)) if tally.delays_s else float("nan")
    hours = tally.seconds / 3600
    alarms = sum(row[4] for row in counts.values())
    hits = sum(row[0] for row in counts.values())
    keys = {figure.name.lower(): figure.value for figure in main} | {
        "false_alarms_per_hour_over60": float("nan"),
        "delay_s_median": delay,
        "falls": falls,
        "others": others,
        "subjects": float(len(counts)),
    }
    figures = (
        *main,
        Figure("falls", falls, subjects=len(counts), note=_whose(name)),
        Figure("other actions", others, subjects=len(counts)),
        Figure("median delay, s", delay, note="from the beginning of the annotated fall"),
        Figure(
            "false alarms in an hour of acting",
            alarms / hours,
            note=f"{alarms:.0f} in {hours:.1f} h of sitting, standing and falling without pause",
        ),
        Figure("alarms whose end was told", tally.ups / max(1.0, alarms + hits)),
    )
    tables = (_curve(curve), _where(tally), *_allowed(recordings, name, folder))
    return Outcome(keys, figures, *_words(name), tables=tables)


_SPLIT = ((0, 1), (2, 3))


def _f1(sums: NDArray[np.float64]) -> float:
    whole = 2 * sums[0] + sums[1] + sums[4]
    return float(2 * sums[0] / whole) if whole else float("nan")


def _words(name: str) -> tuple[str, str]:
    if name == FIR:
        return (
            "Weights that have only seen simulated bodies find real people's falls under a real "
            "array, in whole recordings with their walking, sitting and standing.",
            "Young volunteers who fall on purpose and get up again, one at a time, one room, an "
            "array at 2.2 m: no old people, no pets, no bed, no night, no visitors. An hour of "
            "acting is not an hour of living, so there is no honest rate of false alarms a day.",
        )
    return (
        "A rule of geometry alone (the warm body's middle drops and stays low for a second) tells "
        "falls from other actions at 4×4 pixels on a wall, a recording at a time.",
        "The set is saturated for models that may learn from it, nobody's identity is known, the "
        "recordings are some seconds long, and how the array hung is guessed from the names of "
        "scenes and one look. Bending for something is the commonest false alarm.",
    )


def _whose(name: str) -> str:
    return "" if name == FIR else "nobody is named: a recording stands for a person"


def fir(folder: Path) -> list[Recording]:
    """Return the recordings of the 16×16 set; raises NoRecording."""
    index = {row["rec"]: row for row in files.rows(files.one(folder, "index_*.csv"))}
    spans: dict[str, list[Span]] = {}
    for row in files.rows(files.one(folder, "annotations_*.csv")):
        rate_hz = float(index[row["rec"]]["fps"])
        span = Span(
            int(row["start"]) / rate_hz, (int(row["end"]) + 1) / rate_hz,
            row["action"], row["person"],
        )  # fmt: skip
        spans.setdefault(row["rec"], []).append(span)
    found = []
    for path in files.found(folder, "fir16x16_*.npz"):
        with np.load(path) as file:
            frames, offset, numbers = file["frames"], file["offset"], file["rec"]
        for place, number in enumerate(numbers):
            row = index[str(number)]
            own = frames[offset[place] : offset[place + 1]].astype(np.float32) / 20 + 18
            whole = tuple(sorted(spans.get(str(number), []), key=lambda s: s.begin_s))
            found.append(Recording(row["file"], float(row["fps"]), own, whole))
    return found


def coarse(folder: Path) -> list[Recording]:
    """Return the recordings of the 4×4 set, each one span; raises NoRecording."""
    found = []
    for path in files.found(folder, "d6t_4x4_*.npz"):
        index = path.with_name(path.stem + "_index.csv")
        with np.load(path) as file, index.open(encoding="utf-8", newline="") as lines:
            signal, offset = file["signal"], file["offset"]
            for place, row in enumerate(csv.DictReader(lines)):
                own = signal[offset[place] : offset[place + 1]]
                frames = np.where(own[:, 1:] == -32768, np.nan, own[:, 1:] / 10.0)
                action = ("fall, " if row["is_fall"] == "1" else "") + row["scene"]
                length_s = len(own) / _rate_hz(own)
                span = Span(0.0, length_s, action, row["file"])
                shaped = frames.astype(np.float32).reshape(-1, 4, 4)
                found.append(Recording(row["file"], _rate_hz(own), shaped, (span,)))
    return found


def _rate_hz(rows: NDArray[np.int16]) -> float:
    steps = np.diff(rows[:, 0].astype(float))
    steps = steps[steps > 0]
    return 1000.0 / float(np.median(steps)) if len(steps) else 10.0


def measured(
    recordings: Sequence[Recording], name: str, *, sure: float, judges: Sequence[Judge] = ()
) -> Tally:
    """Return what the detector finds in all recordings; judges: other weights, one a recording."""
    tally = Tally()
    for place, recording in enumerate(recordings):
        detector = Array(judges[place]) if judges else Array()
        stream = waves(recording.frames, recording.rate_hz, CODE)
        told = signs(detector, stream, {**_HUNG[name], _SURE[name]: sure})
        _match(recording, told, tally)
        tally.seconds += len(recording.frames) / recording.rate_hz
    return tally


def _match(recording: Recording, told: Sequence[Sign], tally: Tally) -> None:
    """Give each fall the first sign that fits it; what is left is false."""
    signs_s = [(s.at_us - START_US) / 1e6 for s in told if s.what == "fall" and s.phase == "begin"]
    known_s = [
        (s.known_us - START_US) / 1e6 for s in told if s.what == "fall" and s.phase == "begin"
    ]
    tally.ups += sum(s.what == "fall" and s.phase == "end" for s in told)
    free = list(range(len(signs_s)))
    for span in (s for s in recording.spans if s.is_fall):
        low, high = span.begin_s - BEFORE_S, span.end_s + AFTER_S
        fits = [k for k in free if low <= signs_s[k] <= high]
        tally.add(span.person, "tp" if fits else "fn")
        if fits:
            free.remove(fits[0])
            tally.delays_s.append(known_s[fits[0]] - span.begin_s)
    others = [s for s in recording.spans if not s.is_fall]
    for span in others:
        alarmed = any(span.begin_s <= signs_s[k] <= span.end_s for k in free)
        tally.add(span.person, "fp_other" if alarmed else "tn")
    for k in free:
        near = min(recording.spans, key=lambda s: _away_s(s, signs_s[k]), default=None)
        if near is not None:
            tally.add(near.person, "fp")
            during = near.action if _away_s(near, signs_s[k]) == 0 else "between actions"
            tally.alarms_in[during] = tally.alarms_in.get(during, 0) + 1


def _away_s(span: Span, at_s: float) -> float:
    return max(span.begin_s - at_s, at_s - span.end_s, 0.0)


def _curve(curve: dict[float, Tally]) -> Table:
    rows = []
    for sure, tally in curve.items():
        sums = np.array(list(tally.columns().values())).sum(axis=0)
        rows.append((f"{sure:.2f}", *_figures(sums)))
    heads = ("sure", "sensitivity", "specificity", "precision", "F1", "false alarms")
    return Table("Operating curve", heads, tuple(rows))


def _figures(sums: NDArray[np.float64]) -> tuple[str, ...]:
    share = intervals.share
    shares = (share(0, (0, 1))(sums), share(2, (2, 3))(sums), share(0, (0, 4))(sums), _f1(sums))
    return (*(f"{value:.3f}" for value in shares), f"{sums[4]:.0f}")


def _where(tally: Tally) -> Table:
    rows = sorted(tally.alarms_in.items(), key=lambda pair: -pair[1])
    told = tuple((action, str(count)) for action, count in rows)
    return Table("False alarms during", ("action", "alarms"), told)


def _allowed(recordings: Sequence[Recording], name: str, folder: Path) -> list[Table]:
    """Return what the figures could do if they might learn from the set; none of it ships."""
    if name != FIR or folder.resolve() != (files.HOME / FIR).resolve():
        return []
    from training.fall_array import boosted, forest

    rows, wanted, whose = _taught(recordings)
    # A recording shows one day's two people; it is judged by weights that know neither.
    days = [{s.person for s in recording.spans} for recording in recordings]
    groups = {tuple(sorted(day)) for day in days}
    by_day = {}
    for group in groups:
        away = np.isin(whose, group)
        by_day[group] = Model(boosted(forest().fit(rows[~away], wanted[~away])))
    own = [by_day[tuple(sorted(day))] for day in days]
    curve = {sure: measured(recordings, name, sure=sure, judges=own) for sure in (0.4, 0.6)}
    table = _curve(curve)
    title = "If the weights might learn from the set (the other day's two people; not shipped)"
    return [Table(title, table.heads, table.rows)]


_LEARNED = {"sit": 1, "lie": 2, "stand": 0}


def _taught(
    recordings: Sequence[Recording],
) -> tuple[Floats, NDArray[np.int64], NDArray[np.str_]]:
    """Return window figures with what the annotations say of their instants."""
    rows: list[Floats] = []
    wanted: list[int] = []
    whose: list[str] = []
    half = 2 * 2.2 * float(np.tan(np.deg2rad(PARAMS["view_deg"]) / 2))
    for recording in recordings:
        per = max(1, round(recording.rate_hz / array_view.TICK_HZ))
        tick_s = per / recording.rate_hz
        count = len(recording.frames) // per
        ticks = recording.frames[: count * per].reshape(count, per, 16, 16).mean(axis=1)
        view = array_view.first(ticks[0])
        falls = [s for s in recording.spans if s.is_fall]
        for number, frame in enumerate(ticks[1:], 1):
            view = array_view.looked(view, frame, tick_s)
            at_s = (number + 1) * tick_s
            span = next((s for s in recording.spans if s.begin_s <= at_s <= s.end_s), None)
            fresh = next((s for s in falls if -0.6 <= at_s - s.end_s <= 2.5), None)
            if not view.glances[-1].shape[0] or (span is None and fresh is None):
                continue
            chosen = fresh or span
            if chosen is None or (chosen is span and chosen.is_fall):
                continue
            rows.append(array_view.figures(view, tick_s, half))
            wanted.append(3 if fresh else _LEARNED.get(chosen.action, 0))
            whose.append(chosen.person)
    return np.array(rows), np.array(wanted), np.array(whose)
