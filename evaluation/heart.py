"""Heart rhythm on the MIT-BIH Arrhythmia Database: beats, their kinds, fibrillation, runs.

Records that the package's weights learned from are judged by weights learned anew without them
(11 groups); all others by the package's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.resources import files as package
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from evaluation.intervals import figure, share
from evaluation.outcome import Figure, Outcome, Table
from evaluation.streaming import START_US, signs, waves
from songhe.kernel.signals import Sign
from songhe.kernel.signals.heart import HeartDetector
from training.ecg_beat import (
    CLASSES,
    CODE,
    MATCH_S,
    Recording,
    crossed,
    matched,
    recordings,
)

# What a recording's end leaves open is not counted: beats wait for this much of the signal.
OPEN_END_S = 18.0
# More of these beats and a record is paced (EC57 leaves such records out of arrhythmia figures).
_PACED = 100
# Fibrillation is compared on a grid of this many seconds.
_GRID_S = 0.5
# Of the operating curve: 0 is what ships.
_LEAST = (0.0, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)
# The same man is in both halves of the set: 201 was learned from, 202 is not.
_SAME_MAN = "202"

# A record's counts, in this order.
(
    QRS, QRS_FALSE, QRS_MISSED,
    V, V_FALSE, V_MISSED, V_STRICT,
    S, S_FALSE, S_MISSED,
    AF, AF_FALSE, AF_MISSED, FLUTTER, FLUTTER_SEEN,
) = range(15)  # fmt: skip


def evaluate(name: str, folder: Path) -> Outcome:
    """Measure the set on a folder of its shape."""
    records = recordings(folder)
    card = yaml.safe_load(
        package("songhe.kernel").joinpath("data/models/ecg-beat.yaml").read_text()
    )
    known = set(card["trained_on"])
    learned = crossed([r for r in records if r.name in known]) if known & _names(records) else None
    counts: dict[str, NDArray[np.float64]] = {}
    others: dict[str, list[float]] = {}
    curve: dict[float, NDArray[np.float64]] = {least: np.zeros(15) for least in _LEAST}
    paced = {r.name for r in records if sum(letter == "/" for _, letter in r.beats) > _PACED}
    for record in records:
        crossed_here = learned is not None and record.name in learned.folds
        detector = learned.detector(record.name) if learned and crossed_here else HeartDetector()
        told = signs(detector, waves(record.mv, record.rate_hz, CODE), {"beats": True})
        counts[record.name] = judged(record, told)
        others[record.name] = rhythm_counts(record, told)
        for least in _LEAST if record.name not in paced else ():
            curve[least] += judged(record, told, least)
    outcome = _outcome(counts, others, paced, sum(r.name in known for r in records))
    return replace(outcome, tables=(_curve(curve), *outcome.tables))


def _names(records: Sequence[Recording]) -> set[str]:
    return {record.name for record in records}


def samples(record: Recording, told: Sequence[Sign]) -> NDArray[np.int64]:
    """Return where signs are in a record, as numbers of samples."""
    at_us = np.array([sign.at_us for sign in told], dtype=np.int64)
    found: NDArray[np.int64] = np.round((at_us - START_US) * record.rate_hz / 1_000_000).astype(
        np.int64
    )
    return found


def judged(record: Recording, told: Sequence[Sign], least: float = 0.0) -> NDArray[np.float64]:
    """Return a record's counts: beats one to one within 150 ms (EC57), fibrillation by its time.

    least: V and S that are less certain than this are taken for N.
    """
    counts = np.zeros(15)
    _beats(record, [sign for sign in told if sign.what == "beat"], counts, least)
    _fibrillation(record, told, counts)
    return counts


def _within(at: NDArray[np.int64], spans: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    found = np.zeros(len(at), dtype=bool)
    for begin, end in spans:
        found |= (at >= begin) & (at <= end)
    return found


def _beats(
    record: Recording, told: Sequence[Sign], counts: NDArray[np.float64], least: float
) -> None:
    end = len(record.mv) - OPEN_END_S * record.rate_hz
    reference = [(at, CLASSES[x]) for at, x in record.beats if x in CLASSES]
    flutter = record.flutter()
    at = samples(record, told)
    said = [sign.facts["class"] if sign.certainty >= least else "N" for sign in told]
    letters = np.array([*said, "?"])[:-1]
    mine = matched(at, [sample for sample, _ in reference], MATCH_S * record.rate_hz)
    names = np.array([name for _, name in reference] + ["X"])
    truth = names[mine]
    counted = (at < end) & ~_within(at, flutter)
    places = np.array([sample for sample, _ in reference], dtype=np.int64)
    seen = np.isin(np.arange(len(places)), mine)
    missed = names[:-1][~seen & (places < end) & ~_within(places, flutter)]
    truth, letters = truth[counted], letters[counted]
    counts[QRS] = (truth != "X").sum()
    counts[QRS_FALSE] = (truth == "X").sum()
    counts[QRS_MISSED] = len(missed)
    counts[V] = ((letters == "V") & (truth == "V")).sum()
    # EC57: fusion and unknown beats that are called ventricular are no mistake.
    counts[V_FALSE] = ((letters == "V") & np.isin(truth, ("N", "S", "X"))).sum()
    counts[V_STRICT] = ((letters == "V") & (truth != "V")).sum()
    counts[V_MISSED] = ((letters != "V") & (truth == "V")).sum() + (missed == "V").sum()
    counts[S] = ((letters == "S") & (truth == "S")).sum()
    counts[S_FALSE] = ((letters == "S") & np.isin(truth, ("N", "V", "F", "X"))).sum()
    counts[S_MISSED] = ((letters != "S") & (truth == "S")).sum() + (missed == "S").sum()


def episodes(record: Recording, told: Sequence[Sign], what: str) -> list[tuple[int, int]]:
    """Return the samples from and to of what was told; open at the end lasts to the end."""
    found: list[tuple[int, int]] = []
    begin: int | None = None
    chosen = [sign for sign in told if sign.what == what]
    for sign, sample in zip(chosen, samples(record, chosen).tolist(), strict=True):
        if sign.phase == "begin":
            begin = sample
        elif begin is not None:
            found.append((begin, sample))
            begin = None
    return [*found, (begin, len(record.mv))] if begin is not None else found


def _fibrillation(record: Recording, told: Sequence[Sign], counts: NDArray[np.float64]) -> None:
    grid = np.arange(0, len(record.mv), _GRID_S * record.rate_hz).astype(np.int64)
    said = _within(grid, episodes(record, told, "fibrillation-suspected"))
    truth = _within(grid, record.spans("(AFIB"))
    flutter = _within(grid, record.spans("(AFL"))
    counts[AF] = (said & truth).sum()
    counts[AF_FALSE] = (said & ~truth & ~flutter).sum()
    counts[AF_MISSED] = (~said & truth).sum()
    counts[FLUTTER] = flutter.sum()
    counts[FLUTTER_SEEN] = (said & flutter).sum()


def rhythm_counts(record: Recording, told: Sequence[Sign]) -> list[float]:
    """Count runs of three ventricular beats seen, missed and false; other signs; unreadable s."""
    run: list[int] = []
    runs: list[tuple[int, int]] = []
    for sample, letter in [*((a, x) for a, x in record.beats if x in CLASSES), (0, "N")]:
        if CLASSES[letter] == "V":
            run.append(sample)
            continue
        if len(run) > 2 and (run[-1] - run[0]) / (len(run) - 1) <= 0.6 * record.rate_hz:
            runs.append((run[0], run[-1]))
        run = []
    runs += record.flutter()
    said = episodes(record, told, "ventricular-run")
    slack = record.rate_hz
    met = [any(a <= d + slack and c <= b + slack for a, b in said) for c, d in runs]
    true = [any(a <= d + slack and c <= b + slack for c, d in runs) for a, b in said]
    bad = sum(b - a for a, b in episodes(record, told, "heart-unreadable")) / record.rate_hz
    counted = [
        float(sum(sign.what == what and sign.phase == "begin" for sign in told))
        for what in ("heart-pause", "heart-slow", "heart-fast", "fibrillation-suspected")
    ]
    hours = len(record.mv) / record.rate_hz / 3600
    return [sum(met), len(met) - sum(met), len(true) - sum(true), *counted, bad, hours]


def _outcome(
    counts: Mapping[str, NDArray[np.float64]],
    others: Mapping[str, Sequence[float]],
    paced: set[str],
    learned: int,
) -> Outcome:
    unpaced = {name: row for name, row in counts.items() if name not in paced}
    every: dict[str, Any] = dict(counts)
    some: dict[str, Any] = dict(unpaced)
    v_note = "V and E; called so but fusion (F) or unknown (Q) is no mistake (EC57)"
    time_note = "share of the time of (AFIB; the time of flutter (AFL is left out"
    figures: list[Figure] = [
        figure("qrs_se", every, share(QRS, (QRS, QRS_MISSED)), "all beats, also the first 5 min"),
        figure("qrs_ppv", every, share(QRS, (QRS, QRS_FALSE)), "paced records too"),
        figure("v_se", some, share(V, (V, V_MISSED)), v_note),
        figure("v_ppv", some, share(V, (V, V_FALSE)), v_note),
        figure("s_se", some, share(S, (S, S_MISSED)), "A, a, J, S"),
        figure("s_ppv", some, share(S, (S, S_FALSE)), "unknown (Q) is no mistake (EC57)"),
        figure("af_se", every, share(AF, (AF, AF_MISSED)), time_note),
        figure("af_ppv", every, share(AF, (AF, AF_FALSE)), "share of the time told"),
    ]
    keys = {found.name: found.value for found in figures}
    figures += [
        figure("v_ppv, strict", some, share(V, (V, V_STRICT)), "fusion beats are mistakes"),
        figure(
            "af_se with flutter",
            every,
            lambda x: _part(x[AF] + x[FLUTTER_SEEN], x[AF] + x[AF_MISSED] + x[FLUTTER]),
            "time of (AFIB or (AFL",
        ),
        figure(
            "af_ppv without flutter",
            every,
            lambda x: _part(x[AF], x[AF] + x[AF_FALSE] + x[FLUTTER_SEEN]),
            "flutter told as fibrillation is a mistake",
        ),
    ]
    if _SAME_MAN in some and len(some) > 1:
        apart = {name: row for name, row in some.items() if name != _SAME_MAN}
        figures += [
            figure("s_se without 202", apart, share(S, (S, S_MISSED)), "202 is the man of 201"),
            figure("s_ppv without 202", apart, share(S, (S, S_FALSE))),
        ]
    proves = (
        f"Beats found and told apart in {len(counts)} half-hour records of as many people, of "
        f"whom {learned} were judged by weights learned anew without them, the rest by the "
        "package's. Beats count one to one within 150 ms (EC57), all of them, without five "
        "minutes to learn, also the unreadable ones; ventricular flutter is left out, and so are "
        f"the last {OPEN_END_S:.0f} s, which the end leaves open. Paced records count for QRS "
        f"and fibrillation only ({len(paced)} here). Fibrillation is measured by time."
    )
    cannot = (
        "Records were chosen in Boston in the 1970s for their arrhythmias, with gelled electrodes "
        "and cardiologists' care: dry electrodes, patches and watches, walking, other devices' "
        "filters are not shown, nor how often a quiet person would be disturbed. Fusion beats "
        "are not told apart. Few people here have atrial fibrillation or many supraventricular "
        "beats, and one record can decide a figure: see the table and the intervals. Flutter "
        "with a steady rate, ventricular fibrillation and ST changes are not looked for."
    )
    return Outcome(keys, tuple(figures), proves, cannot, (_table(counts), _rhythms(others)))


def _curve(curve: Mapping[float, NDArray[np.float64]]) -> Table:
    rows = []
    for least, row in curve.items():
        shares = (
            _part(row[V], row[V] + row[V_MISSED]),
            _part(row[V], row[V] + row[V_FALSE]),
            _part(row[S], row[S] + row[S_MISSED]),
            _part(row[S], row[S] + row[S_FALSE]),
        )
        rows.append((f"{least:.2f}" if least else "as shipped", *(f"{x:.3f}" for x in shares)))
    heads = ("V and S told from this certainty", "V found", "V right", "S found", "S right")
    return Table("Operating curve", heads, tuple(rows))


def _part(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _table(counts: Mapping[str, NDArray[np.float64]]) -> Table:
    heads = ("record", "QRS", "missed", "false", "V", "missed", "false", "S", "missed", "false",
             "AF min", "missed", "false")  # fmt: skip
    picked = (QRS, QRS_MISSED, QRS_FALSE, V, V_MISSED, V_FALSE, S, S_MISSED, S_FALSE)
    rows = []
    for name in sorted(counts):
        row = counts[name]
        minutes = [row[at] * _GRID_S / 60 for at in (AF, AF_MISSED, AF_FALSE)]
        cells = [f"{row[at]:.0f}" for at in picked] + [f"{x:.1f}" for x in minutes]
        rows.append((name, *cells))
    return Table("By record: found, missed, false", heads, tuple(rows))


def _rhythms(others: Mapping[str, Sequence[float]]) -> Table:
    total = np.sum([list(row) for row in others.values()], axis=0)
    seen, missed, false, pauses, slow, fast, af, bad, hours = total.tolist()
    rows = (
        ("runs of three ventricular beats or more, and flutter: seen", f"{seen:.0f}"),
        ("missed", f"{missed:.0f}"),
        ("told where there is none", f"{false:.0f} ({false / hours:.2f} an hour)"),
        ("pauses told", f"{pauses:.0f}"),
        ("slow rates told", f"{slow:.0f}"),
        ("fast rates told", f"{fast:.0f}"),
        ("fibrillation suspected", f"{af:.0f} times"),
        ("not readable", f"{bad / 3600 / hours:.1%} of {hours:.1f} hours"),
    )
    return Table("What would be told", ("what", "how often"), rows)
