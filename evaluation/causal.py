"""Whether a detector keeps its promise: cuts change nothing, and neither does the future."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from evaluation.streaming import signs, waves
from songhe.kernel.signals import Detector, Sign

_SEED = 11


def plain(told: Sequence[Sign]) -> list[Sign]:
    """Return signs without the beginnings of waves, which the cutting decides."""
    return [msgspec.structs.replace(sign, evidence_us=()) for sign in told]


def broken_promises(
    detector: Detector,
    samples: NDArray[Any],
    rate_hz: float,
    code: int,
    *,
    leads: Sequence[str] = ("",),
    params: Mapping[str, Any] | None = None,
    cuts: int = 6,
) -> list[str]:
    """Return what differs when a recording is cut otherwise, or ends early; nothing when all holds.

    Sizes are drawn from 1 sample to a second. After each of `cuts` instants the rest is replaced by
    nothing and by a loud noise: what was known by then must be the same.
    """
    draw = np.random.default_rng(_SEED)
    whole = plain(signs(detector, waves(samples, rate_hz, code, leads=leads), params))
    broken: list[str] = []
    for most in (int(rate_hz), 7):
        sizes = [int(n) for n in draw.integers(1, max(2, most + 1), 64)]
        cut = waves(samples, rate_hz, code, leads=leads, sizes=sizes)
        if (other := plain(signs(detector, cut, params))) != whole:
            broken.append(f"cut into up to {most} samples: {_first(whole, other)}")
    for end in sorted(int(n) for n in draw.integers(1, len(samples) + 1, cuts)):
        rest = samples[end:]
        noise = rest * 0 + draw.normal(0, float(np.nanstd(samples)) * 5 + 1, rest.shape)
        for name, part in (("nothing", samples[:end]), ("noise", np.r_[samples[:end], noise])):
            stream = list(waves(part, rate_hz, code, leads=leads))
            last = stream[0].started_us + int(end * 1_000_000 / rate_hz)
            other = [s for s in plain(signs(detector, iter(stream), params)) if s.known_us <= last]
            before = [s for s in whole if s.known_us <= last]
            if other != before:
                broken.append(f"{name} after sample {end}: {_first(before, other)}")
    return broken


def _first(one: Sequence[Sign], other: Sequence[Sign]) -> str:
    for a, b in zip(one, other, strict=False):
        if a != b:
            return f"{a} against {b}"
    return f"{len(one)} signs against {len(other)}"
