"""The supervisor's memory of its processes in a file: starts, ends and last faults."""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path

import msgspec

from songhe.kernel.processes import KEPT_STARTS, ProcessRecord, ProcessRecords

MOST_LETTERS = 300


class Record:
    """Writes a change at once; a full disk or a missing folder stops nobody."""

    def __init__(self, file: Path | None = None) -> None:
        """Write to `file`; nowhere without one."""
        self.file = file
        self._all = ProcessRecords(supervisor=os.getpid(), written_at=time.time())

    def _of(self, name: str) -> ProcessRecord:
        return self._all.processes.setdefault(name, ProcessRecord())

    def started(self, name: str, pid: int) -> None:
        """Note a start."""
        one = self._of(name)
        one.pid = pid
        one.starts = [*one.starts, time.time()][-KEPT_STARTS:]
        self._write()

    def ended(self, name: str, code: int) -> None:
        """Note an end."""
        one = self._of(name)
        one.pid, one.ended_at, one.exit_code = None, time.time(), code
        self._write()

    def faulted(self, name: str, line: str) -> None:
        """Note a line of level error or worse."""
        one = self._of(name)
        one.fault, one.fault_at = _said(line)[:MOST_LETTERS], time.time()
        self._write()

    def _write(self) -> None:
        if self.file is None:
            return
        self._all.written_at = time.time()
        fresh = self.file.with_suffix(".new")
        with contextlib.suppress(OSError):
            fresh.write_bytes(msgspec.json.encode(self._all))
            fresh.replace(self.file)


def _said(line: str) -> str:
    """Return the words of a line of the log."""
    if not line.startswith("{"):
        return line.partition(" ")[2] if line.startswith(("ERROR ", "CRITICAL ")) else line
    try:
        event = json.loads(line)
    except ValueError:
        return line
    last = str(event.get("fault", "")).rpartition("\n")[2]
    return f"{event.get('event', '')}: {last}" if last else str(event.get("event", ""))
