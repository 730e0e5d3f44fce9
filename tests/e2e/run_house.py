"""`songhe up` with a small county, which is made before the doors open."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from songhe.config.supervisor import Process
from songhe.config.supervisor_up import House, add_arguments, env_of, run

FURNISH = "furnish"


def plan_with(facts: Path, house: House) -> Sequence[Process]:
    """Return the house's plan; the county is made after the tables and before everything else."""
    made: list[Process] = []
    for process in house.processes():
        if process.name in {"gateway", "web", "live", "jobs"}:
            process = replace(process, after=[FURNISH])
        made.append(process)
        if process.name == "migrate":
            script = Path(__file__).with_name("small_county.py")
            argv = [sys.executable, str(script), str(facts)]
            made.append(Process(name=FURNISH, argv=argv, after=["migrate"], once=True))
    return made


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    parser.add_argument("--facts", type=Path, required=True)
    given = parser.parse_args()
    sys.exit(run(env_of(given, mode="demo"), plan=lambda house: plan_with(given.facts, house)))
