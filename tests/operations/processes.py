"""Every process of the platform on one database, as an install runs them, for tests to disturb."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from songhe.base.health.scrape import Measures, read
from tests.support.gateway import ROOT, free_port, until

NAMES = ("gateway", "web", "live", "jobs")
EVERY_S = 0.4
# What lasts minutes in an install lasts moments here; the causes are real.
LIMITS = {
    "platform-gateway": {"for_s": 1, "clear_s": 1},
    "platform-database": {"for_s": 1, "clear_s": 1},
    "platform-queue": {"for_s": 1, "clear_s": 1},
    "platform-lag": {"above": 1, "for_s": 1, "clear_s": 1},
    "platform-jobs": {"clear_s": 1},
    "platform-backup": {"above": -1},
    "platform-disk": {"below": 1e18},
}


class Platform:
    """Gateway, pages, event stream and background work, each a child of the test."""

    def __init__(self, folder: Path, database_url: str, **more: str) -> None:
        self.folder, self.database_url = folder, database_url
        self.state = folder / "state"
        self.state.mkdir(mode=0o700)
        self.ports = {
            name: free_port() for name in ("web", "live", "gateway_http", "mqtt", "metrics")
        }
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("SONGHE_")}
        self.environment = {
            **inherited,
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "songhe.config.settings",
            "SONGHE_DATABASE_URL": database_url,
            "SONGHE_STATE": str(self.state),
            "SONGHE_SECRET_KEY": "a secret of this test alone, long enough",
            "SONGHE_MODE": "test",
            "SONGHE_LOG_FORMAT": "json",
            "SONGHE_HEALTH_EVERY_S": str(EVERY_S),
            "SONGHE_PLATFORM_LIMITS": json.dumps(LIMITS),
            "SONGHE_GATEWAY_QUEUE_MESSAGES": "100",
            **{f"SONGHE_{name.upper()}_PORT": str(port) for name, port in self.ports.items()},
            **more,
        }
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.connection = psycopg.connect(database_url, autocommit=True)

    def start(self, *names: str) -> None:
        """Start processes and wait until each tells its measures."""
        for name in names or NAMES:
            with (self.folder / f"{name}.log").open("ab") as log:
                self.children[name] = subprocess.Popen(
                    [sys.executable, "-m", "songhe.config.cli", name],
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
        for name in names or NAMES:
            until(partial(self._answers, name), f"{name} answering\n{self.log(name)}")

    def _answers(self, name: str) -> bool:
        if self.children[name].poll() is not None:
            raise AssertionError(f"{name} ended:\n{self.log(name)}")
        try:
            return self.get(name)[0] == 200
        except OSError:
            return False

    def kill(self, name: str) -> None:
        """Kill a process outright."""
        self.children[name].kill()
        self.children[name].wait()

    def close(self) -> None:
        """End everything."""
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        for child in self.children.values():
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.connection.close()

    def address(self, name: str, path: str) -> str:
        """Return an address of a process on this machine."""
        port = self.ports[{"gateway": "gateway_http", "jobs": "metrics"}.get(name, name)]
        return f"http://127.0.0.1:{port}{path}"

    def get(self, name: str, path: str = "/metrics", **headers: str) -> tuple[int, bytes]:
        """Return (status, body) of a GET."""
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        request = urllib.request.Request(self.address(name, path), headers=named)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def measures(self, name: str) -> Measures:
        """Return the measures of a process."""
        return read(self.get(name)[1].decode())

    def log(self, name: str) -> str:
        """Return what a process has written."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def alarm(self, rule: str) -> dict[str, Any] | None:
        """Return the newest alarm of a rule, None while there is none."""
        row = self.connection.execute(
            "SELECT state, priority, region_code, count, cleared_at IS NOT NULL, person_id"
            " FROM monitoring_alarm WHERE rule = %s ORDER BY raised_at DESC LIMIT 1",
            [rule],
        ).fetchone()
        names = ("state", "priority", "region", "count", "cleared", "person")
        return dict(zip(names, row, strict=True)) if row else None

    def figures(self) -> dict[str, float | None]:
        """Return the figures of the newest sample."""
        row = self.connection.execute(
            "SELECT figures FROM health_sample ORDER BY at DESC LIMIT 1"
        ).fetchone()
        return dict(row[0]) if row else {}
