"""The system's browser under playwright, as the browser tests and the screenshots open it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tools.browser import browser as browser_path

# As root in a container, and without any traffic of the browser's own.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESK, PHONE = (1440, 900), (390, 844)


class NoBrowser(RuntimeError):
    """There is no Chromium on this machine."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Open the system's browser; raise NoBrowser, with the reason, where there is none."""
    path = browser_path()
    if path is None:
        raise NoBrowser("no Chromium on this machine (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def new_window(
    browser: Browser,
    address: str,
    *,
    language: str = "zh-hans",
    theme: str = "light",
    size: tuple[int, int] = DESK,
    **more: Any,
) -> BrowserContext:
    """Return a fresh browser context in a language, a theme and a size (CSS px)."""
    context = browser.new_context(
        base_url=address,
        viewport={"width": size[0], "height": size[1]},
        locale="en-GB" if language == "en" else "zh-CN",
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
        **more,
    )
    choose(context, address, language=language, theme=theme)
    return context


def choose(context: BrowserContext, address: str, **look: str) -> None:
    """Choose language and look as the preferences do: by cookies."""
    context.add_cookies(
        [{"name": f"songhe_{name}", "value": value, "url": address} for name, value in look.items()]
    )
