"""Runs of real processes, whose lines can be waited for and whose remains are counted."""

from __future__ import annotations

import os
import queue
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from songhe.config.postgres import cluster_home

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 90


class Run:
    """One started command, with its output as it comes."""

    def __init__(self, argv: list[str], state: Path, **more: str) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SONGHE_")}
        self.process = subprocess.Popen(
            argv,
            cwd=state.parent,
            env={**environment, "SONGHE_STATE": str(state), "PYTHONPATH": str(ROOT), **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line)
        self._queue.put(None)

    def until(self, words: str) -> str:
        """Return the first line with these words; fail when the output ends without."""
        while True:
            line = self._queue.get(timeout=PATIENCE_S)
            if line is None:
                pytest.fail(f"ended without {words!r}:\n{''.join(self.lines)}")
            self.lines.append(line)
            if words in line:
                return line

    def end(self) -> int:
        """Wait for the end and return the exit code; the rest of the output is kept."""
        code = self.process.wait(PATIENCE_S)
        while (line := self._queue.get(timeout=PATIENCE_S)) is not None:
            self.lines.append(line)
        return code

    def stop(self) -> int:
        """Stop as `kill` does and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.end()

    def family(self) -> list[psutil.Process]:
        """Return every process below this one."""
        return psutil.Process(self.process.pid).children(recursive=True)

    @property
    def text(self) -> str:
        """Return the output so far."""
        return "".join(self.lines)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """Return a state folder whose cluster is removed afterwards, wherever it stands."""
    folder = tmp_path / "a state"
    yield folder
    shutil.rmtree(cluster_home(folder), ignore_errors=True)


@pytest.fixture
def start() -> Iterator[Callable[..., Run]]:
    """Return a function that starts a command of Songhe or the small house."""
    runs: list[Run] = []

    def go(*argv: str, state: Path) -> Run:
        first = Path(__file__).with_name("small_house.py")
        command = [str(first)] if argv[0] == "house" else ["-m", "songhe.config.cli", argv[0]]
        # A killed process loses nothing that the system has; only a killed machine needs fsync.
        more = {"SONGHE_MODE": "test"} if argv[0] == "house" else {}
        runs.append(Run([sys.executable, *command, *argv[1:]], state, **more))
        return runs[-1]

    yield go
    for run in runs:
        if run.process.poll() is None:
            family = run.family()
            run.process.kill()
            run.process.wait()
            gone(family)


def gone(family: list[psutil.Process], timeout_s: float = 30) -> bool:
    """Wait for processes to end; tell whether all did (one that nobody has reaped has ended)."""
    give_up = time.monotonic() + timeout_s
    for process in family:
        try:
            handle = os.pidfd_open(process.pid)
        except ProcessLookupError:
            continue
        with os.fdopen(handle):
            left_s = max(0, give_up - time.monotonic())
            if not select.select([handle], [], [], left_s)[0]:
                return False
    return True
