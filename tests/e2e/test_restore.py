"""The drill: a backup of the running house is read into an empty install, which shows the same."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page
from psycopg import sql

from tests.e2e.conftest import Visit, sign_in
from tests.e2e.house import CHEN, House
from tests.support.database import at_database
from tests.support.gateway import until
from tools.chromium import Chrome, new_window
from tools.pytest_songhe import PORTS, free_ports

ROOT = Path(__file__).parents[2]
DATABASE = "songhe_restored"
STILL = ("people_person", "people_contact", "devices_device", "accounts_user", "regions_region")


@pytest.fixture
def empty(postgres_url: str) -> Iterator[str]:
    name = sql.Identifier(DATABASE)
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name)
    with psycopg.connect(at_database(postgres_url, "postgres"), autocommit=True) as admin:
        admin.execute(drop)
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE songhe").format(name))
        yield at_database(postgres_url, DATABASE)
        admin.execute(drop)


def command(environment: dict[str, str], *arguments: str) -> None:
    argv = [sys.executable, "-m", "songhe.config.cli", *arguments]
    subprocess.run(argv, cwd=ROOT, env=environment, check=True, timeout=120)


def counts(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        return {
            table: connection.execute(
                sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            ).fetchone()[0]  # type: ignore[index]
            for table in STILL
        }


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def shown(page: Page) -> str:
    """Return the contacts of a page: names from tables, numbers from sealed fields."""
    return page.locator("main").inner_text()


def test_a_restored_install_shows_the_same_person(
    house: House, visit: Visit, chrome: Chrome, empty: str, tmp_path: Path
) -> None:
    file, state, port = tmp_path / "night.backup", tmp_path / "state", free_ports(PORTS)
    command(house.environment(), "backup", str(file))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SONGHE_")}
    environment: dict[str, Any] = kept | {
        "SONGHE_DATABASE_URL": empty,
        "SONGHE_STATE": str(state),
        "SONGHE_PORT": str(port),
        "SONGHE_MODE": "demo",
        "PYTHONPATH": str(ROOT),
    }
    command(environment, "restore", str(file))
    command(environment, "migrate")
    assert counts(empty) == counts(house.database_url)

    path = f"/people/{house.person(CHEN).id}/contacts/"
    before = shown(visit("sun", path))
    assert house.person(CHEN).name in before
    address = f"http://localhost:{port}"
    web = subprocess.Popen(
        [sys.executable, "-m", "songhe.config.cli", "web"], cwd=ROOT, env=environment
    )
    try:
        until(lambda: answers(address), "the restored pages")
        context = new_window(chrome.browser(), address)
        page = context.new_page()
        sign_in(page, house, "sun")
        page.goto(path)
        assert shown(page) == before
        chrome.close_window(context)
    finally:
        web.terminate()
        web.wait(20)
