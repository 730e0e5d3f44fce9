"""The system's browser under playwright, as the browser tests and the screenshots open it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
from playwright.sync_api import Browser, BrowserContext, Error, Playwright, sync_playwright

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
# A window that is not closed by then will never be.
CLOSING_S = 30.0


class NoBrowser(RuntimeError):
    """There is no Chromium on this machine."""


class Chrome:
    """The browser for a long run: ended where it hangs, and opened anew for the next window.

    Once in some hundreds of windows Chromium never says that a window is closed (seen with 156;
    `Target.disposeBrowserContext` stays without an answer), and who waits for it waits for ever.
    Ended, it answers every call that waits with an error.
    """

    def __init__(self, playwright: Playwright, path: str) -> None:
        self._playwright, self._path = playwright, path
        self._browser: Browser | None = None
        self._process: psutil.Process | None = None

    def browser(self) -> Browser:
        """Return the running browser."""
        if self._browser is None or not self._browser.is_connected():
            before = set(_browsers())
            self._browser = self._playwright.chromium.launch(
                executable_path=self._path, args=list(FLAGS)
            )
            self._process = next(iter(set(_browsers()) - before), None)
        return self._browser

    @contextmanager
    def ended_after(self, seconds: float) -> Iterator[None]:
        """End the browser if what is done here takes longer."""
        timer = threading.Timer(seconds, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def close_window(self, context: BrowserContext) -> None:
        """Close a window, or the whole browser with it."""
        with self.ended_after(CLOSING_S):
            try:
                context.close()
            except Error:
                if self._browser is not None and self._browser.is_connected():
                    raise

    def close(self) -> None:
        if self._browser is not None:
            with self.ended_after(CLOSING_S):
                self._browser.close()

    def _end(self) -> None:
        print("the browser hangs; it is ended", flush=True)
        if self._process is not None:
            for one in [*self._process.children(recursive=True), self._process]:
                try:
                    one.kill()
                except psutil.NoSuchProcess:
                    continue


def _browsers() -> list[psutil.Process]:
    """Return the browsers below this process, without their own helpers."""
    found = []
    for one in psutil.Process().children(recursive=True):
        try:
            words = one.cmdline()
        except psutil.Error:
            continue
        if "--remote-debugging-pipe" in words and not any(w.startswith("--type=") for w in words):
            found.append(one)
    return found


@contextmanager
def chrome() -> Iterator[Chrome]:
    """Open the system's browser; raise NoBrowser, with the reason, where there is none."""
    path = browser_path()
    if path is None:
        raise NoBrowser("no Chromium on this machine (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        running = Chrome(playwright, str(path))
        running.browser()
        try:
            yield running
        finally:
            running.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Open the system's browser for a few windows. Raises NoBrowser."""
    with chrome() as running:
        yield running.browser()


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
