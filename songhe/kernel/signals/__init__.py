"""Pure detectors of signals: samples of a sensor judged chunk by chunk, the same live and later."""

from songhe.kernel.signals.detector import Detector, Phase, Sign, SignalState

__all__ = ["Detector", "Phase", "Sign", "SignalState"]
