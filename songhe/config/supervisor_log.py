"""One log of all processes: each line with its time and process, on the terminal and in a file."""

from __future__ import annotations

import contextlib
import json
import logging
import logging.handlers
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TextIO

from songhe.kernel.logs import clean

COLOURS = (36, 33, 32, 35, 34, 96, 93, 92)
NAME_WIDTH = 9
MAX_LINE = 8_000
FILE_BYTES, FILES = 10_000_000, 5


class OneLog:
    """Writes lines of many processes; coloured names where a person looks at a terminal."""

    def __init__(
        self,
        file: Path | None = None,
        *,
        terminal: TextIO | None = None,
        terminal_names: frozenset[str] | None = None,
        as_json: bool = False,
    ) -> None:
        """Write to `file` (rotated) and `terminal`; of the terminal only `terminal_names`.

        With `as_json` the file holds one JSON object a line: what a process wrote as JSON stays as
        it is, and other lines (of PostgreSQL, of libraries) become its event.
        """
        self.as_json = as_json
        self.terminal = sys.stdout if terminal is None else terminal
        self.terminal_names = terminal_names
        self.coloured = self.terminal.isatty() and "NO_COLOR" not in os.environ
        self._colour_of: dict[str, int] = {}
        self._file: logging.Handler | None = None
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._file = logging.handlers.RotatingFileHandler(
                file, maxBytes=FILE_BYTES, backupCount=FILES, encoding="utf-8"
            )

    def write(self, name: str, line: str) -> None:
        """Write one line of a process; a full disk or a closed terminal stops nobody."""
        now = datetime.now().astimezone()
        line = line[:MAX_LINE]
        if self._file is not None:
            stamp = now.isoformat(timespec="milliseconds")
            text = f"{stamp} {name:<{NAME_WIDTH}} {line}"
            if self.as_json:
                text = line if is_event(line) else _wrapped(stamp, name, line)
            self._file.handle(logging.makeLogRecord({"msg": text, "args": ()}))
        if self.terminal_names is not None and name not in self.terminal_names:
            return
        shown = f"{name:<{NAME_WIDTH}}"
        if self.coloured:
            colour = self._colour_of.setdefault(name, COLOURS[len(self._colour_of) % len(COLOURS)])
            shown = f"\x1b[{colour}m{shown}\x1b[0m"
        with contextlib.suppress(OSError, ValueError):
            self.terminal.write(f"{now:%H:%M:%S} {shown} | {line}\n")
            self.terminal.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def is_event(line: str) -> bool:
    """Tell whether a line is a JSON object already."""
    if not line.startswith("{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _wrapped(stamp: str, name: str, line: str) -> str:
    event = {"event": clean(line), "level": "info", "timestamp": stamp, "process": name}
    return json.dumps(event, ensure_ascii=False)
