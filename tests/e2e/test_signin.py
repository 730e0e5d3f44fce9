"""Who comes in, and who does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.e2e.house import House


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_wrong_password_keeps_the_door_shut_and_the_name_typed(
    house: House, window: Callable[..., BrowserContext], script: bool
) -> None:
    page = window(java_script_enabled=script).new_page()
    page.goto("/people/")
    page.locator("[name=login]").fill("sun")
    page.locator("[name=password]").fill("not-the-password")
    page.locator("[name=password]").press("Enter")
    expect(page.locator(".error-summary")).to_be_visible()
    expect(page.locator("[name=login]")).to_have_value("sun")
    expect(page.locator("[name=password]")).to_have_value("")
    page.goto("/people/")
    expect(page.locator("[name=password]")).to_be_visible()
