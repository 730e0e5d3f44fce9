"""Made movements of a worn sensor: a fall, a hard seat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from songhe.kernel.signals.worn_features import STANDARD_GRAVITY

WAIST = ("waist x", "waist y", "waist z")
WRIST = ("wrist x", "wrist y", "wrist z")


def fall(
    rate_hz: float = 50.0, *, then_s: float = 6.0, up: bool = False, seed: int = 1
) -> NDArray[np.float32]:
    """Stand 5 s, tip over for 0.6 s, hit the ground at 4 g, lie; up: stand up and walk. m/s2."""
    draw = np.random.default_rng(seed)
    time = np.arange(round((8 + then_s + (12 if up else 0)) * rate_hz)) / rate_hz
    tip = np.clip((time - 5.0) / 0.6, 0, 1) * np.radians(85)
    if up:
        tip = tip * np.clip(1 - (time - 8 - then_s) / 2, 0, 1)
    size = np.ones_like(time)
    size -= 0.75 * np.exp(-(((time - 5.35) / 0.14) ** 2))
    size += 3.2 * np.exp(-(((time - 5.65) / 0.05) ** 2))
    size += 0.6 * np.exp(-(((time - 5.95) / 0.07) ** 2))
    if up:
        size += 0.25 * np.sin(2 * np.pi * 1.8 * time) * (time > 10 + then_s)
    felt = np.stack([np.sin(tip) * size, 0.2 * np.sin(tip) * size, np.cos(tip) * size], axis=1)
    felt += draw.normal(0, 0.01, felt.shape)
    # What a body that just fell does for a second.
    felt[(time > 5.7) & (time < 6.8)] += draw.normal(0, 0.08, 3)
    return (felt * STANDARD_GRAVITY).astype(np.float32)


def sit(rate_hz: float = 50.0) -> NDArray[np.float32]:
    """Sit down hard: half a second of less weight, 2.2 g, as upright as before. m/s2."""
    time = np.arange(round(14 * rate_hz)) / rate_hz
    size = 1 - 0.3 * np.exp(-(((time - 5.3) / 0.15) ** 2))
    size += 1.2 * np.exp(-(((time - 5.6) / 0.06) ** 2))
    lean = np.radians(20) * np.exp(-(((time - 5.2) / 0.5) ** 2))
    felt = np.stack([np.sin(lean) * size, 0 * size, np.cos(lean) * size], axis=1)
    felt += np.random.default_rng(2).normal(0, 0.01, felt.shape)
    return (felt * STANDARD_GRAVITY).astype(np.float32)
