"""`./dev test`: every test on a real PostgreSQL, in the system's browser where there is one.

Without arguments two sessions run side by side, each with a database server of its own, so divided
that they take about as long. The second one's words follow when the first has ended.
"""
# The tests of `evaluation` learn as `./dev train` does.
# This tool needs: requirements-lab.lock

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

import pytest

from tools.browser import provide
from tools.translations import compile_all

SECOND = ("tests/access", "tests/conformance", "tests/e2e")  # the rest is the first's
LOOK_S = 0.5


def main(argv: list[str]) -> int:
    """Provide what the system lacks, then run pytest; its closing line is the last of it."""
    began = time.monotonic()
    compile_all()
    for need in provide():
        print(f"test: without {need.what} the tests that need it are skipped, each with its reason")
    os.environ.setdefault("PYTHONFAULTHANDLER", "1")
    print(f"test: ready after {time.monotonic() - began:.0f} s", flush=True)
    return int(pytest.main(argv)) if argv else side_by_side()


def side_by_side() -> int:
    """Run both sides at the same time; return the worse of their codes."""
    first_side = ["songhe", *sorted(_folders() - set(SECOND))]
    print(f"test: {' '.join(first_side)} beside {' '.join(SECOND)}, whose words follow", flush=True)
    command = [sys.executable, "-m", "pytest"]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        second = subprocess.Popen([*command, *SECOND], stdout=said, stderr=subprocess.STDOUT)
        try:
            first = subprocess.run([*command, *first_side], check=False).returncode
            print(f"test: the first side ended with {first}; now the second", flush=True)
            _follow(second, said)
        finally:
            if second.poll() is None:
                second.terminate()
                second.wait()
    print(f"test: the sides ended with {first} and {second.returncode}", flush=True)
    return max(abs(first), abs(int(second.returncode)))  # a signal is a number below nought


def _folders() -> set[str]:
    """Return the folders of tests/ that hold tests, wherever somebody puts a new one."""
    return {file.parent.as_posix() for file in Path("tests").glob("*/test_*.py")} | {
        file.as_posix() for file in Path("tests").glob("test_*.py")
    }


def _follow(process: subprocess.Popen[bytes], said: IO[str]) -> None:
    """Print what a process has written, and what it still writes."""
    place = 0
    while True:
        ended = process.poll() is not None
        said.seek(place)
        sys.stdout.write(said.read())
        sys.stdout.flush()
        place = said.tell()
        if ended:
            return
        time.sleep(LOOK_S)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
