"""The detectors of signals by name. A new one is entered here, and a rule says what it is for.

What is counted (`kernel.detectors.counted`) needs no rule.
"""

from __future__ import annotations

from songhe.kernel.signals.array import ARRAY
from songhe.kernel.signals.detector import Detector
from songhe.kernel.signals.heart.detector import HeartDetector
from songhe.kernel.signals.radar import RADAR
from songhe.kernel.signals.steps import StepDetector
from songhe.kernel.signals.worn import FallDetector

DETECTORS: dict[str, Detector] = {
    "worn-fall": FallDetector(),
    "array": ARRAY,
    "radar": RADAR,
    "heart": HeartDetector(),
    "steps": StepDetector(),
}


def of_code(code: int) -> tuple[str, ...]:
    """Return the names of the detectors that judge waves of a code."""
    return tuple(name for name, detector in DETECTORS.items() if code in detector.codes)


def warmup_s() -> float:
    """Return how much of the past rebuilds every detector's state after a restart, in seconds."""
    return max((detector.warmup_s for detector in DETECTORS.values()), default=0.0)
