"""A wall clock that can be set for chosen processes, while the machine's own stays as it is.

Setting the machine's clock would step it under everything else that runs here. `clock.c` is loaded
into the processes instead: they are the real ones, and no setting of the product is involved.
"""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")


class NoCompiler(RuntimeError):
    """The clock cannot be built here."""


class Clock:
    """A clock for the processes that get `environment`. Folder and files are readable to all."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise NoCompiler("no C compiler here to build the clock that a drill sets")
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        library, self._file = folder / "clock.so", folder / "clock.offset"
        subprocess.run(
            [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"],
            check=True,
        )
        self._file.write_bytes(bytes(8))
        self._file.chmod(0o644)
        self._handle = os.open(self._file, os.O_RDWR)
        self._map = mmap.mmap(self._handle, 8)
        self.offset_s = 0.0
        self.environment = {"LD_PRELOAD": str(library), "DRILL_CLOCK": str(self._file)}

    def set(self, offset_s: float) -> None:
        """Let the clock be so far ahead of the machine's (negative: behind), at once."""
        self.offset_s = offset_s
        self._map[:] = struct.pack("q", round(offset_s * 1_000_000))

    def close(self) -> None:
        self._map.close()
        os.close(self._handle)
