"""The faults that a drill chooses from. Each is done, waited for, and over when it returns."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.support.drill import hostile
from tests.support.drill.check import Trouble
from tests.support.drill.house import EVERYBODY, SERVANTS, DrillHouse
from tests.support.gateway import until

STEP_S = 3600.0
PATIENCE_S = 180.0


@dataclass
class Injector:
    """Does faults to a house and notes when each held, by the house's clock."""

    house: DrillHouse
    long: bool = True
    troubles: list[Trouble] = field(default_factory=list)
    stepped: list[datetime] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    suffered: list[str] = field(default_factory=list)

    def now(self) -> datetime:
        """Return the present instant by the clock of the house."""
        offset_s = self.house.clock.offset_s if self.house.clock else 0.0
        return datetime.now(UTC) + timedelta(seconds=offset_s)

    def run(self, name: str, fault: Callable[[], None]) -> float:
        """Do a fault and wait until everything is well; return how long it all took (s)."""
        since, began = self.now(), time.monotonic()
        fault()
        self.house.until_well(PATIENCE_S)
        self.troubles.append(Trouble(name, since, self.now()))
        return time.monotonic() - began

    # --- the faults ------------------------------------------------------------------------

    def kill(self, *names: str) -> None:
        """Kill processes outright, all at once; the supervisor starts them again."""
        self.house.wait_back(self.house.signal(names, signal.SIGKILL), PATIENCE_S)

    def freeze_database(self, seconds: float) -> None:
        """Let the database answer nothing for a time, its connections standing."""
        self.house.freeze("postgres", True)
        try:
            self._nothing_acknowledged("while the database was frozen", seconds)
        finally:
            self.house.freeze("postgres", False)

    def stop_database(self, seconds: float) -> None:
        """Shut the database down in order, and let it come back only after a time."""
        house = self.house
        house.hold_file.touch()
        try:
            house.signal(["postgres"], signal.SIGINT)
            until(lambda: "OperationalError" in house.unwell(), "the database to end")
            self._nothing_acknowledged("without a database", seconds)
        finally:
            house.hold_file.unlink()

    def _nothing_acknowledged(self, when: str, seconds: float) -> None:
        time.sleep(0.5)  # what was committed before is acknowledged by then
        count = self.house.acknowledgements()
        time.sleep(seconds)
        more = self.house.acknowledgements() - count
        if more:
            self.broken.append(f"{more} messages were acknowledged {when}")

    def fill_disk(self, seconds: float) -> None:
        """Leave the database no room for a time."""
        disk = self.house.disk
        if disk is None:
            return
        disk.fill()
        try:
            # What room there was inside its files is used up first.
            until(self._still, "the devices to go unacknowledged", PATIENCE_S)
            self._nothing_acknowledged("with a full disk", seconds)
        finally:
            disk.free()

    def _still(self) -> bool:
        assert self.house.disk is not None
        self.house.disk.fill()
        count = self.house.acknowledgements()
        time.sleep(2)
        return self.house.acknowledgements() == count

    def step_clock(self, seconds: float, hold_s: float) -> None:
        """Set the house's clock, let it be wrong for a time, and set it right again."""
        clock = self.house.clock
        if clock is None:
            return
        for offset_s in (seconds, 0.0):
            self.stepped.append(self.now())
            clock.set(offset_s)
            self.stepped.append(self.now())
            self.house.until_more(50)
            time.sleep(hold_s if offset_s else 1.0)

    def hostile_clients(self) -> None:
        """Let strangers and one broken device do what they can, all at once."""
        house = self.house
        key, secret = house.facts["spare"]
        attack = hostile.Attack(house.mqtt_port, house.http_port, key, secret)
        self.suffered += hostile.everything(attack, house.until_more)


def catalogue(injector: Injector, chance: random.Random) -> dict[str, Callable[[], None]]:
    """Return every fault by name, as they are drawn in a long drill."""
    two = chance.sample(EVERYBODY, 2)
    outage_s = chance.choice((8.0, 20.0, 120.0))
    faults: dict[str, Callable[[], None]] = {
        f"kill {name}": lambda name=name: injector.kill(name)  # type: ignore[misc]
        for name in EVERYBODY
    }
    faults |= {
        f"kill {two[0]} and {two[1]}": lambda: injector.kill(*two),
        "kill everybody": lambda: injector.kill(*EVERYBODY),
        "kill all but the database": lambda: injector.kill(*SERVANTS),
        f"database frozen {outage_s:g} s": lambda: injector.freeze_database(outage_s),
        f"database stopped {outage_s:g} s": lambda: injector.stop_database(outage_s),
        "clock an hour ahead": lambda: injector.step_clock(STEP_S, 15),
        "clock an hour behind": lambda: injector.step_clock(-STEP_S, 15),
        "full disk": lambda: injector.fill_disk(5.0),
        "hostile clients": injector.hostile_clients,
    }
    return faults
