"""`./dev test`: every test on a real PostgreSQL, in the system's browser where there is one."""

from __future__ import annotations

import os
import sys
import time

import pytest

from tools.browser import provide
from tools.translations import compile_all


def main(argv: list[str]) -> int:
    """Provide what the system lacks, then run pytest; its closing line is the last of it."""
    began = time.monotonic()
    compile_all()
    for need in provide():
        print(f"test: without {need.what} the tests that need it are skipped, each with its reason")
    os.environ.setdefault("PYTHONFAULTHANDLER", "1")
    print(f"test: ready after {time.monotonic() - began:.0f} s", flush=True)
    return int(pytest.main(argv))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
