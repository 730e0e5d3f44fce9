"""A recorded home flows through the real socket into a person's home, and shows in the day."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import Visit
from tests.e2e.house import ROOT, House

RECORDING = ROOT.parent / "shared/data/adl_kasteren"
pytestmark = pytest.mark.skipif(
    not RECORDING.is_dir(), reason="the recording adl_kasteren is not beside this checkout"
)


def table(page: Page, person: str, day: str) -> list[str]:
    """Return the rows of the table behind the day picture."""
    page.goto(f"/people/{person}/?day={day}")
    return page.locator("#day table tbody tr").all_text_contents()


def test_a_real_home_shows_in_the_day_picture(house: House, visit: Visit) -> None:
    person = house.somebody("pir", "door-magnet")
    page = visit("sun", f"/people/{person.id}/")
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    days = [str(today - timedelta(days=ago)) for ago in (0, 1, 2)]
    before = {day: table(page, person.id, day) for day in days}
    command = [sys.executable, "-m", "songhe.config.cli", "replay", str(RECORDING),
               "--person", person.name, "--speed", "0", "--days", "1"]  # fmt: skip
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=house.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"(\d+) messages of \d+ sensors, (\S+) (\d\d:\d\d)", done.stdout)
    assert found is not None, done.stdout
    _, day, began = found.groups()
    after = table(page, person.id, day)
    assert len(after) > len(before[day])
    assert any(began in row for row in after), after
