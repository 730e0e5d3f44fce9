"""A recorded fall flows through the real socket, rings on the desk, and shows why."""

from __future__ import annotations

import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.house import ROOT, House

RECORDING = ROOT.parent / "shared/data/falls_imu_sisfall"
pytestmark = pytest.mark.skipif(
    not RECORDING.is_dir(), reason="the recording falls_imu_sisfall is not beside this checkout"
)


def test_a_fall_rings_with_its_strip_and_a_second_look(house: House, visit: Visit) -> None:
    person = house.somebody("pir", "door-magnet")
    page = visit("sun", "/desk/")
    command = [sys.executable, "-m", "songhe.config.cli", "replay", str(RECORDING),
               "--person", person.name, "--recording", "F05-R01", "--at", "now",
               "--speed", "1"]  # fmt: skip
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
    row = page.locator("#alarms a.alarm", has_text="佩戴传感器察觉跌倒").first
    expect(row).to_be_visible(timeout=20_000)
    row.click()
    why = page.locator("#alarm-why")
    expect(why).to_contain_text("撞击")
    expect(why).to_contain_text("把握")
    expect(why.locator("svg.chart path.trace")).to_have_count(1)
    expect(why.locator("svg.chart .mark")).to_have_count(1)
