"""`./dev drill --minutes N`: random faults under load, then every promise checked.

The whole product runs on a folder and ports of its own, devices speak to it from a process of their
own, and one fault after another is drawn and done (`tests/support/drill`). Exits with 1 when a
promise is broken. With --log FILE every fault is a line of JSON; a drill that was interrupted goes
on from there with the same seed.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.drill import check
from tests.support.drill.disk import SmallDisk
from tests.support.drill.faults import Injector, catalogue
from tests.support.drill.house import DrillHouse
from tests.support.drill.witness import Desk, Stream
from tools.pytest_songhe import PORTS, free_ports

PAUSE_S = (3.0, 9.0)
WARM_S = 10


@dataclass
class Journal:
    """What was done, one line of JSON a fault; a drill that was interrupted is taken up again."""

    path: Path | None
    seed: int
    done: int = 0
    spent_s: float = 0.0
    peak: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path | None, seed: int | None) -> Journal:
        """Open a journal; the seed of an existing one holds."""
        journal = cls(path, seed if seed is not None else random.SystemRandom().randrange(10**6))
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                journal.seed, journal.done = row["seed"], row["number"]
                journal.spent_s = row["spent_s"]
        return journal

    def write(self, **row: Any) -> None:
        """Add a line."""
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"seed": self.seed, **row}, ensure_ascii=False) + "\n")

    def remember(self, memory: dict[str, int]) -> None:
        """Keep the most that each process took (MB)."""
        for name, used in memory.items():
            self.peak[name] = max(used, self.peak.get(name, 0))


def draws(seed: int) -> random.Random:
    """Return the chance of a drill."""
    return random.Random(seed)  # noqa: S311 (a course of faults, no secret)


def drill(options: argparse.Namespace, house: DrillHouse, journal: Journal) -> list[str]:
    """Hurt the house until the time is over; return what is broken."""
    injector, chance = Injector(house), draws(journal.seed)
    stream, desk = Stream(house).start(), Desk(house)
    desk.sign_in()
    over_s = max(20.0, options.minutes * 60 - journal.spent_s)
    house.load(options.rate, critical_over_s=over_s * 0.9)
    time.sleep(WARM_S)
    before, began = house.memory(), time.monotonic()
    journal.remember(before)
    number = 0
    while time.monotonic() - began < over_s:
        faults = catalogue(injector, chance)
        name = chance.choice(sorted(faults))
        pause_s = chance.uniform(*PAUSE_S)
        number += 1
        if number <= journal.done:
            continue
        took_s = injector.run(name, faults[name])
        house.until_more(50, 180)
        memory, count = house.memory(), house.acknowledgements()
        journal.remember(memory)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        spent_s = round(journal.spent_s + time.monotonic() - began)
        journal.write(number=number, at=at, fault=name, took_s=round(took_s, 1), spent_s=spent_s,
                      acknowledged=count, memory_mb=memory)  # fmt: skip
        print(f"{number:>4}  {name:<34} well after {took_s:>6.1f} s   "
              f"{count:>9,} acknowledged   {memory} MB", flush=True)  # fmt: skip
        time.sleep(pause_s)
    return verdict(house, injector, stream, desk, before, journal)


def verdict(
    house: DrillHouse,
    injector: Injector,
    stream: Stream,
    desk: Desk,
    before: dict[str, int],
    journal: Journal,
) -> list[str]:
    """Check every promise and print how each stands."""
    said = house.finish_load(300)
    print(f"\ndevices: {said}")
    steady = check.timers_kept(house, injector.troubles, injector.stepped)
    results: dict[str, list[str]] = {
        "nothing acknowledged that could not be stored": injector.broken,
        "hostile clients shown out, others unharmed": injector.suffered,
        "every message acknowledged in the end": (
            [] if said["sent"] == said["acknowledged"] else ["messages were lost by the devices"]
        ),
        "every acknowledged reading stored exactly once": check.stored_once(house),
        "every finding exactly one alarm": check.judged_once(house),
        "every escalation step once and on time": steady,
        "no job failed or left": check.work_done(house),
    }
    stream.stop()
    results["every alarm on the stream, or a resync"] = check.announced(
        house, stream.heard, stream.knows_until
    )
    # One that came late by our clock rings low, and closes itself when its value is back.
    count, open_ = house.rows(
        "SELECT count(*), count(*) FILTER (WHERE state <> 'resolved') FROM monitoring_alarm"
        " WHERE rule = 'bp-critical'"
    )[0]
    shown = desk.alarms_shown()
    results["the desk shows every open alarm"] = (
        [] if shown >= open_ else [f"{shown} of {open_} are shown"]
    )
    results["memory bounded"] = check.bounded(before, house.memory(), journal.peak)
    print(f"alarms of critical readings: {count}, open: {open_}, shown at the desk: {shown}, "
          f"stream connections: {stream.connections}, resyncs: {stream.resyncs}, "
          f"peak memory: {journal.peak} MB\n")  # fmt: skip
    for promise, broken in results.items():
        print(f"{'kept  ' if not broken else 'BROKEN'}  {promise}{check.shown(broken)}")
    return [line for broken in results.values() for line in broken]


def main(argv: list[str]) -> int:
    """Run one drill."""
    parser = argparse.ArgumentParser(prog="./dev drill", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, help="the same seed draws the same faults")
    parser.add_argument("--devices", type=int, default=60)
    parser.add_argument("--rate", type=float, default=300.0, help="messages a second, together")
    parser.add_argument("--log", type=Path, help="a line of JSON a fault; goes on where it ended")
    parser.add_argument("--disk-mb", type=int, default=2000, help="disk of the drill, 0: no limit")
    parser.add_argument("--keep", type=Path, help="where the log of the house is kept")
    options = parser.parse_args(argv)
    journal = Journal.of(options.log, options.seed)
    folder = Path(tempfile.mkdtemp(prefix="songhe-drill-"))
    house = DrillHouse(folder, free_ports(PORTS), options.devices)
    disk = SmallDisk(house.cluster.home, options.disk_mb) if options.disk_mb else None
    print(f"drill: seed {journal.seed}, {options.minutes:g} minutes, {options.devices} devices, "
          f"{options.rate:g} messages/s", flush=True)  # fmt: skip
    try:
        if disk is not None and not disk.mount():
            print(f"drill: no full disk in this one: {disk.why}")
            disk = None
        if disk is not None:
            house.stand_on(disk)
        house.start()
        broken = drill(options, house, journal)
    finally:
        if options.keep is not None and house.log_file.exists():
            shutil.copy(house.log_file, options.keep)
        house.close()
        if disk is not None:
            disk.unmount()
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
