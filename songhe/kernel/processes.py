"""What the supervisor writes down of its processes, for those who look: a small file."""

from __future__ import annotations

from pathlib import Path

import msgspec

KEPT_STARTS = 20


class ProcessRecord(msgspec.Struct):
    """One process: number, every start (epoch seconds, the newest last), how the last life ended.

    `pid` is None while it does not run. `fault` is the last line of level error or worse.
    """

    pid: int | None = None
    starts: list[float] = []
    ended_at: float | None = None
    exit_code: int | None = None
    fault: str = ""
    fault_at: float | None = None


class ProcessRecords(msgspec.Struct):
    """All processes of one supervisor; `supervisor` is its own number."""

    supervisor: int
    written_at: float
    processes: dict[str, ProcessRecord] = {}


def record_file(state: Path) -> Path:
    """Return the file in which the supervisor of a state folder writes."""
    return state / "run" / "processes.json"


def read_records(state: Path) -> ProcessRecords | None:
    """Return what the supervisor wrote; None where none runs, or nothing can be read."""
    try:
        return msgspec.json.decode(record_file(state).read_bytes(), type=ProcessRecords)
    except (OSError, msgspec.MsgspecError):
        return None
