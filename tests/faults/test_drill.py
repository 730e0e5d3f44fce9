"""The whole house under load and hurt in every way that takes seconds; then every promise."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.drill import check
from tests.support.drill.faults import Injector
from tests.support.drill.house import EVERYBODY, DrillHouse
from tests.support.drill.witness import Desk, Stream
from tools.pytest_songhe import PORTS, free_ports

pytestmark = pytest.mark.slow
DEVICES = 16
RATE = 120.0
OUTAGE_S = 8.0


@pytest.fixture
def house() -> Iterator[DrillHouse]:
    """Return a house of its own with its own database."""
    folder = Path(tempfile.mkdtemp(prefix="songhe-drill-"))
    running = DrillHouse(folder, free_ports(PORTS), DEVICES)
    try:
        yield running.start()
    finally:
        running.close()
        shutil.rmtree(folder, ignore_errors=True)


def test_every_promise_holds(house: DrillHouse) -> None:
    injector = Injector(house)
    stream, desk = Stream(house).start(), Desk(house)
    desk.sign_in()
    house.load(RATE, critical_over_s=18)
    house.until_more(200)
    before = house.memory()

    # Each process alone is killed in test_up.py, gateway and database under load in test_crash.py.
    injector.run("kill jobs", lambda: injector.kill("jobs"))
    injector.run("kill everybody", lambda: injector.kill(*EVERYBODY))
    injector.run("database frozen", lambda: injector.freeze_database(OUTAGE_S))
    injector.run("database stopped", lambda: injector.stop_database(2))
    house.until_more(200)

    said = house.finish_load()
    assert said["sent"] == said["acknowledged"]
    assert injector.broken == []
    assert check.stored_once(house) == []
    assert check.judged_once(house) == []
    # How soon is for the long drill on a machine of its own; here, that each came and came once.
    assert check.timers_kept(house, injector.troubles, on_time_s=20) == []
    assert check.work_done(house) == []
    stream.stop()
    assert stream.connections >= 2
    assert check.announced(house, stream.heard, stream.knows_until) == []
    assert desk.alarms_shown() == DEVICES
    after = house.memory()
    assert check.bounded(before, after, after) == []
