"""The machine we stand on: disk, backup, certificate, clock. No Django: `doctor` looks here too."""

from __future__ import annotations

import json
import shutil
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from songhe.kernel.time import StepWatch

STEPS_KEPT_S = 600.0
CLOCK_TOLERANCE_S = 0.5
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk that holds something of ours; `folder` is what of ours stands on it."""

    folder: Path
    free_bytes: int
    total_bytes: int


def disks(folders: Iterable[Path]) -> list[Disk]:
    """Return each disk once, the one with the least free space first.

    Of a folder that does not exist yet, the disk is that of the nearest folder above it.
    """
    found: dict[int, Disk] = {}
    for wanted in folders:
        folder = next(one for one in (wanted, *wanted.parents) if one.exists())
        device = folder.stat().st_dev
        if device not in found:
            usage = shutil.disk_usage(folder)
            found[device] = Disk(folder, usage.free, usage.total)
    return sorted(found.values(), key=lambda disk: disk.free_bytes)


def backup_file(state: Path) -> Path:
    """Return the note that `songhe backup` leaves of the last backup that it wrote."""
    return state / "backup.json"


def note_backup(state: Path, *, file: Path, size_bytes: int, at: datetime) -> None:
    """Write down that a backup was written."""
    note = {"written_at": at.isoformat(), "file": str(file), "size_bytes": size_bytes}
    fresh = backup_file(state).with_suffix(".new")
    fresh.write_text(json.dumps(note), encoding="utf-8")
    fresh.replace(backup_file(state))


def last_backup_at(state: Path) -> datetime | None:
    """Return when the last backup was written; None when none is known."""
    try:
        note = json.loads(backup_file(state).read_text(encoding="utf-8"))
        return datetime.fromisoformat(note["written_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def certificate_ends_at(file: Path | None) -> datetime | None:
    """Return when a certificate ends; None without one, or when it cannot be read."""
    if file is None:
        return None
    try:
        return x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return None


class ClockWatch:
    """Remembers for ten minutes that the wall clock was set, and by how much at most."""

    def __init__(self, wall_s: float, steady_s: float) -> None:
        self._watch = StepWatch(wall_s, steady_s, CLOCK_TOLERANCE_S)
        self._steps: deque[tuple[float, float]] = deque()

    def look(self, wall_s: float, steady_s: float) -> float:
        """Return the largest step within the last ten minutes (s), by both clocks as read now."""
        self._steps.append((steady_s, abs(self._watch.look(wall_s, steady_s))))
        while steady_s - self._steps[0][0] > STEPS_KEPT_S:
            self._steps.popleft()
        return max(step_s for _, step_s in self._steps)


def now() -> datetime:
    """Return the present instant by the clock of the machine."""
    return datetime.now(UTC)
