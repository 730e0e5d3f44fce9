"""One running house and one browser for all browser tests; a window for each role."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import BrowserContext, Page, expect
from psycopg import sql

from tests.e2e.house import House
from tests.support.database import at_database
from tools.chromium import Chrome, NoBrowser, chrome, new_window
from tools.pytest_songhe import PORTS, free_ports

expect.set_options(timeout=15_000)
DATABASE = "songhe_e2e"
Visit = Callable[..., Page]
# The longest test takes half of it on a busy machine.
PATIENCE_S = 420.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder as one that needs the browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package", name="chrome")
def open_chrome() -> Iterator[Chrome]:
    """Return the system's browser. It is closed when the last test of this folder has run.

    (A test of another folder could not run a loop of its own beside playwright's.)
    """
    opened = chrome()
    try:
        running = opened.__enter__()
    except NoBrowser as error:
        pytest.skip(str(error))
    try:
        yield running
    finally:
        opened.__exit__(None, None, None)


@pytest.fixture(autouse=True)
def patience(chrome: Chrome) -> Iterator[None]:
    """End a browser that hangs: the test then fails where it waits for it."""
    with chrome.ended_after(PATIENCE_S):
        yield


@pytest.fixture(scope="package")
def house(postgres_url: str, chrome: Chrome) -> Iterator[House]:
    """Start the whole product once, with a small county, on the session's PostgreSQL."""
    _make_database(postgres_url)
    folder = Path(tempfile.mkdtemp(prefix="songhe-e2e-"))
    running = House(folder, at_database(postgres_url, DATABASE), free_ports(PORTS))
    try:
        yield running.start()
    finally:
        running.close()
        shutil.rmtree(folder, ignore_errors=True)


def _make_database(url: str) -> None:
    """Make an empty database that has the server's extensions."""
    with psycopg.connect(at_database(url, "postgres"), autocommit=True) as connection:
        for text in ("DROP DATABASE IF EXISTS {} WITH (FORCE)", "CREATE DATABASE {} TEMPLATE {}"):
            names = [sql.Identifier(DATABASE), sql.Identifier("songhe")][: text.count("{}")]
            connection.execute(sql.SQL(text).format(*names))


@pytest.fixture(scope="package")
def sessions() -> dict[str, Any]:
    """Return the signed-in sessions by login: each signs in once, through the page."""
    return {}


@pytest.fixture
def window(house: House, chrome: Chrome) -> Iterator[Callable[..., BrowserContext]]:
    """Return a function that opens a fresh window (browser context); all are closed at the end."""
    opened: list[BrowserContext] = []

    def go(**look: Any) -> BrowserContext:
        context = new_window(chrome.browser(), house.address, **look)
        opened.append(context)
        return context

    yield go
    for context in opened:
        chrome.close_window(context)


@pytest.fixture
def visit(
    house: House, window: Callable[..., BrowserContext], sessions: dict[str, Any]
) -> Iterator[Visit]:
    """Return a function that opens a page as somebody of the cast, signed in.

    Faults of scripts and refused loads (Content-Security-Policy) fail the test that met them.
    """
    faults: list[str] = []

    def go(login: str, path: str = "/", **look: Any) -> Page:
        context = window(**look)
        if login in sessions:
            context.add_cookies(sessions[login])
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        page.on("console", lambda said: _hear(faults, page, said))
        if login not in sessions:
            sign_in(page, house, login)
            names = ("songhe_session", "songhe_csrf")
            sessions[login] = [c for c in context.cookies() if c["name"].startswith(names)]
        page.goto(path)
        return page

    yield go
    assert not faults, "\n".join(faults)


def _hear(faults: list[str], page: Page, said: Any) -> None:
    if "Content Security Policy" in said.text:
        faults.append(f"{page.url}: {said.text}")


def sign_in(page: Page, house: House, login: str) -> None:
    """Sign in through the page, as a person does."""
    page.goto("/sign-in/")
    page.locator("[name=login]").fill(login)
    page.locator("[name=password]").fill(house.facts.passwords[login])
    page.locator("[name=password]").press("Enter")
    page.wait_for_url(lambda url: "/sign-in/" not in url)
