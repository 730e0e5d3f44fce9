"""A device that nobody here wrote: mosquitto_pub with credentials and the documented message."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visit
from tests.e2e.house import CHEN, Credentials, House, moment
from tests.support.gateway import until

needs_mosquitto = pytest.mark.skipif(
    shutil.which("mosquitto_pub") is None,
    reason="mosquitto_pub is not here (Debian: apt-get install mosquitto-clients)",
)
pytestmark = needs_mosquitto


def publish(
    house: House, device: Credentials, topic: str, message: str, *, secret: str = ""
) -> subprocess.CompletedProcess[str]:
    """Publish one message with QoS 1 and return what mosquitto_pub says to it."""
    _, key, own = device
    return subprocess.run(
        ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(house.mqtt_port), "-V", "311", "-q", "1",
         "-u", key, "-P", secret or own, "-t", topic, "-m", message],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def glucose(value: float, unit: str = "mmol/L") -> str:
    rows = [{"code": "14743-9", "value": value, "unit": unit}]
    return json.dumps({"at": moment(), "readings": rows})


def letters(house: House, key: str) -> list[tuple[Any, ...]]:
    return house.rows(
        "SELECT id::text, reason, state FROM dead_letter WHERE device_key = %s"
        " ORDER BY received_at DESC",
        key,
    )


def not_on(page: Page) -> float:
    """Return a glucose in mmol/L that no rule minds and whose digits stand nowhere on the page."""
    text = page.locator("main").inner_text()
    return next(value for value in (13.1, 13.2, 13.3, 13.6, 13.7, 13.8) if str(value) not in text)


def test_a_reading_of_a_foreign_client_appears_on_the_open_page(house: House, visit: Visit) -> None:
    chen = house.person(CHEN)
    device = chen.devices["glucose-meter"]
    page = visit("sun", f"/people/{chen.id}/")
    expect(page.locator("[data-live]")).to_have_attribute("data-state", "on")
    page.evaluate("window.sameAsBefore = true")
    value = not_on(page)
    done = publish(house, device, f"songhe/1/{device[1]}/readings", glucose(value))
    assert done.returncode == 0, done.stderr
    expect(page.locator("main")).to_contain_text(str(value))
    assert page.evaluate("window.sameAsBefore === true"), "the page was loaded anew"


def test_what_was_acknowledged_is_on_the_page_that_is_opened_next(
    house: House, visit: Visit
) -> None:
    chen = house.person(CHEN)
    device = chen.devices["glucose-meter"]
    page = visit("sun", f"/people/{chen.id}/")
    value = not_on(page)
    done = publish(house, device, f"songhe/1/{device[1]}/readings", glucose(value))
    assert done.returncode == 0, done.stderr
    # The acknowledgement means "stored": nothing has to be waited for.
    page.reload()
    assert str(value) in page.locator("main").inner_text()


def test_mg_dl_is_the_same_reading_in_the_one_unit(house: House, visit: Visit) -> None:
    chen = house.person(CHEN)
    device = chen.devices["glucose-meter"]
    done = publish(house, device, f"songhe/1/{device[1]}/readings", glucose(160, "mg/dL"))
    assert done.returncode == 0, done.stderr
    page = visit("sun", f"/people/{chen.id}/")
    expect(page.locator("main")).to_contain_text("8.9")


def test_a_wrong_password_is_refused_with_code_5(house: House) -> None:
    device = house.person(CHEN).devices["glucose-meter"]
    topic = f"songhe/1/{device[1]}/readings"
    before = house.rows("SELECT count(*) FROM reading_hot WHERE device = %s", device[0])
    done = publish(house, device, topic, glucose(7.7), secret="not-the-secret")
    assert done.returncode != 0
    assert "not authori" in (done.stderr + done.stdout).lower()
    assert house.rows("SELECT count(*) FROM reading_hot WHERE device = %s", device[0]) == before


def test_another_devices_topic_ends_the_connection_and_is_kept(house: House) -> None:
    chen = house.person(CHEN)
    mine, other = chen.devices["glucose-meter"], chen.devices["bp-monitor"]
    publish(house, mine, f"songhe/1/{other[1]}/readings", glucose(6.6))
    found = until(lambda: letters(house, mine[1]), "a dead letter")
    assert found[0][1] == "not-your-topic"
    assert not house.rows(
        "SELECT 1 FROM reading_hot WHERE device IN (%s, %s) AND vals = '{6.6}'", mine[0], other[0]
    )


def test_a_broken_message_is_kept_seen_and_taken_again(house: House, visit: Visit) -> None:
    person = house.somebody("scale")
    device = person.devices["scale"]
    topic = f"songhe/1/{device[1]}/readings"
    done = publish(house, device, topic, '{"at": "yesterday", ')
    assert done.returncode == 0, "QoS 1 is acknowledged once the letter is stored"
    assert until(lambda: letters(house, device[1]), "a dead letter")[0][1] == "not-json"

    # A home gateway that speaks for a device it does not carry (yet): the cause can be mended.
    home = house.somebody("home-gateway", "door-magnet")
    carrier, child = home.devices["home-gateway"], home.devices["door-magnet"]
    opened = json.dumps({"at": moment(5), "event": "door", "state": "open"})
    publish(house, carrier, f"songhe/1/{child[1]}/events", opened)
    letter, reason, _ = until(lambda: letters(house, carrier[1]), "a dead letter")[0]
    assert reason == "not-your-topic"
    page = visit("keeper", "/letters/")
    expect(page.locator("#letters")).to_contain_text(carrier[1])
    expect(page.locator("#letters")).to_contain_text(device[1])

    page.goto(f"/devices/{carrier[0]}/carry/")
    page.locator("[name=key]").fill(child[1])
    page.locator("main form .button[data-kind=main], main form button").last.click()
    expect(page.locator("#h-carried")).to_be_visible()
    expect(page.locator("main")).to_contain_text(child[1])
    page.goto(f"/letters/{letter}/")
    page.locator("form[action$='/replay/'] button").click()
    until(lambda: letters(house, carrier[1])[0][2] == "replayed", "a letter taken again")
    page.goto(f"/letters/{letter}/")
    expect(page.locator("form[action$='/replay/']")).to_have_count(0)
    stored = "SELECT count(*) FROM reading_hot WHERE device = %s AND flags & 16 <> 0"
    assert house.rows(stored, child[0]) == [(1,)]
