"""Pieces of Python, each in a process of its own that need not load the product again."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0
# Nothing is connected before the fork, so each piece begins with nothing that another has left.
_PROGRAM = """
import json, os, sys, traceback
import django
django.setup()
for line in sys.stdin:
    child = os.fork()
    if not child:
        status = 1
        try:
            os.dup2(2, 1)
            exec(compile(json.loads(line), "<piece>", "exec"), {"__name__": "__main__"})
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Forker:
    """Runs pieces one after the other in an environment; what they write is the caller's."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, code: str) -> None:
        """Run a piece to its end. Raises AssertionError where it fails or takes over a minute."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(code) + "\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], PATIENCE_S)
        said = process.stdout.readline().strip() if ready else "nothing within a minute"
        assert said == "0", f"a piece ended with {said or 'its program'}:\n{code}"

    def close(self) -> None:
        """End the program; a piece that still runs is killed with it."""
        self._process.kill()
        self._process.wait()
