"""Intervals by subject: people are drawn again, not recordings, for one person's are alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from evaluation.outcome import Figure

DRAWS = 2000
_SEED = 20260101
# 95 % of the draws lie between these percentiles.
_LOW, _HIGH = 2.5, 97.5

Counts = Mapping[str, Sequence[float]]


def figure(name: str, counts: Counts, of: Callable[[np.ndarray], float], note: str = "") -> Figure:
    """Return a figure of summed counts with its interval over subjects drawn with replacement.

    counts: a subject's numbers, the same in each; of: the sums, shape (k,), to the figure, NaN
    where it has none. The draws are the same on every call. One subject has no interval; where all
    subjects agree the interval is that of the rule of three over subjects, when the figure is a
    share that is 0 or 1.
    """
    table = np.array([list(counts[who]) for who in sorted(counts)], dtype=float)
    value = float(of(table.sum(axis=0)))
    if len(table) < 2 or not np.isfinite(value):
        return Figure(name, value, subjects=len(table), note=note)
    draw = np.random.default_rng(_SEED).integers(0, len(table), (DRAWS, len(table)))
    found = np.array([of(table[rows].sum(axis=0)) for rows in draw])
    found = found[np.isfinite(found)]
    low, high = (float(x) for x in np.percentile(found, (_LOW, _HIGH)))
    three = 3 / len(table)
    if low == high == 1.0:
        low = max(0.0, 1 - three)
    elif low == high == 0.0:
        high = min(1.0, three)
    return Figure(name, value, low, high, len(table), note)


def share(part: int, whole: Sequence[int]) -> Callable[[np.ndarray], float]:
    """Return the share of one column in the sum of others, such as sensitivity from (tp, fn)."""

    def of(sums: np.ndarray) -> float:
        total = sum(sums[column] for column in whole)
        return float(sums[part] / total) if total else float("nan")

    return of
