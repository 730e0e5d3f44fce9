"""A browser that hangs is ended, who waits for it is told, and the next window is a new one."""

from __future__ import annotations

import pytest
from playwright.sync_api import Error

from tools.browser import browser as browser_path
from tools.chromium import chrome

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser_path() is None, reason="no system browser (chromium)"),
]


def test_a_browser_that_hangs_is_ended_and_opened_anew() -> None:
    with chrome() as running:
        first = running.browser()
        context = first.new_context()
        page = context.new_page()
        with running.ended_after(2.0), pytest.raises(Error):
            page.evaluate("() => new Promise(() => {})")
        running.close_window(context)  # it is gone already
        second = running.browser()
        assert second is not first
        assert not first.is_connected()
        again = second.new_context()
        assert again.new_page().evaluate("1 + 1") == 2
        running.close_window(again)
        assert running.browser() is second
