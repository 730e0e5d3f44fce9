"""A disk of its own for a database, small enough to be filled without harm to anybody else."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
from pathlib import Path

MIB = 1024 * 1024


class SmallDisk:
    """A file system in memory at a place; `fill` leaves no room on it, `free` gives it back."""

    def __init__(self, place: Path, size_mb: int) -> None:
        self.place, self._size_mb = place, size_mb
        self.why = ""
        self._ballast = place / "ballast"

    def mount(self) -> bool:
        """Make it; False, with the reason in `why`, where this account or system may not."""
        if os.geteuid() != 0:
            self.why = "only the administrator may mount"
            return False
        self.place.mkdir(parents=True, exist_ok=True)
        options = f"size={self._size_mb}m,mode=0711"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "songhe-drill", str(self.place)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.why = done.stdout.strip()
        return done.returncode == 0

    def unmount(self) -> None:
        """Take it away, with what is on it."""
        subprocess.run(["umount", "--lazy", str(self.place)], check=False)
        with contextlib.suppress(OSError):
            self.place.rmdir()

    def fill(self) -> int:
        """Take all the room there is; return how many bytes that was."""
        taken, piece = 0, bytes(MIB)
        with self._ballast.open("ab", buffering=0) as file:
            while piece:
                try:
                    taken += file.write(piece)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    piece = piece[: len(piece) // 2]
        return taken

    def free(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)
