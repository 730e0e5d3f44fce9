"""Pages of telemetry."""

from songhe.domains.telemetry.views.letters import Dismiss, Letter, LetterList, Replay
from songhe.domains.telemetry.views.readings import Readings, VoidReading

__all__ = ["Dismiss", "Letter", "LetterList", "Readings", "Replay", "VoidReading"]
