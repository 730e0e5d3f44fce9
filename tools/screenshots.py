"""`./dev screenshots`: the pictures of the read-me, made again from a running demo county.

`--tour FOLDER` photographs every screen in both languages at both widths instead, for reviewers.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from playwright.sync_api import Browser, BrowserContext, Page

from tools.chromium import DESK, PHONE, chromium, new_window
from tools.png import shrink
from tools.pytest_songhe import PORTS, free_ports

ROOT = Path(__file__).resolve().parent.parent
SHOTS = ROOT / "docs" / "screenshots"
MOST_BYTES = 300_000
START_PATIENCE_S, ALARM_PATIENCE_S = 600, 240
CHEN = "陈秀兰"
# So many alarms make a desk that looks like a night's work; one of them is taken.
OPEN_ALARMS, TAKEN_RULE = 5, "smoke"


@dataclass(frozen=True)
class Shot:
    """One picture: its file, who looks, at which address ({person} and so on stand for ids)."""

    name: str
    login: str
    path: str
    language: str = "zh-hans"
    theme: str = "light"
    size: tuple[int, int] = DESK


PICTURES = (
    Shot("desk", "sun", "/desk/"),
    Shot("desk-dark", "sun", "/desk/", theme="dark"),
    Shot("alarm", "sun", "/desk/alarms/{alarm}/"),
    Shot("alarm-en", "sun", "/desk/alarms/{alarm}/", language="en"),
    Shot("desk-phone", "sun", "/desk/", size=PHONE),
    Shot("person", "sun", "/people/{person}/?day={yesterday}", size=(1440, 1300)),
    Shot("device", "keeper", "/devices/{device}/"),
    Shot("statistics-en", "qian", "/statistics/", language="en"),
    Shot("elder-phone", "chenxiulan", "/", size=PHONE),
    Shot("sign-in", "", "/sign-in/", size=PHONE),
)


class Demo:
    """A demo county of its own, on free ports, in a folder that is removed."""

    def __init__(self, folder: Path, port: int) -> None:
        self.state = folder / "state"
        self.log_file = folder / "demo.log"
        self.address = f"http://localhost:{port}"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SONGHE_")}
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "songhe.config.cli", "demo", "--port", str(port),
                 "--state", str(self.state)],
                cwd=ROOT,
                env={**environment, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )  # fmt: skip
        self.sessions: dict[str, Any] = {}

    def wait(self) -> None:
        """Wait until everything runs."""
        self._until(lambda: "everything runs" in self.log(), "a running demo", START_PATIENCE_S)

    def log(self) -> str:
        return self.log_file.read_text("utf-8", "replace")

    def _until(self, look: Any, what: str, patience_s: float) -> Any:
        end_s = time.monotonic() + patience_s
        while not (found := look()):
            if self.process.poll() is not None or time.monotonic() > end_s:
                raise SystemExit(f"screenshots: waited in vain for {what}\n{self.log()[-3000:]}")
            time.sleep(0.5)
        return found

    def close(self) -> None:
        """Stop the demo and remove the cluster that stands outside the folder."""
        from songhe.config.postgres import cluster_home

        self.process.terminate()
        self.process.wait(90)
        shutil.rmtree(cluster_home(self.state), ignore_errors=True)

    def rows(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement on the demo's database."""
        from songhe.config.postgres import Cluster, cluster_home

        record = json.loads((self.state / "instance.json").read_text("utf-8"))
        port = int(record["environment"]["SONGHE_POSTGRES_PORT"])
        url = Cluster(cluster_home(self.state), port).url()
        with psycopg.connect(url, autocommit=True) as connection:
            return connection.execute(text, values).fetchall()

    def things(self) -> dict[str, Any]:
        """Return the ids that addresses need, once Grandma Chen's alarm has come."""
        alarm = (
            "SELECT a.id::text, p.id::text, coalesce(a.device_id, d.device_id)::text"
            "  FROM monitoring_alarm a JOIN people_person p ON p.id = a.person_id"
            "  LEFT JOIN devices_binding d ON d.person_id = p.id"
            " WHERE p.name = %s AND a.rule = 'bp-critical' AND a.state <> 'resolved'"
            " ORDER BY a.raised_at DESC LIMIT 1"
        )
        found = self._until(lambda: self.rows(alarm, CHEN), "the alarm", ALARM_PATIENCE_S)
        names = dict(zip(("alarm", "person", "device"), found[0], strict=True))
        names["home"], names["room"] = self.rows(
            "SELECT r.home_id::text, m.id::text FROM people_residency r"
            " JOIN people_room m ON m.home_id = r.home_id WHERE r.person_id = %s LIMIT 1",
            names["person"],
        )[0]
        [[names["organization"]]] = self.rows(
            "SELECT id::text FROM organizations_organization WHERE serves <> '{}' LIMIT 1"
        )
        names["letter"] = self._refused(names["device"])
        [[names["key"]]] = self.rows(
            "SELECT concat_ws('.', subject, device,"
            " (extract(epoch FROM effective_at) * 1e6)::bigint, fingerprint) FROM reading_hot"
            " WHERE person = %s AND codes[1] = 1 ORDER BY effective_at DESC LIMIT 1",
            names["person"],
        )
        return names

    def _refused(self, device: str) -> str:
        """Let a device send something broken; return the id of the letter that it becomes."""
        from songhe.config.demo.install import load

        [[key]] = self.rows("SELECT key FROM devices_device WHERE id = %s", device)
        port = int(self.address.rpartition(":")[2]) + 2
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/{key}/readings", data=b'{"at": "yesterday"}'
        )
        login = f"{key}:{load(self.state).device_secret(key)}".encode()
        request.add_header("Authorization", f"Basic {base64.b64encode(login).decode()}")
        urllib.request.urlopen(request, timeout=30).close()  # noqa: S310
        letter = "SELECT id::text FROM dead_letter WHERE device_key = %s"
        found = self._until(lambda: self.rows(letter, key), "a dead letter", ALARM_PATIENCE_S)
        return str(found[0][0])

    def a_nights_work(self, browser: Browser) -> None:
        """Wait until several alarms are open, and let Sun take one."""
        rows = "SELECT id::text, rule FROM monitoring_alarm WHERE state = 'unacknowledged'"
        enough = lambda: len(self.rows(rows)) >= OPEN_ALARMS  # noqa: E731
        self._until(enough, "a desk with work on it", ALARM_PATIENCE_S)
        taken = next((alarm for alarm, rule in self.rows(rows) if rule == TAKEN_RULE), None)
        context, page = self.page(browser, "sun")
        if taken is not None:
            page.goto(f"/desk/alarms/{taken}/")
            page.locator("#alarm-head [data-key=Space]").click()
            page.locator("#alarm-head[data-state=acknowledged]").wait_for()
        context.close()

    def page(self, browser: Browser, login: str, **look: Any) -> tuple[BrowserContext, Page]:
        """Return a fresh window, signed in."""
        from songhe.config.demo.install import load

        context = new_window(browser, self.address, **look)
        page = context.new_page()
        if not login:
            return context, page
        if login in self.sessions:
            context.add_cookies(self.sessions[login])
            return context, page
        page.goto("/sign-in/")
        page.locator("[name=login]").fill(login)
        page.locator("[name=password]").fill(load(self.state).password(login))
        page.locator("[name=password]").press("Enter")
        page.wait_for_url(lambda url: "/sign-in/" not in url)
        own = ("songhe_session", "songhe_csrf")
        self.sessions[login] = [c for c in context.cookies() if c["name"].startswith(own)]
        return context, page


@contextmanager
def demo() -> Iterator[Demo]:
    """Run a demo county for the time of the block."""
    folder = Path(tempfile.mkdtemp(prefix="songhe-shots-"))
    folder.chmod(0o755)
    running = Demo(folder, free_ports(PORTS))
    try:
        running.wait()
        yield running
    finally:
        running.close()
        shutil.rmtree(folder, ignore_errors=True)


def settled(page: Page) -> None:
    """Wait until the page is drawn: fonts, pictures, and the live line where there is one."""
    page.evaluate("document.fonts.ready")
    live = page.locator("[data-live]")
    if live.count() and live.is_visible():
        live.and_(page.locator("[data-state=on]")).wait_for(timeout=10_000)
    page.mouse.move(0, 0)


def take_pictures(running: Demo, browser: Browser) -> None:
    """Make the pictures of the read-me."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    yesterday = datetime.now(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=1)
    names = running.things() | {"yesterday": str(yesterday)}
    running.a_nights_work(browser)
    for shot in PICTURES:
        context, page = running.page(
            browser, shot.login, language=shot.language, theme=shot.theme, size=shot.size
        )
        page.goto(shot.path.format(**names))
        settled(page)
        path = SHOTS / f"{shot.name}.png"
        page.screenshot(path=path)
        context.close()
        size = shrink(path)
        print(f"screenshots: {path.relative_to(ROOT)} {size / 1000:.0f} kB", flush=True)
        if size > MOST_BYTES:
            raise SystemExit(f"screenshots: {path.name} is larger than {MOST_BYTES} bytes")


def take_tour(running: Demo, browser: Browser, folder: Path) -> None:
    """Photograph every screen in both languages at both widths, the whole page each."""
    from tools.tour import Things, screens, who_may

    folder.mkdir(parents=True, exist_ok=True)
    things = Things(**running.things())
    for screen in screens():
        login = who_may(screen)
        for language in ("zh-hans", "en"):
            for size in (DESK, PHONE):
                context, page = running.page(browser, login, language=language, size=size)
                answer = page.request.get(things.address(screen))
                if answer.status == 200 and "<main" in answer.text():
                    page.goto(things.address(screen))
                    settled(page)
                    name = re.sub(r"\W+", "-", screen.name)
                    path = folder / f"{name}-{language}-{size[0]}.png"
                    page.screenshot(path=path, full_page=True)
                    print(f"screenshots: {path.name}", flush=True)
                context.close()


def main(argv: list[str]) -> int:
    """Run `./dev screenshots`."""
    parser = argparse.ArgumentParser(prog="./dev screenshots", description=__doc__)
    parser.add_argument("--tour", type=Path, metavar="FOLDER", help="every screen, into FOLDER")
    tour = parser.parse_args(argv).tour
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "songhe.config.settings")
    import django

    django.setup()
    began = time.monotonic()
    with demo() as running, chromium() as browser:
        print(f"screenshots: the demo runs after {time.monotonic() - began:.0f} s", flush=True)
        if tour is not None:
            take_tour(running, browser, tour)
        else:
            take_pictures(running, browser)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
