"""`./dev check`: lint, types, import contracts, syntax checks, translations, licences, secrets and
known weaknesses of what we build on, side by side.

What could not be asked (no network) is said at the end; it is neither well nor wrong.
"""
# This tool needs: requirements-lab.lock

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable


@dataclass(frozen=True)
class Check:
    """One check: its name and the command that exits with 0 when all is well, 3 when unknown."""

    name: str
    argv: tuple[str, ...]


CHECKS = (
    Check("types", (PYTHON, "-m", "mypy", "songhe", "tools", "evaluation", "training")),
    Check("lint", (PYTHON, "-m", "ruff", "check", "--quiet", ".")),
    Check(
        "contracts",
        (PYTHON, "-c", "from tools.check import contracts; contracts()"),
    ),
    Check("syntax", (PYTHON, "-c", "import sys; from tools.syntax import main; sys.exit(main())")),
    Check("translations", (PYTHON, "-m", "tools.translations", "check")),
    Check("secrets", (PYTHON, "-m", "tools.secret_scan")),
    Check("licences", (PYTHON, "-c", "from tools.check import licences; licences()")),
    Check("asvs", (PYTHON, "-m", "tools.asvs", "--check")),
    Check("advisories", (PYTHON, "-m", "tools.advisories")),
)
UNKNOWN = 3


def contracts() -> None:
    """Run import-linter; it finds our contract class in the working folder."""
    from importlinter.cli import lint_imports

    sys.exit(lint_imports(no_logo=True))


def licences() -> None:
    """Hold what the lock files name against docs/security/licences.yaml."""
    from tools.locks import faults

    wrong = faults()
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


def run(check: Check) -> tuple[Check, int, str, float]:
    """Run one check; return it, its exit code, what it said and how long it took (s)."""
    began = time.monotonic()
    environment = {
        **os.environ,
        "SONGHE_MODE": "test",
        "SONGHE_SECRET_KEY": "only-for-checks",
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        check.argv,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return check, done.returncode, done.stdout, time.monotonic() - began


def main(argv: list[str]) -> int:
    """Run the named checks, or all; print what is wrong; return 1 when something is."""
    names = [check.name for check in CHECKS]
    unknown = set(argv) - set(names)
    if unknown:
        print(f"check: there is no {', '.join(sorted(unknown))}; there are {', '.join(names)}")
        return 0 if unknown & {"-h", "--help"} else 2
    chosen = [check for check in CHECKS if not argv or check.name in argv]
    began = time.monotonic()
    failed, unknown_yet = [], []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for check, code, said, took_s in pool.map(run, chosen):
            word = {0: "ok  ", UNKNOWN: "??  "}.get(code, "FAIL")
            print(f"{word} {check.name:<13} {took_s:5.1f} s", flush=True)
            if code == UNKNOWN:
                unknown_yet.append(f"{check.name}: {' '.join(said.split())}")
            elif code:
                failed.append(check.name)
                print(said.rstrip())
    seconds = time.monotonic() - began
    verdict = f"wrong: {', '.join(failed)}" if failed else "all well"
    if unknown_yet:
        verdict += " but for what could not be asked"
        print("\n".join(unknown_yet))
    print(f"check: {verdict} ({seconds:.0f} s)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
