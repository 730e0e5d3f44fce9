"""A house of the real embedded database and one counting process, for the fault tests to kill."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence

import psycopg

from songhe.config.supervisor import Process
from songhe.config.supervisor_up import House, add_arguments, env_of, run


def count() -> None:
    """Write a row, say how many there are, and wait for the end with a stubborn grandchild."""
    with psycopg.connect(os.environ["SONGHE_DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS visit (id serial)")
        connection.execute("INSERT INTO visit DEFAULT VALUES")
        row = connection.execute("SELECT count(*) FROM visit").fetchone()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.pause()
    sys.stdout.write(f"visits: {row and row[0]}\n")
    sys.stdout.flush()
    signal.pause()


def plan(house: House) -> Sequence[Process]:
    """Return the database and the counter that stands on it."""
    counter = Process(
        name="counter",
        argv=[sys.executable, __file__, "count"],
        after=["postgres"],
        ready_line="visits:",
    )
    return [house.postgres(), counter]


if __name__ == "__main__":
    if sys.argv[1] == "count":
        count()
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    parser.add_argument("--fresh", action="store_true")
    arguments = parser.parse_args()
    sys.exit(run(env_of(arguments), plan=plan, fresh=arguments.fresh))
