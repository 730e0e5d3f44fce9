"""Pages of telemetry."""

from songhe.domains.telemetry.views.letters import Dismiss, Letter, LetterList, Replay
from songhe.domains.telemetry.views.old_days import OldDays, Seal, StopRun
from songhe.domains.telemetry.views.readings import Readings, VoidReading
from songhe.domains.telemetry.views.waves import Wave

__all__ = [
    "Dismiss",
    "Letter",
    "LetterList",
    "OldDays",
    "Readings",
    "Replay",
    "Seal",
    "StopRun",
    "VoidReading",
    "Wave",
]
