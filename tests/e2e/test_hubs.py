"""A Zigbee hub from its registration to the home: given a device by its name, and heard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from songhe.config.demo.logins import TOWN
from tests.e2e.conftest import Visit
from tests.e2e.house import Credentials, House
from tests.e2e.test_devices import needs_mosquitto, publish
from tests.support.gateway import until

pytestmark = needs_mosquitto
MAIN = "main button[type=submit]"


@pytest.fixture
def hub(house: House, visit: Visit) -> tuple[Page, Credentials]:
    """Register a hub through the page and have it installed; return the page and its login."""
    page = visit("keeper", "/devices/register/")
    page.locator("[name=type]").select_option("zigbee-hub")
    page.locator("[name=organization_id]").select_option(index=1)
    page.locator(MAIN).first.click()
    ((key, hub_id),) = house.rows(
        "SELECT key, id::text FROM devices_device WHERE serial = '' AND type = 'zigbee-hub'"
    )
    shown = page.locator("main").inner_text()
    (secret,) = re.findall(r"\b[a-z2-7]{32}\b", shown)
    page.goto(f"/devices/{hub_id}/")
    proof = page.locator("form[action$='/commission/']").first
    if proof.locator("[name=note]").count():
        proof.locator("[name=note]").fill("in the hall, photo 3")
    proof.locator("button").first.click()
    return page, (hub_id, key, secret)


def test_a_hub_is_given_a_device_by_its_name_and_heard(
    house: House, hub: tuple[Page, Credentials]
) -> None:
    page, login = hub
    door = house.somebody("door-magnet", region=TOWN).devices["door-magnet"]
    said = '{"contact":false,"battery":91,"linkquality":120}'
    until(
        lambda: publish(house, login, "zigbee2mqtt/hall/door", said).returncode == 0, "a hub let in"
    )
    stranger = "SELECT reason, detail FROM dead_letter WHERE device_key = %s"
    ((reason, detail),) = house.rows(stranger, login[1])
    assert reason == "unknown-name"
    assert "'hall/door'" in detail

    page.goto(f"/devices/{login[0]}/carry/")
    page.locator("[name=key]").fill(door[1])
    page.locator(MAIN).last.click()
    expect(page.locator("[name=names]")).to_have_attribute("aria-invalid", "true")
    page.locator("[name=names]").fill("hall/door")
    page.locator(MAIN).last.click()
    expect(page.locator("main table")).to_contain_text("hall/door")
    stored = "SELECT count(*) FROM reading_hot WHERE device = %s AND subject <> device"
    before = house.rows(stored, door[0])[0][0]

    def arrives() -> bool:
        publish(house, login, "zigbee2mqtt/hall/door", said)
        return bool(house.rows(stored, door[0])[0][0] > before)

    until(arrives, "a reading under the name in the hub")
    page.goto(f"/devices/{door[0]}/")
    expect(page.locator("main")).to_contain_text(login[1])
    page.goto(f"/devices/{login[0]}/")
    page.locator("form[action$='/release/'] button").click()
    expect(page.locator("main")).not_to_contain_text("hall/door")
