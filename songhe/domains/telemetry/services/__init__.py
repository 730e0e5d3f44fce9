"""Writing beside the gateway: voiding, dead letters, and the keeping of old days."""

from songhe.domains.telemetry.services.errors import LetterHandled, NoSuchReading, ReasonNeeded
from songhe.domains.telemetry.services.keeping import (
    AskedAlready,
    ask_to_seal,
    keep_soon,
    roll_up_due_regions,
    seal_old_days,
)
from songhe.domains.telemetry.services.letters import dismiss_letter, replay_letter
from songhe.domains.telemetry.services.packing import SealBroken
from songhe.domains.telemetry.services.runs import NothingToStop, stop_run
from songhe.domains.telemetry.services.sealing import seal_day
from songhe.domains.telemetry.services.voiding import void_reading

__all__ = [
    "AskedAlready",
    "LetterHandled",
    "NoSuchReading",
    "NothingToStop",
    "ReasonNeeded",
    "SealBroken",
    "ask_to_seal",
    "dismiss_letter",
    "keep_soon",
    "replay_letter",
    "roll_up_due_regions",
    "seal_day",
    "seal_old_days",
    "stop_run",
    "void_reading",
]
