"""`songhe up`, furnished for a drill; the processes run under the clock that the drill sets."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from songhe.config.supervisor import Process
from songhe.config.supervisor_up import House, add_arguments, env_of, run

FURNISH = "furnish"
SERVANTS = ("gateway", "web", "live", "jobs")


def start_unless_held(hold: Path, prepare: Callable[[], None]) -> None:
    """Let the database come back only once a drill lets it."""
    while hold.exists():
        time.sleep(0.1)
    prepare()


def plan_with(given: argparse.Namespace, house: House) -> Sequence[Process]:
    """Return the house's plan, furnished after the tables and before everything else."""
    clock = json.loads(given.clock)
    made: list[Process] = []
    for process in house.processes():
        if process.name in SERVANTS:
            process = replace(process, after=[FURNISH], env=house.child_environment() | clock)
        elif process.name == "postgres":
            process = replace(
                process,
                env={**(process.env or {}), **clock},
                before_start=partial(start_unless_held, given.hold, house.cluster.prepare),
            )
        made.append(process)
        if process.name == "migrate":
            script = Path(__file__).with_name("furnish.py")
            argv = [sys.executable, str(script), str(given.facts), str(given.devices)]
            made.append(Process(name=FURNISH, argv=argv, after=["migrate"], once=True))
    return made


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    parser.add_argument("--facts", type=Path, required=True)
    parser.add_argument("--devices", type=int, default=24)
    parser.add_argument("--clock", default="{}", help="environment of the clock, JSON")
    parser.add_argument("--hold", type=Path, required=True, help="no database while this exists")
    given = parser.parse_args()
    # Mode test: nothing is flushed to disk, and only a killed machine would tell; mode demo has the
    # fakes of what is outside, so that leaders are told.
    mode = os.environ.get("DRILL_MODE", "demo")
    sys.exit(run(env_of(given, mode=mode), plan=lambda house: plan_with(given, house)))
