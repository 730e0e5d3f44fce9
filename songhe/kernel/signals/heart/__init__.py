"""Heart rhythm from one lead of an ECG: beats, their kinds, pauses, rates, runs, fibrillation.

What is said is a suspicion for somebody to look at, with the strip; never a diagnosis.
"""

from songhe.kernel.signals.heart.detector import HeartDetector
from songhe.kernel.signals.heart.telling import DEFAULTS

__all__ = ["DEFAULTS", "HeartDetector"]
