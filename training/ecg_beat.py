"""Heart beats: the forests `ecg-complex` (is it a beat) and `ecg-beat` (which kind), from DS1.

Each record weighs as much as another: at most so many beats of a kind are drawn from each. Rows
for the second forest come from beats that a first forest found without having seen the record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier

from evaluation import files
from evaluation.streaming import START_US, signs, waves
from songhe.kernel.signals.heart import HeartDetector, complexes, trace
from songhe.kernel.signals.models import Model
from training.ecg_leads import moving_axis, other_lead
from training.ecg_rhythm import invented
from training.ecg_trees import graph

SET = "ecg_mitdb"
MODELS = Path(__file__).resolve().parents[1] / "songhe" / "kernel" / "data" / "models"
CODE = 70
# Classes of AAMI EC57 by the annotation's letter; every letter here is a beat.
CLASSES = {
    symbol: name
    for name, symbols in {"N": "NLRej", "S": "AaJS", "V": "VE", "F": "F", "Q": "/fQ"}.items()
    for symbol in symbols
}
MATCH_S = 0.15
FOLDS = 11
_SEED = 7
_BEATS, _OTHERS = 500, 900
# X: candidates that were taken for a beat and are none.
_KINDS = {"N": 250, "V": 250, "S": 200, "X": 100}
# Of a copy (with noise, from another side): how many, how long, how heavy.
_COPIED = {"N": 150, "V": 150, "S": 120, "X": 60}
_COPY_S, _COPY_WEIGHT = 900.0, 0.5
# Invented rhythms: how many a record, how long, how much they weigh beside what was recorded.
_INVENTED, _INVENTED_S, _INVENTED_WEIGHT = 3, 200.0, 0.2
_INVENTED_KINDS = {"N": 60, "S": 50}
# Noise added to copies: how rough, how much and how fast the line wanders.
_ROUGH_MV, _WANDER_MV, _WANDER_HZ = 0.05, 0.2, 0.5
# A kind that is rare in a record does not weigh more than this many beats there.
_RARE = 15


@dataclass(frozen=True)
class Recording:
    """One record: mV at rate_hz, its beats (sample, letter) and rhythms (sample, name)."""

    name: str
    mv: NDArray[np.float64]
    rate_hz: float
    beats: tuple[tuple[int, str], ...]
    rhythms: tuple[tuple[int, str], ...]

    def spans(self, name: str) -> list[tuple[int, int]]:
        """Return the samples from and to of a rhythm, such as (AFIB."""
        ends = [sample for sample, _ in self.rhythms[1:]] + [len(self.mv)] * bool(self.rhythms)
        return [
            (sample, end)
            for (sample, found), end in zip(self.rhythms, ends, strict=True)
            if found.strip("\x00 ") == name
        ]

    def flutter(self) -> list[tuple[int, int]]:
        """Return the spans of ventricular flutter, between the letters [ and ]."""
        begins = [sample for sample, letter in self.beats if letter == "["]
        ends = [sample for sample, letter in self.beats if letter == "]"]
        return [(a, next((b for b in ends if b >= a), len(self.mv))) for a in begins]


def recordings(folder: Path) -> list[Recording]:
    """Return the records of a folder of the set's shape; raises NoRecording."""
    noted: dict[str, list[tuple[int, str]]] = {}
    rhythms: dict[str, list[tuple[int, str]]] = {}
    for row in files.rows(files.one(folder, "beats_*.csv.gz")):
        noted.setdefault(row["record"], []).append((int(row["sample"]), row["symbol"]))
    for row in files.rows(files.one(folder, "rhythm_*.csv")):
        rhythms.setdefault(row["record"], []).append((int(row["sample"]), row["rhythm"]))
    about = {row["record"]: row for row in files.rows(files.one(folder, "records_*.csv"))}
    found: list[Recording] = []
    for path in files.found(folder, "mitdb_*.npz"):
        with np.load(path) as file:
            for key in file.files:
                name = next(name for name in about if name in key)
                row = about[name]
                counts = np.cumsum(file[key].astype(np.int64))
                mv = (counts - float(row["baseline"])) / float(row["adc_gain"])
                found.append(
                    Recording(
                        name,
                        mv,
                        float(row["fs"]),
                        tuple(noted.get(name, ())),
                        tuple(rhythms.get(name, ())),
                    )
                )
    return sorted(found, key=lambda record: record.name)


def matched(found: NDArray[np.int64], reference: Sequence[int], within: float) -> NDArray[np.int64]:
    """Return the number of the reference beat that each found one is, or -1; one to one."""
    result = np.full(len(found), -1, dtype=np.int64)
    if not len(found):
        return result
    for number, sample in enumerate(reference):
        at = int(np.searchsorted(found, sample))
        near = [
            i
            for i in (at - 1, at)
            if 0 <= i < len(found) and result[i] < 0 and abs(int(found[i]) - sample) <= within
        ]
        if near:
            result[min(near, key=lambda i: abs(int(found[i]) - sample))] = number
    return result


@dataclass(frozen=True)
class Rows:
    """What a forest learns from one record: rows, whether each is of the class, its weight."""

    rows: NDArray[np.float32]
    is_one: NDArray[np.bool_]
    weights: NDArray[np.float64]


def _drawn(rows: NDArray[Any], labels: NDArray[Any], most: Mapping[str, int]) -> NDArray[np.int64]:
    draw = np.random.default_rng(_SEED)
    chosen: list[NDArray[np.int64]] = []
    for label, count in most.items():
        at = np.flatnonzero(labels == label)
        chosen.append(at if len(at) <= count else draw.choice(at, count, replace=False))
    return np.concatenate(chosen)


def complex_rows(record: Recording) -> Rows:
    """Return a record's candidates and which of them are beats; flutter left out."""
    kept = trace.fresh(record.rate_hz)
    size = round(record.rate_hz * trace.BLOCK_S)
    around = np.zeros(0, dtype=np.int64)
    done = 0
    rows: list[NDArray[np.float64]] = []
    places: list[NDArray[np.int64]] = []
    for begin in range(0, len(record.mv) - size + 1, size):
        kept, new = trace.peaks(trace.grown(kept, record.mv[begin : begin + size]))
        around = np.concatenate((around, new))
        until = kept.peaks_to - complexes.AHEAD
        some = around[(around >= done) & (around < until)]
        done = max(done, until)
        if len(some):
            rows.append(complexes.features(kept, some, around))
            places.append(some)
        around = around[around > kept.peaks_to - 9 * trace.RATE_HZ]
    at = np.round(np.concatenate(places) * record.rate_hz / trace.RATE_HZ).astype(np.int64)
    reference = [sample for sample, letter in record.beats if letter in CLASSES]
    labels = np.where(matched(at, reference, MATCH_S * record.rate_hz) >= 0, "beat", "other")
    for begin, end in record.flutter():
        labels[(at >= begin) & (at <= end)] = "flutter"
    chosen = _drawn(at, labels, {"beat": _BEATS, "other": _OTHERS})
    whole = np.concatenate(rows).astype(np.float32)
    return Rows(whole[chosen], labels[chosen] == "beat", np.ones(len(chosen)))


def noisy(record: Recording, number: int) -> Recording:
    """Return part of a record as a poorer electrode would give it: lower, rough, wandering."""
    draw = np.random.default_rng(10_000 + number)
    count = min(len(record.mv), round(_COPY_S * record.rate_hz))
    walk = np.arange(count) / record.rate_hz
    knots = draw.normal(0, 1, int(walk[-1] * _WANDER_HZ) + 2)
    wander = np.interp(walk * _WANDER_HZ, np.arange(len(knots)), knots)
    loud = 1 + np.sin(walk / 7 + draw.uniform(0, 6.3))  # muscle noise comes and goes
    rough = draw.normal(0, _ROUGH_MV, count) * loud
    mv = record.mv[:count] * draw.uniform(0.5, 1.0) + rough + _WANDER_MV * wander
    return Recording(record.name, mv, record.rate_hz, record.beats, record.rhythms)


def turned(record: Recording, number: int, *, moving: bool) -> Recording:
    """Return part of a record as another lead shows it, or one whose axis moves."""
    draw = np.random.default_rng(20_000 + 1000 * moving + number)
    count = min(len(record.mv), round(_COPY_S * record.rate_hz))
    begin = int(draw.integers(0, len(record.mv) - count + 1))
    mv = record.mv[begin : begin + count]
    mv = moving_axis(mv, record.rate_hz, draw) if moving else other_lead(mv, draw)
    beats = tuple((at - begin, x) for at, x in record.beats if begin <= at < begin + count)
    rhythms = tuple((max(at - begin, 0), x) for at, x in record.rhythms if at < begin + count)
    return Recording(record.name, mv, record.rate_hz, beats, rhythms)


def invented_rows(record: Recording, number: int, judge: Callable[[Any], Any]) -> list[Rows]:
    """Return what atrial rhythms put together from a record's own beats teach (see ecg_rhythm)."""
    at = np.array([sample for sample, letter in record.beats if letter in "NLR"], dtype=np.int64)
    for begin, end in record.spans("(AFIB") + record.spans("(AFL"):
        at = at[(at < begin) | (at >= end)]
    if len(at) < _BEATS // 2:
        return []
    v = np.array([sample for sample, letter in record.beats if letter == "V"], dtype=np.int64)
    found: list[Rows] = []
    for turn in range(_INVENTED):
        seed = 100 * number + turn
        mv, beats = invented(record.mv, record.rate_hz, at, v, _INVENTED_S, seed)
        made = Recording(record.name, mv, record.rate_hz, beats, ())
        _, rows = kind_rows(made, judge, _INVENTED_KINDS)
        found.append(_lighter(rows, _INVENTED_WEIGHT))
    return found


def kind_rows(
    record: Recording, judge: Callable[[Any], Any], most: Mapping[str, int] = _KINDS
) -> tuple[Rows, Rows]:
    """Return what a record teaches of ventricular and of supraventricular beats.

    judge: the forest `ecg-complex` that finds the beats. In atrial fibrillation no beat is early:
    such time teaches nothing of supraventricular ones. Fusion and unknown beats teach nothing.
    """
    seen: list[NDArray[np.float32]] = []

    def watch(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        seen.append(rows)
        return np.zeros((len(rows), 2), dtype=np.float32)

    stream = waves(record.mv, record.rate_hz, CODE)
    told = signs(HeartDetector(complexes=judge, kinds=watch), stream, {"beats": True})
    at_us = np.array([sign.at_us for sign in told if sign.what == "beat"], dtype=np.int64)
    at = np.round((at_us - START_US) * record.rate_hz / 1_000_000).astype(np.int64)
    reference = [(sample, CLASSES[letter]) for sample, letter in record.beats if letter in CLASSES]
    names = np.array([name for _, name in reference] + ["X"])
    labels = names[matched(at, [sample for sample, _ in reference], MATCH_S * record.rate_hz)]
    rows = np.concatenate(seen)
    for begin, end in record.flutter():
        labels[(at >= begin) & (at <= end)] = "?"
    chosen = _drawn(at, labels, most)
    settled = np.ones(len(at), dtype=bool)
    for begin, end in record.spans("(AFIB") + record.spans("(AFL"):
        settled[(at >= begin) & (at < end)] = False
    calm = chosen[settled[chosen] & (labels[chosen] != "V")]
    return _weighed(rows[chosen], labels[chosen] == "V"), _weighed(rows[calm], labels[calm] == "S")


def _lighter(rows: Rows, weight: float) -> Rows:
    return Rows(rows.rows, rows.is_one, rows.weights * weight)


def _weighed(rows: NDArray[np.float32], is_one: NDArray[np.bool_]) -> Rows:
    counts = np.array([(~is_one).sum(), is_one.sum()])
    return Rows(rows, is_one, (1 / np.sqrt(np.maximum(counts, _RARE)))[is_one.astype(int)])


def _forest(parts: Sequence[Rows], trees: int, leaf: int, leaves: int) -> ExtraTreesClassifier:
    weights = np.concatenate([part.weights for part in parts])
    return ExtraTreesClassifier(
        trees,
        min_samples_leaf=leaf,
        max_features=0.35,
        max_leaf_nodes=leaves,
        random_state=_SEED,
        n_jobs=1,
    ).fit(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.is_one for part in parts]),
        sample_weight=weights / weights.mean(),
    )


def learn_complexes(parts: Sequence[Rows]) -> bytes:
    """Return the forest that tells beats from other candidates."""
    return graph([_forest(parts, 40, 5, 80)], complexes.FEATURES)


def learn_kinds(parts: Sequence[tuple[list[Rows], list[Rows]]]) -> bytes:
    """Return the forests for ventricular and for supraventricular beats, in this order."""
    width = parts[0][0][0].rows.shape[1]
    v = _forest([row for rows, _ in parts for row in rows], 80, 6, 100)
    s = _forest([row for _, rows in parts for row in rows], 80, 6, 100)
    return graph([v, s], width)


@dataclass(frozen=True)
class Learned:
    """Weights by fold, which never saw the fold's records, and the rows that all teach."""

    folds: Mapping[str, int]
    complexes: tuple[bytes, ...]
    kinds: tuple[bytes, ...]
    complex_rows: Mapping[str, Rows]
    kind_rows: Mapping[str, tuple[list[Rows], list[Rows]]]

    def detector(self, name: str) -> HeartDetector:
        """Return a detector that never saw this record."""
        fold = self.folds[name]
        return HeartDetector(Model(self.complexes[fold]), Model(self.kinds[fold]))


def crossed(records: Sequence[Recording]) -> Learned:
    """Learn anew for each group of records that is left out; two records are a group."""
    folds = {record.name: number % FOLDS for number, record in enumerate(records)}
    first = {record.name: complex_rows(record) for record in records}
    found = tuple(
        learn_complexes([first[name] for name in first if folds[name] != fold])
        for fold in range(FOLDS)
    )
    second: dict[str, tuple[list[Rows], list[Rows]]] = {}
    for number, record in enumerate(records):
        judge = Model(found[folds[record.name]])
        v, s = kind_rows(record, judge)
        copies = [
            kind_rows(copy, judge, _COPIED)
            for copy in (
                noisy(record, number),
                turned(record, number, moving=False),
                turned(record, number, moving=True),
            )
        ]
        second[record.name] = (
            [v, *(_lighter(rows, _COPY_WEIGHT) for rows, _ in copies)],
            [
                s,
                *(_lighter(rows, _COPY_WEIGHT) for _, rows in copies),
                *invented_rows(record, number, judge),
            ],
        )
    kinds = tuple(
        learn_kinds([second[name] for name in second if folds[name] != fold])
        for fold in range(FOLDS)
    )
    return Learned(folds, found, kinds, first, second)


def written(records: Sequence[Recording], learned: Learned) -> dict[str, float]:
    """Write the weights that all records teach, and what they are; return their sizes."""
    sizes: dict[str, float] = {}
    for name, content in (
        ("ecg-complex", learn_complexes(list(learned.complex_rows.values()))),
        ("ecg-beat", learn_kinds(list(learned.kind_rows.values()))),
    ):
        (MODELS / f"{name}.onnx").write_bytes(content)
        subjects = ", ".join(f'"{record.name}"' for record in records)
        (MODELS / f"{name}.yaml").write_text(
            f"name: {name}\nversion: '1'\nsha256: {hashlib.sha256(content).hexdigest()}\n"
            f"made_by: ./dev train ecg-beat\ncard: docs/models/ecg-beat.md\n"
            f"data: [{SET}]\nlicence: ODC-By-1.0\ntrained_on: [{subjects}]\n",
            "utf-8",
        )
        sizes[f"{name}_bytes"] = float(len(content))
    return sizes


def train() -> dict[str, float]:
    """Learn from all of DS1 and write weights and their cards; return their sizes."""
    records = recordings(files.HOME / SET)
    return written(records, crossed(records))
