"""Several real processes that begin one thing at the same moment, on the database of a test.

`python -m tests.support.racing MODULE:FUNCTION JSON` is one of them: it connects, says that it is
ready, begins when it reads a line, and writes what the function returned as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def race(function: str, given: list[dict[str, Any]], *, within_s: float = 120) -> list[Any]:
    """Let one process for each of `given` call MODULE:FUNCTION with it, all at once.

    Return what they returned, in order. The test must have committed what they need
    (`django_db(transaction=True)`). Raises RuntimeError where one of them failed.
    """
    from django.db import connection

    at = connection.settings_dict
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "songhe.config.settings",
        "SONGHE_DATABASE_URL": (
            f"postgresql://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"
        ),
    }
    runners = [
        subprocess.Popen(
            [
                sys.executable,
                "-W",
                "ignore",
                "-m",
                "tests.support.racing",
                function,
                json.dumps(one),
            ],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for one in given
    ]
    try:
        for one in runners:
            assert one.stdout is not None
            if one.stdout.readline() != "ready\n":
                raise RuntimeError("a process did not begin")
        for one in runners:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        told = [one.communicate(timeout=within_s)[0] for one in runners]
        if any(one.returncode for one in runners):
            raise RuntimeError("a process failed")
        return [json.loads(text.splitlines()[-1]) for text in told]
    finally:
        for one in runners:
            one.kill()
            one.wait()


def main(function: str, given: str) -> None:
    """Be one of the processes."""
    import django

    django.setup()
    from django.db import connection

    room, _colon, name = function.partition(":")
    call = getattr(import_module(room), name)
    connection.ensure_connection()
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(call(**json.loads(given))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
