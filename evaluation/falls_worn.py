"""Falls felt by worn sensors: four sets, whole recordings, the detector that runs live."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from evaluation import files
from evaluation.intervals import figure, share
from evaluation.outcome import Figure, Outcome, Table
from evaluation.streaming import START_US, signs, waves
from songhe.kernel.signals import Sign
from songhe.kernel.signals.models import Model, model
from songhe.kernel.signals.worn import (
    ACCELERATION,
    FALL,
    FallDetector,
    card,
    thresholds,
)
from songhe.kernel.signals.worn_features import CUT_NAMES, NAMES, STANDARD_GRAVITY
from songhe.kernel.signals.worn_impacts import judged_twice
from training import fall_silence, fall_worn

LEARNED_FROM = fall_worn.SET
# A marked fall begins about when the person tips; a mark is by hand.
_MARK_S = 0.5
_CURVE = (0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85)
# No score reaches this: nothing is raised, so that every impact is judged for the curve.
_NEVER = 2.0
_LATE = NAMES.index("activity_late_g")
_CURVE_TITLE = (
    "Operating curve of the model's score (before waiting whether the person stands again; where a "
    "fall is marked, alarms before it count here)"
)


@dataclass(frozen=True)
class Recording:
    """One recording. sensors: what each worn one measured, (n, 3) in m/s2; fall_s: where marked."""

    subject: str
    is_fall: bool
    over_60: bool
    sensors: dict[str, NDArray[np.float32]]
    rate_hz: float
    fall_s: float | None = None

    @property
    def hours(self) -> float:
        """Return how long it is."""
        return len(next(iter(self.sensors.values()))) / self.rate_hz / 3600


def recordings(name: str, folder: Path) -> Iterator[Recording]:
    """Yield the recordings of one of the four sets."""
    if name == LEARNED_FROM:
        for row, sensors in fall_worn.recordings(folder):
            if sensors:
                yield _recording(row, sensors, STANDARD_GRAVITY, fall_worn.RATE_HZ)
        return
    position, pattern, rate_hz, scale = {
        "falls_imu_sisfall": ("waist", "sisfall_50hz_*.npz", 50.0, STANDARD_GRAVITY * 32 / 8192),
        "falls_wrist_wedafall": ("wrist", "wedafall_50hz_*.npz", 50.0, 0.01),
        "falls_watch_smartfallmm": ("wrist", "smartfallmm_watch_32hz_*.npz", 32.0, 0.01),
    }[name]
    marks = _marks(folder) if name == "falls_wrist_wedafall" else {}
    for path in files.found(folder, pattern):
        for trial in files.trials(path):
            row = trial.row
            code = f"{row['activity']}/{row['subject']}_R{int(row['trial']):02d}"
            fall_s = marks[code] - float(row["t0"]) if code in marks else None
            yield _recording(row, {position: trial.samples[:, :3]}, scale, rate_hz, fall_s)


def _recording(
    row: Mapping[str, str],
    sensors: Mapping[str, NDArray[np.generic]],
    scale: float,
    rate_hz: float,
    fall_s: float | None = None,
) -> Recording:
    return Recording(
        subject=row["subject"],
        is_fall=row["is_fall"] == "1",
        over_60=row.get("group", "") == "elderly",
        sensors={k: (v.astype(np.float64) * scale).astype(np.float32) for k, v in sensors.items()},
        rate_hz=rate_hz,
        fall_s=fall_s,
    )


def _marks(folder: Path) -> dict[str, float]:
    rows = files.rows(files.one(folder, "fall_timestamps*.csv"))
    return {row["filename"]: float(row["start_time"]) for row in rows}


@dataclass(frozen=True)
class Weights:
    """What judges a person: the model of whole moments and that of silence, and thresholds."""

    whole: Model
    silent: Model
    least: dict[str, float]


class Judge:
    """The weights that may judge a person: never some that were learned from the same person."""

    def __init__(self, name: str, folder: Path, people: set[str]) -> None:
        self.anew = 0
        self._of: dict[str, Weights] = {}
        if name != LEARNED_FROM or not people & set(card()["trained_on"]):
            return
        cuts = fall_silence.cuts(folder)
        for learned_from, judged in fall_worn.folds(fall_worn.impacts(folder)):
            known = {impact.subject for impact in learned_from}
            trees, least = fall_worn.learned(learned_from, folder)
            silent, more = fall_silence.learned([cut for cut in cuts if cut.subject in known])
            weights = Weights(
                Model(fall_worn.as_onnx(trees, len(NAMES))),
                Model(fall_worn.as_onnx(silent, len(CUT_NAMES))),
                {**least, **more},
            )
            self._of |= {impact.subject: weights for impact in judged}
            self.anew += 1

    def of(self, subject: str) -> Weights:
        """Return the weights and thresholds for a person."""
        shipped = Weights(model("fall-worn"), model("fall-silence"), thresholds())
        return self._of.get(subject) or shipped


def leads_of(sensors: Iterable[str]) -> tuple[str, ...]:
    """Return the leads of a device of these sensors."""
    return tuple(f"{sensor} {axis}" for sensor in sensors for axis in "xyz")


def heard(
    recording: Recording, sensors: Sequence[str], detector: FallDetector, least: dict[str, float]
) -> list[Sign]:
    """Return the falls that began for the detector, of these sensors as one device, each once.

    A recording's end is to the detector what a device is that falls silent there.
    """
    samples = np.concatenate([recording.sensors[sensor] for sensor in sensors], axis=1)
    stream = waves(samples, recording.rate_hz, ACCELERATION, leads=leads_of(sensors))
    told = signs(detector, stream, least, then_silent=True)
    begun: dict[int, Sign] = {}
    for sign in told:
        if sign.what == FALL and sign.phase == "begin":
            begun.setdefault(sign.at_us, sign)
    return list(begun.values())


def right(recording: Recording, sign: Sign) -> bool:
    """Return whether an alarm is of the recording's fall: not before it, where it is marked."""
    if not recording.is_fall:
        return False
    if recording.fall_s is None:
        return True
    return (sign.at_us - START_US) / 1_000_000 >= recording.fall_s - _MARK_S


class _Listening:
    """A model that remembers the greatest score it gave; at a first look of two if it was sure."""

    def __init__(self, weights: Model, sure: float = 0.0) -> None:
        self._weights = weights
        self._sure = sure
        self.most = 0.0
        self.was_asked = False

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        found = self._weights(rows)
        score = float(found.mean())
        self.was_asked = True
        if rows[0, _LATE] >= 0 or score >= self._sure:
            self.most = max(self.most, score)
        return found


@dataclass
class _Counts:
    """What was counted. people: by subject, (tp, fn, tn, fp, alarms and hours of over 60).

    silent: by (is a fall), how many recordings, how many ended while an impact waited, how many
    were told for that alone. delays: s.
    """

    people: dict[str, list[float]]
    silent: dict[bool, list[int]]
    delays: list[float]


def _counts(
    judge: Judge, all_of: Sequence[Recording], sensors: Sequence[str] | None = None
) -> _Counts:
    """Let the detector judge every recording, of these sensors as one device."""
    counts: dict[str, list[float]] = defaultdict(lambda: [0.0] * 6)
    silent, delays = {True: [0] * 3, False: [0] * 3}, list[float]()
    for recording in all_of:
        worn = [s for s in recording.sensors if sensors is None or s in sensors]
        if not worn:
            continue
        weights = judge.of(recording.subject)
        cut_short = _Listening(weights.silent)
        found = heard(recording, worn, FallDetector(weights.whole, cut_short), weights.least)
        hits = [sign for sign in found if right(recording, sign)]
        row = counts[recording.subject]
        if recording.is_fall:
            row[0 if hits else 1] += 1
        else:
            row[3 if found else 2] += 1
        counted = hits if recording.is_fall else found
        alone = bool(counted) and all("silent_after_s" in sign.facts for sign in counted)
        silent[recording.is_fall][0] += 1
        silent[recording.is_fall][1] += cut_short.was_asked
        silent[recording.is_fall][2] += alone
        if recording.over_60:
            row[4] += len(found) - len(hits[:1])
            row[5] += recording.hours
        if hits:
            from_us = hits[0].at_us
            if recording.fall_s is not None:
                from_us = START_US + round(recording.fall_s * 1_000_000)
            delays.append((hits[0].known_us - from_us) / 1_000_000)
    return _Counts(counts, silent, delays)


def evaluate(name: str, folder: Path) -> Outcome:
    """Measure the detector of falls on one of the four sets; raises NoRecording."""
    all_of = list(recordings(name, folder))
    judge = Judge(name, folder, {recording.subject for recording in all_of})
    found = _counts(judge, all_of)
    counts = found.people
    figures = _figures(counts, found.delays)
    sums = np.array(list(counts.values())).sum(axis=0)
    keys = {f.name: f.value for f in figures}
    keys |= {
        "falls": float(sums[0] + sums[1]),
        "others": float(sums[2] + sums[3]),
        "subjects": float(len(counts)),
    }
    tables = [_curve(judge, all_of), _by_silence(found.silent), _by_subject(counts)]
    if len({s for r in all_of for s in r.sensors}) > 1:
        tables.append(_by_sensor(judge, all_of))
    return Outcome(keys, figures, *_words(name, judge, keys), tuple(tables))


def _per_hour(sums: NDArray[np.float64]) -> float:
    return float(sums[4] / sums[5]) if sums[5] else float("nan")


def _f1(sums: NDArray[np.float64]) -> float:
    return float(2 * sums[0] / (2 * sums[0] + sums[1] + sums[3])) if sums[0] else 0.0


def _figures(counts: Mapping[str, Sequence[float]], delays: Sequence[float]) -> tuple[Figure, ...]:
    hours = sum(row[5] for row in counts.values())
    note = f"in {hours:.2f} hours" if hours else "nobody over 60 in this folder"
    over_60 = {who: row for who, row in counts.items() if row[5]} or counts
    return (
        figure("sensitivity", counts, share(0, (0, 1)), "falls found, per recording"),
        figure("specificity", counts, share(2, (2, 3)), "other recordings without an alarm"),
        figure("precision", counts, share(0, (0, 3)), "depends on how many falls a set has"),
        figure("f1", counts, _f1),
        figure("false_alarms_per_hour_over60", over_60, _per_hour, note),
        Figure(
            "delay_s_median",
            median(delays) if delays else float("nan"),
            note="from the marked fall, else from the impact, to the last sample needed",
        ),
    )


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.3f}" if whole else "–"


def _curve(judge: Judge, all_of: Sequence[Recording]) -> Table:
    """Return the operating curve: one threshold for all, the greatest score of a recording."""
    never = {
        f"{kind}_score_{at}": _NEVER
        for kind in ("least", "sure", "silent")
        for at in ("wrist", "trunk")
    }
    most = []
    for recording in all_of:
        weights = judge.of(recording.subject)
        twice = judged_twice(leads_of(recording.sensors))
        whole = _Listening(weights.whole, weights.least["sure_score_wrist"] if twice else 0.0)
        silent = _Listening(weights.silent)
        heard(recording, list(recording.sensors), FallDetector(whole, silent), never)
        most.append(max(whole.most, silent.most))
    score = np.array(most)
    fall = np.array([recording.is_fall for recording in all_of])
    old = np.array([recording.over_60 for recording in all_of]) & ~fall
    hours = sum(recording.hours for recording in all_of if recording.over_60)
    rows = tuple(
        (
            f"{least:.2f}",
            _share(float((score[fall] >= least).sum()), float(fall.sum())),
            _share(float((score[~fall] < least).sum()), float((~fall).sum())),
            _share(float((score[old] >= least).sum()), hours),
        )
        for least in _CURVE
    )
    heads = ("least score", "sensitivity", "specificity", "recordings with an alarm per hour, > 60")
    return Table(
        "Operating curve (where a fall is marked, alarms before it count here)", heads, rows
    )


def _by_silence(silent: Mapping[bool, Sequence[int]]) -> Table:
    rows = tuple(
        (name, *(str(count) for count in silent[is_fall]))
        for name, is_fall in (("falls", True), ("others", False))
    )
    heads = ("recordings", "all", "ended while an impact waited", "told for that silence alone")
    return Table("When the signal ends", heads, rows)


def _by_subject(counts: Mapping[str, Sequence[float]]) -> Table:
    rows = tuple(
        (
            who,
            f"{row[0]:.0f} of {row[0] + row[1]:.0f}",
            f"{row[3]:.0f} of {row[2] + row[3]:.0f}",
        )
        for who, row in sorted(counts.items())
    )
    return Table("By person", ("person", "falls found", "others with an alarm"), rows)


def _by_sensor(judge: Judge, all_of: Sequence[Recording]) -> Table:
    rows = []
    for sensor in sorted({s for r in all_of for s in r.sensors}):
        counts = _counts(judge, all_of, (sensor,))
        sums = np.array(list(counts.people.values())).sum(axis=0)
        rows.append(
            (sensor, _share(sums[0], sums[0] + sums[1]), _share(sums[2], sums[2] + sums[3]))
        )
    return Table("One sensor alone", ("worn at", "sensitivity", "specificity"), tuple(rows))


def _words(name: str, judge: Judge, keys: Mapping[str, float]) -> tuple[str, str]:
    proves = (
        "The same step as live finds this share of played falls in whole recordings. After a "
        "recording's end time passes, of falls and of others alike: it is to the detector what a "
        "device is that breaks or loses its link there. "
    )
    if judge.anew:
        proves += (
            f"The weights that ship were learned from these people, so here {judge.anew} sets of "
            "weights and thresholds were learned anew, each without the people it judges. "
            "All sensors of a person are judged together as one device; below each one alone."
        )
    elif name == LEARNED_FROM:
        proves += "The weights that ship never saw these people."
    else:
        proves += (
            "The weights and thresholds that ship were learned from other people with other "
            "sensors (UMAFall); none was fitted to this set (its card tells what was looked at)."
        )
    cannot = (
        "Falls are played by young people onto mats; nobody over 60 falls here, so sensitivity for "
        "old people's falls is not shown. Daily life is a script full of the hardest moments: an "
        "hour of it is not an hour at home, and a few hours cannot prove 0.1 false alarms an hour. "
    )
    if name == "falls_watch_smartfallmm":
        cannot += (
            "Many fall recordings end within the two or three seconds after the impact that the "
            "detector waits for, and some show no impact at all (nothing above 1.2 g)."
        )
    return proves, cannot
