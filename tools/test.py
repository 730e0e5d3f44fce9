"""`./dev test`: every test on a real PostgreSQL, in the system's browser where there is one.

Without arguments three sessions run side by side, each with a database server of its own, so
divided that they take about as long: each waits for half of its time. The words of the others
follow when the first has ended.
"""
# The tests of `evaluation` learn as `./dev train` does.
# This tool needs: requirements-lab.lock

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import pytest

from tools.browser import provide
from tools.translations import compile_all

OTHERS = (  # the rest is the first side's
    ("tests/e2e",),
    ("tests/access", "tests/conformance", "tests/faults", "tests/fuzz", "tests/operations"),
)
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
    """Run all sides at the same time; return the worst of their codes."""
    first_side = ["songhe", *sorted(_folders() - {folder for side in OTHERS for folder in side})]
    words = " beside ".join(" ".join(side) for side in (first_side, *OTHERS))
    print(f"test: {words}; what the others say follows", flush=True)
    command = [sys.executable, "-m", "pytest"]
    with ExitStack() as stack:
        others = []
        for side in OTHERS:
            said = stack.enter_context(
                tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
            )
            run = subprocess.Popen([*command, *side], stdout=said, stderr=subprocess.STDOUT)
            stack.callback(_end, run)
            others.append((side, run, said))
        codes = [subprocess.run([*command, *first_side], check=False).returncode]
        for side, run, said in others:
            print(f"test: a side ended with {codes[-1]}; now {' '.join(side)}", flush=True)
            _follow(run, said)
            codes.append(run.returncode)
    print(f"test: the sides ended with {', '.join(map(str, codes))}", flush=True)
    return max(map(abs, codes))  # a signal is a number below nought


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        process.wait()


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
